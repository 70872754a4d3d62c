//! Where a command finds its settings, the database and the tenant.

use anyhow::Context;

use crate::app::App;
use crate::app::webhooks::{Carrier, Egress};
use crate::carrier::twilio::calls;
use crate::config::{CallsConfig, Settings};
use crate::domain::ids::Slug;
use crate::domain::tenant::Tenant;
use crate::domain::webhook::address::Allowed;
use crate::store::Clock;

/// What all commands share.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) settings: Settings,
    pub(super) tenant: Slug,
}

impl Desk {
    /// The application on the database that the server uses. The database must be there.
    pub(super) async fn app(&self) -> anyhow::Result<App> {
        let app = App::open_existing(self.settings.database()?, Clock::System).await?;
        Ok(app.sending_by(self.egress()))
    }

    /// The application on a database that is made, or brought up to date, if need be.
    pub(super) async fn make_app(&self) -> anyhow::Result<App> {
        let folder = &self.settings.data;
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the data folder `{}`", folder.display()))?;
        let database = self.settings.database()?;
        let shown = database.shown();
        let app = App::open(database, Clock::System).await;
        let app = app.with_context(|| format!("cannot open the database `{shown}`"))?;
        Ok(app.sending_by(self.egress()))
    }

    /// Where to and how fast webhooks are sent, and who dials commands.
    fn egress(&self) -> Egress {
        let allowed = Allowed::new(self.settings.webhook_allow.iter().copied());
        // Whoever may not read the token's file does without calls; `serve` and `doctor` say what is wrong with it.
        let calls = self.settings.calls().ok().flatten();
        Egress { allowed, rate: self.settings.webhook_rate, carrier: calls.map(carrier) }
    }

    /// The tenant that the command is about.
    pub(super) async fn tenant(&self, app: &App) -> anyhow::Result<Tenant> {
        Ok(app.tenant(&self.tenant).await?)
    }
}

fn carrier(CallsConfig { api_url, account_sid, auth_token }: CallsConfig) -> Carrier {
    let url = calls::url(api_url.as_str(), &account_sid);
    Carrier { url, user: account_sid.to_string(), password: auth_token, form: calls::form }
}
