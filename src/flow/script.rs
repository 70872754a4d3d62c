//! Flow tests in files: calls to a flow, written down as they are heard, key by key. Read here; run by
//! `flow check`, on the same engine and a clock that stands where the file says.

use std::collections::BTreeSet;

use serde::Deserialize;
use toml::Spanned;

use crate::domain::ids::Name;
use crate::domain::phone::E164;
use crate::domain::time::{Hours, Instant, Zone};
use crate::flow::document::{self, Table};
use crate::flow::issue::{Issue, Span, is_usable};
use crate::flow::keys::Keys;
use crate::flow::setting::Setting;

/// The tests of one flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    pub flow: Name,
    pub calls: Vec<Call>,
}

/// One call, and what is true when it is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub name: String,
    /// Where the call's name stands, for what goes wrong with it as a whole.
    pub span: Span,
    pub at: Instant,
    /// The caller's, in which times are spoken and `ends` is read.
    pub zone: Zone,
    pub caller: Caller,
    /// The number that is called; any, if none.
    pub dialled: Option<E164>,
    /// Hours of duty that the caller has left when the call begins; off duty if none.
    pub online_for: Option<Hours>,
    /// Why a supervisor holds the caller off duty.
    pub held: Option<String>,
    pub steps: Vec<Step>,
    /// The caller's presence after the call; not looked at if none.
    pub ends: Option<Ends>,
}

/// Whose number the call comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Caller {
    /// An agent's.
    #[default]
    Known,
    Unknown,
    /// The caller hides it.
    Withheld,
}

/// One thing that happens on a call, and where it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub span: Span,
    pub action: Action,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// These words occur in what is spoken before the next key, after those of the step before.
    Hears(String),
    /// The answer to the question that is being asked.
    Presses(Keys),
    /// The question stays unanswered.
    Waits,
    HangsUp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    Offline,
    OnlineUntil(Instant),
}

/// A `[[call]]` as people write it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CallFile {
    name: Setting<String>,
    #[serde(default = "a_monday_morning")]
    at: Setting<String>,
    #[serde(default = "utc")]
    zone: Setting<Zone>,
    #[serde(default)]
    caller: Setting<Caller>,
    dialled: Option<Setting<E164>>,
    online_for: Option<Setting<Hours>>,
    held: Option<Setting<String>>,
    steps: Spanned<Vec<Setting<Action>>>,
    ends: Option<Setting<EndsFile>>,
}

/// As [`Ends`], in wall time.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EndsFile {
    Offline,
    OnlineUntil(String),
}

/// Reads a file of flow tests. The script is there if none of the issues is an error; the issues are all of
/// the file's, in its order.
pub fn parse(source: &str) -> (Option<Script>, Vec<Issue>) {
    let mut issues = Vec::new();
    let script = read(source, &mut issues);
    issues.sort_by_key(|issue| (issue.span.start, issue.severity));
    (script.filter(|_| is_usable(&issues)), issues)
}

fn read(source: &str, issues: &mut Vec<Issue>) -> Option<Script> {
    let mut file = Table::parse(source, issues)?;
    let (flow, calls) = (file.take("flow"), file.take("call"));
    file.refuse_rest(&["flow", "call"], issues);
    if flow.is_none() {
        issues.push(Issue::error(0..0, "the file does not say which flow it tests: add `flow = \"a-flow\"`"));
    }
    let flow = flow.and_then(|entry| document::read::<Setting<Name>>(entry.value, issues));
    let flow = flow.and_then(|flow| flow.take(issues));
    let Some(calls) = calls else {
        issues.push(Issue::error(0..0, "the file has no tests: add a table `[[call]]`"));
        return None;
    };
    let read: Vec<Option<CallFile>> =
        calls.into_list(issues)?.into_iter().map(|piece| document::read(piece, issues)).collect();
    refuse_repeated_names(&read, issues);
    let calls: Vec<Option<Call>> = read.into_iter().map(|call| convert(call?, issues)).collect();
    Some(Script { flow: flow?, calls: calls.into_iter().collect::<Option<_>>()? })
}

/// A failed test is named by its call.
fn refuse_repeated_names(calls: &[Option<CallFile>], issues: &mut Vec<Issue>) {
    let mut seen = BTreeSet::new();
    for name in calls.iter().flatten().map(|call| &call.name) {
        if let Some(text) = name.fits().filter(|text| !seen.insert(*text)) {
            issues.push(Issue::error(name.span.clone(), format!("there is another call `{text}`")));
        }
    }
}

fn convert(file: CallFile, issues: &mut Vec<Issue>) -> Option<Call> {
    let span = file.name.span.clone();
    let name = file.name.take(issues);
    let zone = file.zone.take(issues);
    let at = instant(file.at, zone.as_ref(), issues);
    let caller = file.caller.take(issues);
    let dialled = Setting::optional(file.dialled).take(issues);
    let online_for = Setting::optional(file.online_for).take(issues);
    let held = Setting::optional(file.held).take(issues);
    let steps = steps(file.steps, issues);
    let ends = file.ends.map(|ends| self::ends(ends, zone.as_ref(), issues));
    Some(Call {
        name: name?,
        span,
        at: at?,
        zone: zone?,
        caller: caller?,
        dialled: dialled?,
        online_for: online_for?,
        held: held?,
        steps: steps?,
        ends: ends.map_or(Some(None), |ends| ends.map(Some))?,
    })
}

fn instant(civil: Setting<String>, zone: Option<&Zone>, issues: &mut Vec<Issue>) -> Option<Instant> {
    let span = civil.span.clone();
    let read = zone?.instant(&civil.take(issues)?);
    read.map_err(|error| issues.push(Issue::error(span, error.to_string()))).ok()
}

fn steps(steps: Spanned<Vec<Setting<Action>>>, issues: &mut Vec<Issue>) -> Option<Vec<Step>> {
    let span = steps.span();
    let steps = steps.into_inner();
    if steps.is_empty() {
        issues.push(Issue::error(
            span,
            "nothing happens on this call: add a step like `{ hears = \"press 1\" }`",
        ));
    }
    let taken: Vec<Option<Step>> = steps
        .into_iter()
        .map(|step| Some(Step { span: step.span.clone(), action: step.take(issues)? }))
        .collect();
    let taken: Vec<Step> = taken.into_iter().collect::<Option<_>>()?;
    let hung_up = taken.iter().position(|step| step.action == Action::HangsUp);
    if let Some(late) = hung_up.and_then(|at| taken.get(at + 1)) {
        issues.push(Issue::error(late.span.clone(), "the caller hung up before this step"));
    }
    Some(taken)
}

fn ends(ends: Setting<EndsFile>, zone: Option<&Zone>, issues: &mut Vec<Issue>) -> Option<Ends> {
    let span = ends.span.clone();
    match ends.take(issues)? {
        EndsFile::Offline => Some(Ends::Offline),
        EndsFile::OnlineUntil(civil) => {
            instant(Setting { span, value: Ok(civil) }, zone, issues).map(Ends::OnlineUntil)
        }
    }
}

fn a_monday_morning() -> Setting<String> {
    Setting::unwritten("2026-01-05T09:00".to_owned())
}

fn utc() -> Setting<Zone> {
    Setting::unwritten(Zone::utc())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn complaints(source: &str) -> Vec<String> {
        let (script, issues) = parse(source);
        assert_eq!(script.is_some(), is_usable(&issues), "{issues:?}");
        issues.into_iter().map(|issue| format!("{}: {}", &source[issue.span], issue.message)).collect()
    }

    #[test]
    fn a_test_reads_like_a_call() {
        let source = r#"
            flow = "timed-presence"
            [[call]]
            name  = "a night in spring is an hour short"
            at    = "2026-03-08T01:30"
            zone  = "America/Toronto"
            steps = [{ hears = "press 2" }, "waits", { presses = "2" }, "hangs_up"]
            ends.online_until = "2026-03-09T02:30"
        "#;
        let (script, issues) = parse(source);
        assert_eq!(issues, []);
        let call = script.expect("no errors").calls.remove(0);
        let actions: Vec<Action> = call.steps.into_iter().map(|step| step.action).collect();
        let key = "2".parse().expect("a key");
        let expected =
            [Action::Hears("press 2".to_owned()), Action::Waits, Action::Presses(key), Action::HangsUp];
        assert_eq!(actions, expected);
        let hours = |ends| match ends {
            Some(Ends::OnlineUntil(until)) => (until - call.at).num_hours(),
            Some(Ends::Offline) | None => 0,
        };
        assert_eq!(hours(call.ends), 24);
    }

    #[test]
    fn everything_wrong_with_a_test_is_named() {
        let call = "[[call]]\nname = 'x'\nsteps = ['waits']\n";
        for (source, expected) in [
            (
                "flow = 'F'",
                vec![
                    ": the file has no tests: add a table `[[call]]`",
                    "'F': `F` is not 1 to 64 of a-z, 0-9, `_` and `-`, beginning with a letter",
                ],
            ),
            (
                &format!("{call}{call}"),
                vec![
                    ": the file does not say which flow it tests: add `flow = \"a-flow\"`",
                    "'x': there is another call `x`",
                ],
            ),
            ("flow = 'f'\ncall = 3", vec!["3: `call` must be a list of tables, but is of type integer"]),
            (
                &format!(
                    "flow = 'f'\n{call}at = 'noon'\nzone = 'UTC'\nends.online_until = '25:00'\nform = 1"
                ),
                vec![
                    "'noon': `noon` is not a local time like `2026-03-08T01:30`",
                    "ends: `25:00` is not a local time like `2026-03-08T01:30`",
                    "form: unknown field `form`, expected one of `name`, `at`, `zone`, `caller`, `dialled`, \
                 `online_for`, `held`, `steps`, `ends`",
                ],
            ),
            (
                "flow = 'f'\n[[call]]\nname = 'x'\nsteps = []",
                vec!["[]: nothing happens on this call: add a step like `{ hears = \"press 1\" }`"],
            ),
            (
                "flow = 'f'\n[[call]]\nname = 'x'\nsteps = ['hangs_up', 'waits']",
                vec!["'waits': the caller hung up before this step"],
            ),
            (
                "flow = 'f'\n[[call]]\nname = 'x'\nsteps = [{ presses = 'a' }, 'wait']",
                vec![
                    "{ presses = 'a' }: `a` is not keys of a phone: 0-9, * and #",
                    "'wait': unknown value `wait`, expected one of `hears`, `presses`, `waits`, `hangs_up`",
                ],
            ),
        ] {
            assert_eq!(complaints(source), expected, "{source}");
        }
    }

    proptest! {
        #[test]
        fn any_text_gets_an_answer_and_places_inside_it(tail in any::<String>()) {
            for source in [&tail, &format!("flow = 'f'\n[[call]]\n{tail}")] {
                for issue in parse(source).1 {
                    prop_assert!(source.get(issue.span.clone()).is_some(), "{issue:?}");
                }
            }
        }
    }

    #[test]
    fn the_shipped_tests_have_no_issues() {
        for source in [
            include_str!("../../flows/timed-presence.test.toml"),
            include_str!("../../flows/front-desk.test.toml"),
        ] {
            assert_eq!(complaints(source), Vec::<String>::new());
        }
    }
}
