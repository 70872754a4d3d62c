//! One node of the file to one node of the flow: values within their bounds, and values that agree with each
//! other. Every function looks at all settings before it gives up, so that all are complained of.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use chrono::Weekday;
use toml::Spanned;

use crate::domain::ids::Name;
use crate::domain::quick::PRESETS;
use crate::domain::time::{Hours, TimeOfDay};
use crate::flow::file::{self, Day, WholeHours};
use crate::flow::issue::{Issue, Span};
use crate::flow::keys::Keys;
use crate::flow::model::{
    Branch, Case, Condition, GatherNode, Node, Play, PresenceChange, SetPresence, Subflow, TimedPresence,
    WeeklyTime,
};
use crate::flow::prompt::Slot;
use crate::flow::setting::Setting;

pub(super) fn convert(node: file::Node, issues: &mut Vec<Issue>) -> Option<Node> {
    match node {
        file::Node::TimedPresence(node) => timed_presence(*node, issues).map(Node::TimedPresence),
        file::Node::Play(node) => play(node, issues).map(Node::Play),
        file::Node::Gather(node) => gather(node, issues).map(Node::Gather),
        file::Node::Branch(node) => branch(node, issues).map(Node::Branch),
        file::Node::SetPresence(node) => set_presence(node, issues).map(Node::SetPresence),
        file::Node::Subflow(node) => subflow(node, issues).map(Node::Subflow),
        file::Node::Hangup(file::Hangup {}) => Some(Node::HangUp),
        file::Node::Exit(file::Exit {}) => Some(Node::Exit),
    }
}

fn timed_presence(node: file::TimedPresence, issues: &mut Vec<Issue>) -> Option<TimedPresence> {
    let presets = node.presets.map(|own| presets(own, issues));
    let max_hours = node.max_hours.take(issues);
    let tries = node.tries.take(issues);
    let when_online = node.when_online.take(issues);
    let key_timeout = node.key_timeout.take(issues);
    let digit_timeout = node.digit_timeout.take(issues);
    let pin = node.pin.take(issues);
    let id_pin_login = node.id_pin_login.take(issues);
    let prompts = slot_prompts(node.prompts, issues);
    let next = node.next.take(issues);
    Some(TimedPresence {
        presets: presets.map_or(Some(None), |own| own.map(Some))?,
        max_hours: hours(max_hours?),
        tries: tries?.get(),
        when_online: when_online?,
        key_timeout_s: key_timeout?.get(),
        digit_timeout_s: digit_timeout?.get(),
        pin: pin?,
        id_pin_login: id_pin_login?,
        prompts: prompts?,
        next: next?,
    })
}

fn presets(presets: Spanned<Vec<Setting<WholeHours>>>, issues: &mut Vec<Issue>) -> Option<Vec<Hours>> {
    let span = presets.span();
    let presets = presets.into_inner();
    if presets.len() > PRESETS {
        let count = presets.len();
        let message = format!("{count} presets, but there are keys for {PRESETS} only");
        issues.push(Issue::error(span, message));
    }
    refuse_repeats(&presets, |preset| preset.get(), issues);
    Some(all(presets, issues)?.into_iter().map(hours).collect())
}

fn slot_prompts(prompts: file::SlotPrompts, issues: &mut Vec<Issue>) -> Option<BTreeMap<Slot, Name>> {
    let slots = [
        (Slot::Welcome, prompts.welcome),
        (Slot::ResourceLookupError, prompts.resource_lookup_error),
        (Slot::PresetHours, prompts.preset_hours),
        (Slot::CustomHours, prompts.custom_hours),
        (Slot::InvalidInput, prompts.invalid_input),
        (Slot::Online, prompts.online),
        (Slot::Offline, prompts.offline),
    ];
    let named = slots.into_iter().filter_map(|(slot, prompt)| Some((slot, prompt?)));
    let taken: Vec<_> = named.map(|(slot, prompt)| Some((slot, prompt.take(issues)?))).collect();
    taken.into_iter().collect()
}

fn play(node: file::Play, issues: &mut Vec<Issue>) -> Option<Play> {
    let prompts = some(node.prompts, "nothing to play: name a prompt", issues);
    let next = node.next.take(issues);
    Some(Play { prompts: prompts?, next: next? })
}

fn gather(node: file::Gather, issues: &mut Vec<Issue>) -> Option<GatherNode> {
    let prompt = node.prompt.take(issues);
    let invalid = Setting::optional(node.invalid).take(issues);
    let max_digits = node.max_digits.take(issues).map(file::KeyCount::get);
    let tries = node.tries.take(issues);
    let timeout = node.timeout.take(issues);
    let keys = answers(node.keys, max_digits, issues);
    let otherwise = node.otherwise.take(issues);
    Some(GatherNode {
        prompt: prompt?,
        invalid: invalid?,
        max_digits: max_digits?,
        tries: tries?.get(),
        timeout_s: timeout?.get(),
        keys: keys?,
        otherwise: otherwise?,
    })
}

fn answers(
    keys: Spanned<BTreeMap<Spanned<String>, Setting<Name>>>,
    max_digits: Option<u8>,
    issues: &mut Vec<Issue>,
) -> Option<BTreeMap<Keys, Name>> {
    let span = keys.span();
    let keys = keys.into_inner();
    if keys.is_empty() {
        issues.push(Issue::error(span, "no key leads anywhere: write `keys = { \"1\" = \"a-node\" }`"));
    }
    let answers: Vec<_> = keys
        .into_iter()
        .map(|(key, node)| {
            let (key, node) = (answer(&key, max_digits, issues), node.take(issues));
            Some((key?, node?))
        })
        .collect();
    answers.into_iter().collect()
}

/// Keys that can be pressed as an answer of at most `max_digits`.
fn answer(written: &Spanned<String>, max_digits: Option<u8>, issues: &mut Vec<Issue>) -> Option<Keys> {
    let refuse = |message: String| Issue::error(written.span(), message);
    let keys = match written.get_ref().parse::<Keys>() {
        Ok(keys) => keys,
        Err(error) => {
            issues.push(refuse(error.to_string()));
            return None;
        }
    };
    let max_digits = max_digits?;
    if keys.count() > max_digits.into() {
        let message = format!("`{keys}` can never be pressed: `max_digits` is {max_digits}");
        issues.push(refuse(message).hint(format!("set `max_digits = {}`", keys.count())));
    }
    Some(keys)
}

fn branch(node: file::Branch, issues: &mut Vec<Issue>) -> Option<Branch> {
    let span = node.cases.span();
    let cases = node.cases.into_inner();
    if cases.is_empty() {
        issues.push(Issue::error(span, "a branch without a case always goes to `otherwise`: add a case"));
    }
    let cases: Vec<Option<Case>> = cases.into_iter().map(|case| self::case(case, issues)).collect();
    let otherwise = node.otherwise.take(issues);
    Some(Branch { cases: cases.into_iter().collect::<Option<_>>()?, otherwise: otherwise? })
}

fn case(case: file::Case, issues: &mut Vec<Issue>) -> Option<Case> {
    let span = case.when.span();
    let file::When { caller, presence, dialled, time } = case.when.into_inner();
    let conditions = [
        caller.map(|caller| Some(Condition::CallerKnown(is_known(caller.take(issues)?)))),
        presence.map(|duty| Some(Condition::Online(is_online(duty.take(issues)?)))),
        dialled.map(|numbers| Some(Condition::Dialled(some(numbers, "no number: name one", issues)?))),
        time.map(|time| Some(Condition::Time(weekly_time(time, issues)?))),
    ];
    if conditions.iter().all(Option::is_none) {
        let known = "`caller`, `presence`, `dialled` or `time`";
        issues.push(Issue::error(span, format!("a case without a condition always holds: add {known}")));
    }
    let next = case.next.take(issues);
    let when = conditions.into_iter().flatten().collect::<Option<Vec<_>>>();
    Some(Case { when: when?, next: next? })
}

fn is_known(caller: file::Caller) -> bool {
    match caller {
        file::Caller::Known => true,
        file::Caller::Unknown => false,
    }
}

fn is_online(duty: file::Duty) -> bool {
    match duty {
        file::Duty::Online => true,
        file::Duty::Offline => false,
    }
}

fn weekly_time(time: Spanned<file::Time>, issues: &mut Vec<Issue>) -> Option<WeeklyTime> {
    let span = time.span();
    let file::Time { zone, days, from, to } = time.into_inner();
    let zone = Setting::optional(zone).take(issues);
    refuse_repeats(days.get_ref(), |day| format!("{day:?}").to_lowercase(), issues);
    let days = some(days, "no day: name one, or leave `days` out for all of them", issues);
    let (from, to) = (from.take(issues)?, to.take(issues)?);
    refuse_empty(span, from, to, issues);
    Some(WeeklyTime { zone: zone?, days: days?.into_iter().map(weekday).collect(), from, to })
}

fn refuse_empty(span: Span, from: TimeOfDay, to: TimeOfDay, issues: &mut Vec<Issue>) {
    if from == to {
        let message = format!("no time lies between `{from}` and `{to}`");
        issues.push(Issue::error(span, message).hint("leave both out for the whole day"));
    }
}

fn weekday(day: Day) -> Weekday {
    match day {
        Day::Mon => Weekday::Mon,
        Day::Tue => Weekday::Tue,
        Day::Wed => Weekday::Wed,
        Day::Thu => Weekday::Thu,
        Day::Fri => Weekday::Fri,
        Day::Sat => Weekday::Sat,
        Day::Sun => Weekday::Sun,
    }
}

fn set_presence(node: file::SetPresence, issues: &mut Vec<Issue>) -> Option<SetPresence> {
    let change = match node.to {
        file::To::Offline => Some(PresenceChange::Offline),
        file::To::Online(online) => go_online(online, issues),
    };
    let (next, otherwise) = (node.next.take(issues), node.otherwise.take(issues));
    Some(SetPresence { change: change?, next: next?, otherwise: otherwise? })
}

fn go_online(online: file::Online, issues: &mut Vec<Issue>) -> Option<PresenceChange> {
    let (hours, when_online) = (online.hours.take(issues), online.when_online.take(issues));
    Some(PresenceChange::Online { hours: self::hours(hours?), when_online: when_online? })
}

fn subflow(node: file::Subflow, issues: &mut Vec<Issue>) -> Option<Subflow> {
    let (flow, next) = (node.flow.take(issues), node.next.take(issues));
    Some(Subflow { flow: flow?, next: next? })
}

fn hours(hours: WholeHours) -> Hours {
    Hours::try_from(u16::from(hours.get())).expect("both go from 1 to 168")
}

/// All values, at least one.
fn some<T>(list: Spanned<Vec<Setting<T>>>, if_none: &str, issues: &mut Vec<Issue>) -> Option<Vec<T>> {
    let span = list.span();
    let list = list.into_inner();
    if list.is_empty() {
        issues.push(Issue::error(span, if_none));
    }
    all(list, issues)
}

fn all<T>(list: Vec<Setting<T>>, issues: &mut Vec<Issue>) -> Option<Vec<T>> {
    let taken: Vec<Option<T>> = list.into_iter().map(|setting| setting.take(issues)).collect();
    taken.into_iter().collect()
}

fn refuse_repeats<T: Ord, N: Display>(list: &[Setting<T>], name: impl Fn(&T) -> N, issues: &mut Vec<Issue>) {
    let mut seen = BTreeSet::new();
    for setting in list {
        let Some(value) = setting.fits() else { continue };
        if !seen.insert(value) {
            let message = format!("`{}` stands here twice", name(value));
            issues.push(Issue::error(setting.span.clone(), message));
        }
    }
}
