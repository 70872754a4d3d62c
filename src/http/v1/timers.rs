//! What time alone will do to presences.

use crate::app::Error;
use crate::app::timers::Timer;
use crate::domain::ids::Login;
use crate::http::v1::gate::Caller;
use crate::http::v1::page::{Asked, Page};
use crate::http::v1::problem::Problem;
use crate::http::v1::reading::Search;

/// List the timers of agents, by login
///
/// What time alone will do: the end of a duty window, of a wrap-up, the beginning or the end of what was said. A page is of
/// as many agents as are asked for, and shows the timers that they have.
#[utoipa::path(get, path = "/v1/timers", tag = "presence", params(Asked), security(("token" = ["presence.read"])),
    responses((status = 200, body = Page<Timer>)))]
pub(super) async fn list(caller: Caller, Search(asked): Search<Asked>) -> Result<Page<Timer>, Problem> {
    let (after, limit) = (asked.after::<Login>()?, asked.limit()?);
    let page = caller.app.timers_after(caller.tenant(), after.as_ref(), limit + 1).await;
    let page = Page::new(page.map_err(Error::from)?, limit, |(login, _)| login.to_string());
    Ok(page.flat_map(|(_, timers)| timers))
}
