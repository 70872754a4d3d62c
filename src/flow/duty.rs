//! The timed-presence activity: who is calling, and how long are they on duty (A1.13, D1-D17).

use crate::domain::call::{LookupMiss, Outcome};
use crate::domain::presence::{Command, Rejected};
use crate::domain::time::{Hours, Instant};
use crate::domain::trust::PinOutcome;
use crate::domain::user::Agent;
use crate::flow::engine::{Asked, Effect, Go, Identity, Input, Question, Walk};
use crate::flow::model::TimedPresence;
use crate::flow::prompt::speaker::Args;
use crate::flow::prompt::{Line, Slot};

/// Wrong codes or PINs that one call may bring (D51).
const CREDENTIAL_TRIES: u8 = 3;

/// The longest PIN or agent code in digits.
const LONGEST_CREDENTIAL: u8 = 12;

pub(super) fn enter(walk: &mut Walk<'_>, settings: &TimedPresence) -> Go {
    settings.say(walk, Slot::Welcome, &Args::default());
    match (walk.cursor.identity, walk.agent()) {
        (Identity::Known, Some(agent)) => greet(walk, settings, agent),
        (Identity::Known, None) => turn_away(walk, settings, LookupMiss::Inactive),
        (Identity::Shared, _) => ask_code(walk, settings),
        (Identity::Nobody(_), _) if settings.id_pin_login => ask_code(walk, settings),
        (Identity::Nobody(miss), _) => turn_away(walk, settings, miss),
    }
}

pub(super) fn answer(walk: &mut Walk<'_>, settings: &TimedPresence, input: &Input) -> Go {
    match (walk.cursor.asked.clone(), walk.agent()) {
        (Asked::AgentCode, _) => answer_code(walk, settings, input),
        (Asked::Pin, _) => answer_pin(walk, settings, input),
        // Deactivated since the menu was spoken (D37).
        (Asked::Menu { .. } | Asked::Hours { .. }, None) => turn_away(walk, settings, LookupMiss::Inactive),
        (Asked::Menu { generation, .. } | Asked::Hours { generation }, Some(_))
            if is_news(walk, generation) =>
        {
            tell_news(walk, settings)
        }
        (Asked::Menu { presets, .. }, Some(_)) => answer_menu(walk, settings, &presets, input),
        (Asked::Hours { .. }, Some(_)) => answer_hours(walk, settings, input),
        (Asked::Nothing | Asked::Keys, _) => enter(walk, settings),
    }
}

/// The caller is nobody's agent, or none that may act.
fn turn_away(walk: &mut Walk<'_>, settings: &TimedPresence, miss: LookupMiss) -> Go {
    settings.say(walk, Slot::ResourceLookupError, &Args::default());
    walk.note(format!("caller not recognised: {miss}"));
    walk.effects.push(Effect::LookupFailed(miss));
    walk.outcome = Some(Outcome::Unknown);
    Go::To(settings.next.clone())
}

fn ask_code(walk: &mut Walk<'_>, settings: &TimedPresence) -> Go {
    walk.say(Line::AgentCode, None, &Args::default());
    Go::Ask(Asked::AgentCode, settings.credential())
}

fn answer_code(walk: &mut Walk<'_>, settings: &TimedPresence, input: &Input) -> Go {
    let named = walk.scene.agent;
    match (walk.cursor.identity, input, named) {
        // Whether the code is anybody's is not told before the PIN is right (D30).
        (Identity::Nobody(_), Input::Keys(_), _) => {
            walk.note("agent code given");
            ask_pin(walk, settings)
        }
        (Identity::Shared | Identity::Known, Input::Keys(_), Some(agent)) => {
            walk.note(format!("agent code of {}", agent.login));
            walk.cursor.identity = Identity::Known;
            walk.presence = agent.presence.clone();
            greet(walk, settings, agent)
        }
        (_, _, _) if walk.may_try_again(CREDENTIAL_TRIES) => {
            settings.say(walk, Slot::InvalidInput, &Args::default());
            ask_code(walk, settings)
        }
        (_, _, _) => say_goodbye(walk, Outcome::Refused),
    }
}

fn ask_pin(walk: &mut Walk<'_>, settings: &TimedPresence) -> Go {
    walk.say(Line::Pin, None, &Args::default());
    Go::Ask(Asked::Pin, settings.credential())
}

fn answer_pin(walk: &mut Walk<'_>, settings: &TimedPresence, input: &Input) -> Go {
    let outcome = match input {
        Input::Keys(_) | Input::Garbled => attempt_pin(walk),
        Input::Silence | Input::Started => PinOutcome::Wrong,
    };
    if let (PinOutcome::Right, Some(agent)) = (outcome, walk.scene.agent) {
        walk.cursor.proven = true;
        walk.cursor.identity = Identity::Known;
        return greet(walk, settings, agent);
    }
    if !walk.may_try_again(CREDENTIAL_TRIES) {
        return say_goodbye(walk, Outcome::Refused);
    }
    walk.say(Line::PinWrong, None, &Args::default());
    ask_pin(walk, settings)
}

/// Counts the attempt, also for a code that is nobody's, and says how it went.
fn attempt_pin(walk: &mut Walk<'_>) -> PinOutcome {
    let right = walk.scene.pin_matches.unwrap_or(false);
    let (record, outcome) = match walk.scene.agent {
        Some(agent) => {
            let (record, outcome) = agent.pin.attempt(right, walk.scene.now);
            (Some(record), outcome)
        }
        None => (None, PinOutcome::Wrong),
    };
    walk.note(format!("PIN {outcome}"));
    walk.effects.push(Effect::PinAttempt { record, outcome });
    outcome
}

/// An agent is there: on to the menu, over the PIN if one is owed.
fn greet(walk: &mut Walk<'_>, settings: &TimedPresence, agent: &Agent) -> Go {
    if walk.wants_pin(agent, settings.pin) {
        return ask_pin(walk, settings);
    }
    if let Some(until) = walk.presence.window(walk.scene.now) {
        walk.say(Line::AlreadyOnline, None, &window_args(Some(agent), until));
    }
    ask_menu(walk, settings)
}

fn ask_menu(walk: &mut Walk<'_>, settings: &TimedPresence) -> Go {
    let presets = settings.presets(walk);
    if presets.is_empty() {
        return ask_hours(walk, settings);
    }
    settings.say(walk, Slot::PresetHours, &Args { presets: &presets, ..Args::default() });
    let question = Question { max_digits: 1, hash_finishes: false, timeout_s: settings.key_timeout_s };
    Go::Ask(Asked::Menu { generation: walk.presence.generation, presets }, question)
}

fn ask_hours(walk: &mut Walk<'_>, settings: &TimedPresence) -> Go {
    settings.say(walk, Slot::CustomHours, &Args { max: Some(settings.max_hours), ..Args::default() });
    let question = Question { max_digits: 2, hash_finishes: true, timeout_s: settings.digit_timeout_s };
    Go::Ask(Asked::Hours { generation: walk.presence.generation }, question)
}

fn is_news(walk: &Walk<'_>, generation: u64) -> bool {
    walk.presence.generation != generation
}

/// Something changed since the menu was spoken, on another call or by a timer: the keys answered a menu
/// that is not true any more, so it is spoken again (I17).
fn tell_news(walk: &mut Walk<'_>, settings: &TimedPresence) -> Go {
    walk.note("state changed meanwhile: told, and asked again");
    walk.say(Line::Changed, None, &Args::default());
    match (walk.presence.window(walk.scene.now), walk.agent()) {
        (Some(until), agent) => walk.say(Line::AlreadyOnline, None, &window_args(agent, until)),
        (None, _) => settings.say(walk, Slot::Offline, &Args::default()),
    }
    ask_menu(walk, settings)
}

fn answer_menu(walk: &mut Walk<'_>, settings: &TimedPresence, presets: &[Hours], input: &Input) -> Go {
    let key = match input {
        Input::Keys(keys) if keys.count() == 1 => keys.as_str(),
        Input::Keys(_) | Input::Garbled | Input::Silence | Input::Started => "",
    };
    let open = walk.presence.window(walk.scene.now);
    match (key, open) {
        ("0", _) => go_offline(walk, settings),
        ("9", _) => ask_hours(walk, settings),
        ("*", _) => ask_menu(walk, settings),
        ("#", Some(until)) => keep(walk, settings, until),
        (key, _) => match preset(presets, key) {
            Some(hours) => go_online(walk, settings, presets, hours),
            None => ask_again(walk, settings, input),
        },
    }
}

fn answer_hours(walk: &mut Walk<'_>, settings: &TimedPresence, input: &Input) -> Go {
    let Input::Keys(keys) = input else { return ask_again(walk, settings, input) };
    if keys.as_str() == "*" {
        return ask_menu(walk, settings);
    }
    match keys.as_hours().map(Hours::try_from) {
        None => ask_again(walk, settings, input),
        Some(Err(_)) => go_offline(walk, settings),
        Some(Ok(hours)) if hours > settings.max_hours => too_long(walk, settings, settings.max_hours),
        Some(Ok(hours)) => go_online(walk, settings, &settings.presets(walk), hours),
    }
}

fn go_online(walk: &mut Walk<'_>, settings: &TimedPresence, presets: &[Hours], hours: Hours) -> Go {
    let cap = settings.cap(presets);
    let command = Command::GoOnline { hours, when_online: settings.when_online, cap };
    match walk.command(&command) {
        Ok(()) => {
            let until = walk.presence.window(walk.scene.now).expect("going online opens a window");
            settings.say(walk, Slot::Online, &window_args(walk.agent(), until));
            Go::To(settings.next.clone())
        }
        Err(Rejected::TooFar(cap)) => too_long(walk, settings, cap),
        Err(why) => refuse(walk, settings, &why),
    }
}

fn go_offline(walk: &mut Walk<'_>, settings: &TimedPresence) -> Go {
    match walk.command(&Command::GoOffline) {
        Ok(()) => {
            settings.say(walk, Slot::Offline, &Args::default());
            Go::To(settings.next.clone())
        }
        Err(why) => refuse(walk, settings, &why),
    }
}

fn keep(walk: &mut Walk<'_>, settings: &TimedPresence, until: Instant) -> Go {
    walk.note(format!("kept, until {}", until.to_rfc3339()));
    walk.outcome = Some(Outcome::Kept);
    walk.say(Line::StillOnline, None, &window_args(walk.agent(), until));
    Go::To(settings.next.clone())
}

/// A supervisor said no (D40).
fn refuse(walk: &mut Walk<'_>, settings: &TimedPresence, why: &Rejected) -> Go {
    walk.note(format!("refused: {why}"));
    walk.outcome = Some(Outcome::Held);
    let reason = walk.presence.hold.clone().unwrap_or_default();
    walk.say(Line::Held, None, &Args { reason: Some(&reason), ..Args::default() });
    Go::To(settings.next.clone())
}

/// More hours than allowed: said, not clamped (D4).
fn too_long(walk: &mut Walk<'_>, settings: &TimedPresence, cap: Hours) -> Go {
    walk.note(format!("more than {} h refused", cap.get()));
    if !walk.may_try_again(settings.tries) {
        return say_goodbye(walk, Outcome::GaveUp);
    }
    walk.say(Line::OverCap, None, &Args { max: Some(cap), ..Args::default() });
    repeat(walk, settings)
}

/// Silence and invalid keys share one count; at its end nothing is guessed and nothing changed (D9).
fn ask_again(walk: &mut Walk<'_>, settings: &TimedPresence, input: &Input) -> Go {
    let what = match input {
        Input::Keys(keys) => format!("`{keys}` is invalid here"),
        Input::Garbled => "not keys of a phone".to_owned(),
        Input::Silence | Input::Started => "silence".to_owned(),
    };
    walk.note(what);
    if !walk.may_try_again(settings.tries) {
        return say_goodbye(walk, Outcome::GaveUp);
    }
    match input {
        Input::Keys(_) | Input::Garbled => settings.say(walk, Slot::InvalidInput, &Args::default()),
        Input::Silence | Input::Started => {}
    }
    repeat(walk, settings)
}

/// The question that was asked, once more.
fn repeat(walk: &mut Walk<'_>, settings: &TimedPresence) -> Go {
    match walk.cursor.asked {
        Asked::Hours { .. } => ask_hours(walk, settings),
        Asked::Menu { .. } | Asked::Nothing | Asked::Keys | Asked::AgentCode | Asked::Pin => {
            ask_menu(walk, settings)
        }
    }
}

fn say_goodbye(walk: &mut Walk<'_>, outcome: Outcome) -> Go {
    walk.say(Line::Goodbye, None, &Args::default());
    walk.outcome = Some(outcome);
    Go::HangUp
}

/// The hours on a key of the menu.
fn preset(presets: &[Hours], key: &str) -> Option<Hours> {
    let number: usize = key.parse().ok()?;
    presets.get(number.checked_sub(1)?).copied()
}

fn window_args(agent: Option<&Agent>, until: Instant) -> Args<'_> {
    Args { name: agent.map(|agent| agent.name.as_str()), until: Some(until), ..Args::default() }
}

impl TimedPresence {
    fn say(&self, walk: &mut Walk<'_>, slot: Slot, args: &Args<'_>) {
        walk.say(Line::Slot(slot), self.prompts.get(&slot), args);
    }

    /// The hours on the keys: the node's own, or those of the caller's quick set (A2.6).
    fn presets(&self, walk: &Walk<'_>) -> Vec<Hours> {
        let set = walk.presence.desk.settings.quick_set.as_ref();
        self.presets.clone().unwrap_or_else(|| walk.scene.tenant.policy.quick_set(set).presets())
    }

    /// The furthest end that a choice may reach: presets may go beyond what may be typed in.
    fn cap(&self, presets: &[Hours]) -> Hours {
        presets.iter().copied().fold(self.max_hours, Hours::max)
    }

    fn credential(&self) -> Question {
        Question { max_digits: LONGEST_CREDENTIAL, hash_finishes: true, timeout_s: self.digit_timeout_s }
    }
}

#[cfg(test)]
mod tests;
