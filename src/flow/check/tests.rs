use annotate_snippets::Renderer;
use proptest::prelude::*;

use super::*;
use crate::domain::presence::WhenOnline;
use crate::domain::time::Hours;
use crate::domain::trust::PinPolicy;
use crate::flow::issue::{Severity, report};
use crate::flow::model::TimedPresence;

const SHIPPED: [&str; 2] =
    [include_str!("../../../flows/timed-presence.toml"), include_str!("../../../flows/front-desk.toml")];

/// The issues of a customer flow that starts at `a`, as `severity: message` at the text that they point at.
fn issues_of(nodes: &str) -> Vec<String> {
    let source = format!("[flow]\nname = \"f\"\nkind = \"customer\"\nstart = \"a\"\n{nodes}");
    let (flow, issues) = check(&source);
    assert_eq!(flow.is_some(), is_usable(&issues), "{issues:?}");
    let told = issues.into_iter().map(|issue| {
        let severity = match issue.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let place = source[issue.span].lines().next().unwrap_or_default().to_owned();
        let hint = issue.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
        format!("{severity} at {place}: {}{hint}", issue.message)
    });
    told.collect()
}

fn finds(nodes: &str, expected: &[&str]) {
    assert_eq!(issues_of(nodes), expected, "{nodes}");
}

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_shipped_flows_have_no_issues() {
    for source in SHIPPED {
        let (flow, issues) = check(source);
        assert_eq!(issues, []);
        assert!(flow.is_some());
    }
}

#[test]
fn every_wrong_setting_of_a_node_is_named() {
    let settings = "presets = [8, 8, 0, 300, 4]\ntries = 0\nmax_hours = 'x'\nwhen_onlin = 4\nkey_timeout = 61\n\
                    pin = 'x'\nid_pin_login = 'no'\nprompts.wellcome = 'x'\nprompts.online = 'X'\nnext = 4";
    let hours = "is not a whole number from 1 to 168";
    let fields = "`presets`, `max_hours`, `tries`, `when_online`, `key_timeout`, `digit_timeout`, `pin`, \
                  `id_pin_login`, `prompts`, `next`";
    let slots = "`welcome`, `resource_lookup_error`, `preset_hours`, `custom_hours`, `invalid_input`, `online`, \
                 `offline`";
    finds(
        &format!("[node.a.timed_presence]\n{settings}\n[node.bye.exit]"),
        &[
            "error at [8, 8, 0, 300, 4]: 5 presets, but there are keys for 4 only",
            "error at 8: `8` stands here twice",
            &format!("error at 0: `0` {hours}"),
            &format!("error at 300: `300` {hours}"),
            "error at 0: `0` is not a whole number from 1 to 10",
            &format!("error at 'x': `\"x\"` {hours}"),
            &format!(
                "error at when_onlin: unknown field `when_onlin`, expected one of {fields} (did you mean `when_online`?)"
            ),
            "error at 61: `61` is not a whole number from 1 to 60",
            "error at 'x': unknown value `x`, expected one of `unattested`, `always`, `never`",
            "error at 'no': invalid type: string \"no\", expected a boolean",
            &format!(
                "error at wellcome: unknown field `wellcome`, expected one of {slots} (did you mean `welcome`?)"
            ),
            "error at 'X': `X` is not 1 to 64 of a-z, 0-9, `_` and `-`, beginning with a letter",
            "error at 4: invalid type: integer `4`, expected a string",
        ],
    );
}

#[test]
fn one_broken_node_does_not_hide_the_next() {
    finds(
        "[node]\nc = 3\nb = {}\nd = { play = {}, exit = {} }\n[node.a.plai]\n[node.D.exit]\n\
         [node.e.subflow]\nflow = 'f'",
        &[
            "error at 3: `c` must be a table, but is of type integer",
            "error at b: node `b` has no kind (write its kind after its name, `[node.b.play]`)",
            "error at d: node `d` has more than one kind: `exit` and `play`",
            "error at plai: unknown value `plai`, expected one of `timed_presence`, `play`, `gather`, `branch`, \
             `set_presence`, `subflow`, `hangup`, `exit` (did you mean `play`?)",
            "error at D: `D` is not 1 to 64 of a-z, 0-9, `_` and `-`, beginning with a letter",
            "error at [node.e.subflow]: missing field `next`",
        ],
    );
}

#[test]
fn a_file_that_is_no_flow_says_what_it_lacks() {
    let messages = |source: &str| -> Vec<String> {
        let (flow, issues) = check(source);
        assert_eq!(flow, None);
        issues.into_iter().map(|issue| issue.message).collect()
    };
    let no_nodes = "the flow has no nodes: write a table like `[node.bye.exit]`";
    let no_header = "the file has no table `[flow]` with `name`, `kind` and `start`";
    assert_eq!(messages(""), [no_header, no_nodes]);
    assert_eq!(messages("[nodes.a.exit]"), [no_header, no_nodes, "unknown table or key `nodes`"]);
    assert_eq!(messages(&"#".repeat(65_537)), ["the file is 65537 bytes long, 65536 are the most it may be"]);
    assert_eq!(
        messages("x = = 3\ny = \""),
        [
            "extra `=`, expected nothing",
            "unexpected key or value, expected newline, `#`",
            "invalid basic string, expected `\"`"
        ]
    );
    let header = "[flow]\nname = 'f'\nkind = 'customer'\nstart = 'n0'\n";
    let nodes = |count| lines(count, |n| format!("[node.n{n}.exit]"));
    let (flow, _) = check(&format!("{header}{}", nodes(200)));
    assert!(flow.is_some(), "as many as there may be");
    let too_many = messages(&format!("{header}{}", nodes(201)));
    assert_eq!(too_many, ["the flow has 201 nodes, 200 are the most it may have"]);
}

#[test]
fn values_must_agree_with_each_other() {
    let bye = "[node.b.exit]";
    finds(
        &format!(
            "[node.a.gather]\nprompt='p'\nkeys = {{ '12' = 'b', x = 'b', '#' = 'b' }}\notherwise='b'\n{bye}"
        ),
        &[
            "error at '12': `12` can never be pressed: `max_digits` is 1 (set `max_digits = 2`)",
            "error at x: `x` is not keys of a phone: 0-9, * and #",
        ],
    );
    finds(
        &format!("[node.a.gather]\nprompt='p'\nkeys = {{}}\notherwise='b'\n{bye}"),
        &["error at {}: no key leads anywhere: write `keys = { \"1\" = \"a-node\" }`"],
    );
    finds(
        &format!("[node.a.branch]\ncases = []\notherwise='b'\n{bye}"),
        &["error at []: a branch without a case always goes to `otherwise`: add a case"],
    );
    finds(
        &format!("[node.a.play]\nprompts = []\nnext='b'\n{bye}"),
        &["error at []: nothing to play: name a prompt"],
    );
    finds(
        &format!("[node.a.set_presence]\nto = 'online'\nnext='b'\notherwise='b'\n{bye}"),
        &["error at 'online': invalid type: a word, expected a table of settings"],
    );
}

#[test]
fn a_case_that_always_or_never_holds_is_refused() {
    let finds_in = |when: &str, expected: &[&str]| {
        let cases = format!("cases = [{{ when = {when}, next = 'b' }}]");
        finds(&format!("[node.a.branch]\n{cases}\notherwise = 'b'\n[node.b.exit]"), expected);
    };
    finds_in(
        "{}",
        &[
            "error at {}: a case without a condition always holds: add `caller`, `presence`, `dialled` or `time`",
        ],
    );
    finds_in(
        "{ time = { from = '9:00', zone = 'Mars', days = ['mon', 'mon', 'tu'] } }",
        &[
            "error at '9:00': `9:00` is not a time of day like `09:30`",
            "error at 'Mars': `Mars` is not an IANA time zone like `America/Toronto`",
            "error at 'mon': `mon` stands here twice",
            "error at 'tu': unknown value `tu`, expected one of `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun` \
             (did you mean `thu`?)",
        ],
    );
    finds_in(
        "{ time = { from = '09:00', to = '09:00' } }",
        &["error at { from = '09:00', to = '09:00' }: no time lies between `09:00` and `09:00` \
           (leave both out for the whole day)"],
    );
    finds_in(
        "{ time = { days = [] } }",
        &["error at []: no day: name one, or leave `days` out for all of them"],
    );
    finds_in("{ dialled = [] }", &["error at []: no number: name one"]);
    finds_in("{ time = { from = '22:00', to = '06:00' } }", &[]);
    finds_in("{ time = {} }", &[]);
}

#[test]
fn an_edge_to_nowhere_is_an_error_and_a_node_out_of_reach_a_warning() {
    finds(
        "[node.a.play]\nprompts = ['p']\nnext = 'bey'\n[node.bye.exit]",
        &["error at 'bey': unknown node `bey` (did you mean `bye`?)"],
    );
    finds("[node.b.exit]", &["error at \"a\": unknown node `a` (did you mean `b`?)"]);
    finds(
        "[node.a.exit]\n[node.b.exit]",
        &["warning at b: node `b` is never reached (lead to it, or delete it)"],
    );
}

#[test]
fn every_way_ends() {
    let gather = |name: &str, on_1: &str, otherwise: &str| {
        format!(
            "[node.{name}.gather]\nprompt = 'p'\nkeys = {{ '1' = '{on_1}' }}\notherwise = '{otherwise}'\n"
        )
    };
    finds(
        &gather("a", "a", "a"),
        &["error at \"a\": the flow has no end: no way leads from its start to an `exit` or `hangup`"],
    );
    finds(
        &(gather("a", "a", "a") + "[node.b.exit]"),
        &[
            "error at \"a\": the flow has no end: no way leads from its start to an `exit` or `hangup`",
            "warning at b: node `b` is never reached (lead to it, or delete it)",
        ],
    );
    finds(
        &(gather("a", "b", "c") + &gather("b", "b", "b") + "[node.c.hangup]"),
        &["warning at b: no way leads from node `b` to an `exit` or `hangup`"],
    );
    finds(&(gather("a", "a", "b") + "[node.b.exit]"), &[]);
}

#[test]
fn no_way_goes_round_without_asking() {
    let play = |name: &str, next: &str| format!("[node.{name}.play]\nprompts = ['p']\nnext = '{next}'\n");
    let branch = "[node.a.branch]\ncases = [{ when = { caller = 'known' }, next = 'b' }]\notherwise = 'bye'\n\
                  [node.bye.exit]\n";
    finds(
        &(branch.to_owned() + &play("b", "c") + &play("c", "a")),
        &[
            "error at a: node `a` leads back to itself through `b`, `c` without ever asking the caller for a key",
        ],
    );
    finds(
        &(branch.to_owned() + &play("b", "b")),
        &[
            "error at b: node `b` leads to itself without ever asking the caller for a key",
            "warning at b: no way leads from node `b` to an `exit` or `hangup`",
        ],
    );
    finds(
        &(branch.to_owned() + "[node.b.timed_presence]\nnext = 'a'"),
        &[
            "warning at a: node `a` leads back to itself through `b`, and may ask the caller for nothing on the way \
           (nobody asks a caller who is not known: put a `gather` into the way)",
        ],
    );
    finds(&(branch.to_owned() + "[node.b.gather]\nprompt = 'p'\nkeys = { '1' = 'a' }\notherwise = 'a'"), &[]);
}

#[test]
fn what_is_not_written_has_its_default() {
    let source =
        "[flow]\nname='f'\nkind='customer'\nstart='a'\n[node.a.timed_presence]\nnext='b'\n[node.b.exit]";
    let (flow, _) = check(source);
    let hours = |hours: u16| Hours::try_from(hours).expect("hours");
    let expected = TimedPresence {
        presets: None,
        max_hours: hours(99),
        tries: 3,
        when_online: WhenOnline::Replace,
        key_timeout_s: 5,
        digit_timeout_s: 5,
        pin: PinPolicy::Unattested,
        id_pin_login: false,
        prompts: BTreeMap::new(),
        next: "b".parse().expect("a name"),
    };
    assert_eq!(flow.expect("no errors").nodes.into_values().next(), Some(Node::TimedPresence(expected)));
}

#[test]
fn a_hostile_file_is_refused_in_time_and_space() {
    let unknown = lines(6_000, |n| format!("x{n} = 1"));
    let circle = lines(200, |n| format!("[node.n{n}.play]\nprompts = ['p']\nnext = 'n{}'", (n + 1) % 200));
    for hostile in [
        format!("x = {}", "[".repeat(60_000)),
        format!("{}x = 1", "a.".repeat(30_000)),
        format!("[node.a.timed_presence]\n{unknown}"),
        format!("[flow]\nname = 'f'\nkind = 'customer'\nstart = 'n0'\n{circle}"),
    ] {
        has_places_inside(&hostile);
    }
}

proptest! {
    #[test]
    fn any_text_gets_an_answer_and_places_inside_it(source in any::<String>()) {
        has_places_inside(&source);
    }

    #[test]
    fn a_damaged_flow_gets_an_answer_and_places_inside_it(
        source in prop::sample::select(&SHIPPED),
        from in any::<prop::sample::Index>(),
        length in 0_usize..40,
        patch in prop::sample::select(&PATCHES),
    ) {
        has_places_inside(&damaged(source, from.index(source.len()), length, patch));
    }
}

/// What typing and pasting do to a file.
const PATCHES: [&str; 14] = [
    "",
    "\"",
    "\n",
    "=",
    "[",
    "]",
    "{",
    "}",
    "'ä\u{1f600}'",
    "\0",
    "-1",
    "next = 'a'\n",
    "[node.a.play]\n",
    "99999999999999999999",
];

/// `source` with the characters in `length` bytes from `from` replaced.
fn damaged(source: &str, from: usize, length: usize, patch: &str) -> String {
    let (from, to) = (source.floor_char_boundary(from), source.floor_char_boundary(from + length));
    format!("{}{patch}{}", &source[..from], &source[to..])
}

fn has_places_inside(source: &str) {
    let (_, issues) = check(source);
    for issue in &issues {
        assert!(source.get(issue.span.clone()).is_some(), "{issue:?}");
    }
    report("a.toml", source, &issues, &Renderer::plain());
}
