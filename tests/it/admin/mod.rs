//! What admins change, and what they are refused.

mod import;
mod mappings;
mod presence;
mod tenants;
mod timers;
mod users;

use dutyline::app::Error;
use dutyline::app::users::{NewExtension, NewUser};
use dutyline::domain::ids::Login;
use dutyline::domain::presence::{Command, Reason, WhenOnline};
use dutyline::domain::skills::Skills;
use dutyline::domain::time::Hours;
use dutyline::domain::user::User;

use crate::harness::line::Line;

fn login(text: &str) -> Login {
    text.parse().expect("a login")
}

fn at(number: &str) -> NewExtension {
    NewExtension { number: number.to_owned(), ext: None, description: None }
}

fn named(name: &str, number: Option<&str>) -> NewUser {
    NewUser {
        login: login(name),
        name: name.to_uppercase(),
        zone: None,
        language: None,
        agent_code: None,
        skills: Skills::default(),
        pin: None,
        extension: number.map(at),
    }
}

async fn add(line: &Line, name: &str, number: &str) -> Result<User, Error> {
    line.app.add_user(&line.tenant, named(name, Some(number))).await
}

fn online(hours: u16, when_online: WhenOnline) -> (Command, Reason) {
    let hours = Hours::try_from(hours).expect("up to a week");
    (Command::GoOnline { hours, when_online, cap: Hours::LONGEST }, Reason::LoggedIn)
}

/// The refusal's words.
fn refused<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    result.expect_err("it is refused").to_string()
}
