//! Words for when nothing else works: they need no database, no flow and no prompts of a tenant's (D48).

use crate::domain::ids::Language;
use crate::domain::time::{Instant, Zone};
use crate::flow::prompt::Line;
use crate::flow::prompt::catalogue::Catalogue;
use crate::flow::prompt::speaker::{Args, Voice};
use crate::flow::reply::{Reply, Then};

/// The last words of a call that cannot be helped any more, which need no database (D48).
pub fn apology(language: &Language) -> Reply {
    last(Line::Apology, language)
}

/// Words for a caller who is asked to wait while the request is made again (D48).
pub fn one_moment(language: &Language) -> Reply {
    Reply { then: Then::Redirect, ..last(Line::OneMoment, language) }
}

/// Says one of the line's own prompts, and hangs up.
pub(super) fn last(line: Line, language: &Language) -> Reply {
    let voice = Voice { language, zone: &Zone::utc(), now: Instant::UNIX_EPOCH };
    let spoken = Catalogue::built_in().speak(line, None, &voice, &Args::default());
    Reply { speech: spoken.speech, then: Then::HangUp }
}
