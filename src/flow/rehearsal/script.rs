//! Runs flow tests. What goes wrong is an issue at the step of the file where it does.

use chrono::TimeDelta;

use crate::domain::ids::Language;
use crate::domain::time::{Instant, Zone};
use crate::flow::issue::Issue;
use crate::flow::keys::Keys;
use crate::flow::program::Program;
use crate::flow::rehearsal::{Rehearsal, Stage};
use crate::flow::script::{Action, Call, Ends, Script, Step};

/// Plays every call of the script; each call that goes wrong is one issue.
pub fn run(script: &Script, program: &Program) -> Vec<Issue> {
    script.calls.iter().filter_map(|call| play(call, program).err()).collect()
}

fn play(call: &Call, program: &Program) -> Result<(), Issue> {
    let mut listener = Listener::new(call, Rehearsal::begin(program, &stage(call)));
    for step in &call.steps {
        listener.take(step)?;
    }
    match call.ends {
        Some(ends) => listener.check_end(ends),
        None => Ok(()),
    }
}

/// Flow tests are in English, the language of the built-in words that they listen for.
fn stage(call: &Call) -> Stage {
    let language: Language = "en".parse().expect("a tag");
    Stage {
        at: call.at,
        zone: call.zone.clone(),
        language,
        caller: call.caller,
        dialled: call.dialled.clone(),
        online_for: call.online_for,
        held: call.held.clone(),
        pin: None,
    }
}

/// Compares a call with what its test says of it.
struct Listener<'a> {
    call: &'a Call,
    rehearsal: Rehearsal<'a>,
    /// All that is said before the next key.
    heard: String,
    /// How much of it the steps so far have heard, in bytes of its lower-case form.
    listened: usize,
}

impl<'a> Listener<'a> {
    fn new(call: &'a Call, rehearsal: Rehearsal<'a>) -> Self {
        let heard = rehearsal.heard();
        Self { call, rehearsal, heard, listened: 0 }
    }

    fn take(&mut self, step: &Step) -> Result<(), Issue> {
        match &step.action {
            Action::Hears(words) => self.listen_for(words, step),
            Action::Presses(keys) => {
                self.expect_question(Some(keys), step)?;
                self.rehearsal.press(keys);
                self.listen_anew();
                Ok(())
            }
            Action::Waits => {
                self.expect_question(None, step)?;
                self.rehearsal.wait();
                self.listen_anew();
                Ok(())
            }
            Action::HangsUp => Ok(()),
        }
    }

    fn listen_anew(&mut self) {
        self.heard = self.rehearsal.heard();
        self.listened = 0;
    }

    fn listen_for(&mut self, words: &str, step: &Step) -> Result<(), Issue> {
        let (heard, wanted) = (self.heard.to_lowercase(), words.to_lowercase());
        let Some(at) = heard[self.listened..].find(&wanted) else {
            return Err(self.fault(step, &format!("`{words}` is not heard")));
        };
        self.listened += at + wanted.len();
        Ok(())
    }

    fn expect_question(&self, keys: Option<&Keys>, step: &Step) -> Result<(), Issue> {
        let Some(question) = self.rehearsal.question() else {
            return Err(self.fault(step, "nothing is asked, the call is over"));
        };
        let most = usize::from(question.max_digits);
        let entered = keys.map_or("", Keys::as_str);
        let entered = if question.hash_finishes { entered.trim_end_matches('#') } else { entered };
        if entered.len() > most {
            return Err(self.fault(step, &format!("the question takes {most} keys at most")));
        }
        Ok(())
    }

    fn fault(&self, step: &Step, what: &str) -> Issue {
        let message = format!("call `{}`: {what}", self.call.name);
        let heard =
            if self.heard.is_empty() { "heard nothing".to_owned() } else { format!("heard: {}", self.heard) };
        Issue::error(step.span.clone(), message).hint(heard)
    }

    fn check_end(&self, ends: Ends) -> Result<(), Issue> {
        let window = self.rehearsal.presence().window(self.rehearsal.now());
        let (wanted, fits) = match ends {
            Ends::Offline => ("offline".to_owned(), window.is_none()),
            Ends::OnlineUntil(until) => {
                (online_until(until, &self.call.zone), window.is_some_and(|end| is_same_minute(end, until)))
            }
        };
        if fits {
            return Ok(());
        }
        let is = window.map_or_else(|| "offline".to_owned(), |end| online_until(end, &self.call.zone));
        let message = format!("call `{}`: the caller should be {wanted} and is {is}", self.call.name);
        Err(Issue::error(self.call.span.clone(), message).hint(format!("heard last: {}", self.heard)))
    }
}

/// Tests tell the time as a clock without seconds shows it, and silences last seconds.
fn is_same_minute(end: Instant, wanted: Instant) -> bool {
    (TimeDelta::zero()..TimeDelta::minutes(1)).contains(&(end - wanted))
}

fn online_until(until: Instant, zone: &Zone) -> String {
    let local = zone.local(until);
    format!(
        "online until {:04}-{:02}-{:02}T{:02}:{:02}",
        local.year, local.month, local.day, local.hour, local.minute
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::ids::Name;
    use crate::flow::check::check;
    use crate::flow::model::Flow;
    use crate::flow::script;

    const TIMED_PRESENCE: &str = include_str!("../../../flows/timed-presence.toml");
    const FRONT_DESK: &str = include_str!("../../../flows/front-desk.toml");

    fn flow(source: &str) -> Arc<Flow> {
        Arc::new(check(source).0.expect("a flow without errors"))
    }

    fn shipped(root: &str) -> Program {
        let find = |name: &Name| (name.as_str() == "timed-presence").then(|| flow(TIMED_PRESENCE));
        Program::link(flow(root), find).expect("it links")
    }

    fn complaints(test: &str, program: &Program) -> Vec<String> {
        let script = script::parse(test).0.expect("a script without errors");
        let told = |issue: Issue| {
            format!("{}: {}; {}", &test[issue.span], issue.message, issue.hint.unwrap_or_default())
        };
        run(&script, program).into_iter().map(told).collect()
    }

    #[test]
    fn the_shipped_tests_pass() {
        for (root, test) in [
            (TIMED_PRESENCE, include_str!("../../../flows/timed-presence.test.toml")),
            (FRONT_DESK, include_str!("../../../flows/front-desk.test.toml")),
        ] {
            assert_eq!(complaints(test, &shipped(root)), Vec::<String>::new());
        }
    }

    #[test]
    fn a_test_that_fails_says_where_and_what_was_heard_instead() {
        for (steps, complaint) in [
            (
                "[{ presses = '1' }, { hears = 'good night' }]",
                "{ hears = 'good night' }: call `x`: `good night` is not heard; heard: You are now online and available for calls until Monday, 5 PM, UTC.",
            ),
            (
                "[{ presses = '1' }, { presses = '1' }]",
                "{ presses = '1' }: call `x`: nothing is asked, the call is over; heard: You are now",
            ),
            (
                "[{ presses = '12' }]",
                "{ presses = '12' }: call `x`: the question takes 1 keys at most; heard: Welcome",
            ),
            (
                "[{ hears = 'press 2' }, { hears = 'press 1' }]",
                "{ hears = 'press 1' }: call `x`: `press 1` is not heard; heard: Welcome",
            ),
            (
                "[{ presses = '1' }]\nends = 'offline'",
                "'x': call `x`: the caller should be offline and is online until 2026-01-05T17:00; heard last: You are",
            ),
            (
                "[{ presses = '0' }]\nends.online_until = '2026-01-05T17:00'",
                "'x': call `x`: the caller should be online until 2026-01-05T17:00 and is offline; heard last: You are now offline.",
            ),
        ] {
            let test = format!("flow = 'timed-presence'\n[[call]]\nname = 'x'\nsteps = {steps}");
            let complaints = complaints(&test, &shipped(TIMED_PRESENCE));
            assert!(
                matches!(complaints.as_slice(), [only] if only.starts_with(complaint)),
                "{complaints:#?}"
            );
        }
    }

    #[test]
    fn waiting_takes_time_and_the_hash_key_ends_an_entry() {
        let test = "flow = 'timed-presence'\n[[call]]\nname = 'x'\nends.online_until = '2026-01-05T17:00:05'\n\
            steps = ['waits', { presses = '9' }, { presses = '8#' }]";
        assert_eq!(complaints(test, &shipped(TIMED_PRESENCE)), Vec::<String>::new());
    }
}
