use std::collections::BTreeSet;

use crate::domain::call::{LookupMiss, Outcome};
use crate::domain::user::Agent;
use crate::flow::engine::{Effect, Identity};
use crate::flow::fixtures::{Rehearsal, ada, ada_online_until, at, duty};
use crate::flow::prompt::catalogue::{Catalogue, Content, Entry};
use crate::flow::prompt::spoken::Why;

/// A flow that begins at `start`; prompts of its own are the catalogue's to know.
fn flow(name: &str, start: &str, nodes: &str) -> String {
    format!("[flow]\nname = \"{name}\"\nkind = \"customer\"\nstart = \"{start}\"\n{nodes}\n[node.bye.exit]\n")
}

/// A catalogue in which each of these prompts says its own name.
fn saying(prompts: &[&str]) -> Catalogue {
    let entries = prompts.iter().map(|prompt| Entry {
        language: "en".parse().expect("a tag"),
        name: prompt.parse().expect("a name"),
        content: Content::Say(format!("<{prompt}>").parse().expect("a template")),
    });
    Catalogue::new("en".parse().expect("a tag"), entries, &BTreeSet::new()).expect("a catalogue")
}

const ASK: &str = "
    [node.ask.gather]
    prompt = \"question\"
    invalid = \"again\"
    tries = 2
    keys = { 1 = \"yes\", 2 = \"no\" }
    otherwise = \"bye\"
    [node.yes.play]
    prompts = [\"yes\", \"thanks\"]
    next = \"bye\"
    [node.no.hangup]
";

fn call_to_ask() -> Rehearsal {
    let mut call = Rehearsal::of(&[&flow("line", "ask", ASK)], ada());
    call.catalogue = saying(&["question", "again", "yes", "thanks"]);
    call.begins().hears("<question>");
    call
}

#[test]
fn a_gather_goes_where_its_keys_lead() {
    call_to_ask().presses("1").hears("<yes> <thanks>").changes_nothing().ends(Outcome::Finished);
    assert_eq!(call_to_ask().presses("2").ends(Outcome::Finished).words(), "");
}

#[test]
fn a_gather_asks_again_and_then_goes_on() {
    call_to_ask().presses("3").hears("<again> <question>").waits().ends(Outcome::Finished);
    call_to_ask().waits().hears_no("<again>").hears("<question>").presses("1").hears("<yes>");
    call_to_ask().garbles().hears("<again>").garbles().ends(Outcome::Finished);
}

#[test]
fn a_missing_prompt_is_reported_and_ends_nothing() {
    let mut call = call_to_ask();
    call.catalogue = saying(&["thanks"]);
    call.presses("1").hears("<thanks>").ends(Outcome::Finished);
    let [Effect::PromptFallback(fallback)] = &call.last().effects[..] else { panic!("{:?}", call.last()) };
    assert_eq!((fallback.prompt.as_str(), &fallback.why), ("yes", &Why::Missing));
    let mut duty = Rehearsal::of(&[&duty("prompts.welcome = \"hello\"")], ada());
    duty.begins().hears("Welcome to the duty line").hears("press 1");
    assert!(matches!(duty.last().effects[..], [Effect::PromptFallback(_)]));
}

/// Where a call goes that branches on `condition`.
fn branches(condition: &str, mut call: impl FnMut(&str) -> Rehearsal) -> bool {
    let nodes = format!(
        "[node.which.branch]\ncases = [{{ when = {{ {condition} }}, next = \"hit\" }}]\notherwise = \"bye\"\n\
         [node.hit.play]\nprompts = [\"hit\"]\nnext = \"bye\""
    );
    let mut call = call(&flow("line", "which", &nodes));
    call.catalogue = saying(&["hit"]);
    call.begins().ends(Outcome::Finished).words() == "<hit>"
}

#[test]
fn a_branch_knows_the_caller_and_their_duty() {
    let online = |source: &str| Rehearsal::of(&[source], ada_online_until(30));
    let over = |source: &str| {
        let mut call = Rehearsal::of(&[source], ada_online_until(30));
        call.now = at(30);
        call
    };
    let stranger = |source: &str| Rehearsal::from(&[source], Identity::Nobody(LookupMiss::NoAgent), None);
    assert!(branches("caller = \"known\"", online));
    assert!(!branches("caller = \"known\"", stranger));
    assert!(branches("caller = \"unknown\"", stranger));
    assert!(branches("presence = \"online\"", online));
    assert!(!branches("presence = \"online\"", over), "at its end a window is over, fired or not");
    assert!(branches("presence = \"offline\"", over));
    assert!(!branches("presence = \"online\"", stranger));
    assert!(branches("presence = \"offline\"", stranger));
    assert!(branches("dialled = [\"+15062345678\"]", online));
    assert!(!branches("dialled = [\"+15062345679\"]", online));
    assert!(!branches("caller = \"known\", presence = \"offline\"", online), "all conditions must hold");
}

#[test]
fn a_branch_knows_the_wall_clock() {
    // Minute 0 is Monday, 9:00 UTC.
    for (minute, days, from, to, holds) in [
        (0, "mon", "09:00", "17:00", true),
        (-1, "mon", "09:00", "17:00", false),
        (479, "mon", "09:00", "17:00", true),
        (480, "mon", "09:00", "17:00", false),
        (0, "tue", "09:00", "17:00", false),
        (0, "mon", "00:00", "24:00", true),
        // Past midnight it is still the day on which the span began.
        (13 * 60, "mon", "22:00", "06:00", true),
        (20 * 60, "mon", "22:00", "06:00", true),
        (21 * 60, "mon", "22:00", "06:00", false),
        (-4 * 60, "mon", "22:00", "06:00", false),
        (-4 * 60, "sun", "22:00", "06:00", true),
    ] {
        let condition = format!("time = {{ days = [\"{days}\"], from = \"{from}\", to = \"{to}\" }}");
        let at_minute = |source: &str| {
            let mut call = Rehearsal::of(&[source], ada());
            call.now = at(minute);
            call
        };
        assert_eq!(branches(&condition, at_minute), holds, "minute {minute}: {condition}");
    }
}

fn set_presence(change: &str) -> String {
    let nodes = format!(
        "[node.set.set_presence]\n{change}\nnext = \"done\"\notherwise = \"refused\"\n\
         [node.done.play]\nprompts = [\"done\"]\nnext = \"bye\"\n\
         [node.refused.play]\nprompts = [\"refused\"]\nnext = \"bye\""
    );
    flow("line", "set", &nodes)
}

#[test]
fn presence_is_set_for_agents_who_may() {
    let (online, offline) = (set_presence("to.online.hours = 8"), set_presence("to = \"offline\""));
    let stranger = Rehearsal::from(&[&online], Identity::Nobody(LookupMiss::NoAgent), None);
    let mut held = ada();
    held.presence.hold = Some("training".to_owned());
    for (mut call, words, until) in [
        (Rehearsal::of(&[&online], ada()), "<done>", Some(480)),
        (Rehearsal::of(&[&offline], ada_online_until(30)), "<done>", None),
        (stranger, "<refused>", None),
        (Rehearsal::of(&[&online], held), "<refused>", None),
        // A PIN is owed.
        (
            Rehearsal::of(&[&offline], Agent { pin_hash: Some(String::new()), ..ada_online_until(30) }),
            "<refused>",
            Some(30),
        ),
    ] {
        call.catalogue = saying(&["done", "refused"]);
        call.begins().hears(words);
        assert_eq!((call.online_until(), call.last().changes_presence()), (until, words == "<done>"));
    }
}

#[test]
fn a_subflow_comes_back_behind_the_node_that_ran_it() {
    // A1.11.
    let outer = flow(
        "outer",
        "first",
        "[node.first.subflow]\nflow = \"line\"\nnext = \"after\"\n\
         [node.after.play]\nprompts = [\"after\"]\nnext = \"bye\"",
    );
    let inner = duty("").replace("\"customer\"", "\"reusable\"");
    let mut call = Rehearsal::of(&[&outer, &inner], ada());
    call.catalogue = saying(&["after"]);
    call.begins().hears("press 1");
    assert_eq!(call.last().cursor.frames.len(), 2);
    call.presses("1").hears("You are now online").hears("<after>").ends(Outcome::Online);
    let mut stranger = Rehearsal::from(&[&outer, &inner], Identity::Nobody(LookupMiss::NoAgent), None);
    stranger.catalogue = saying(&["after"]);
    stranger.begins().hears("does not belong").hears("<after>").ends(Outcome::Unknown);
}

#[test]
fn hanging_up_ends_all_flows() {
    let outer = flow(
        "outer",
        "first",
        "[node.first.subflow]\nflow = \"inner\"\nnext = \"after\"\n\
         [node.after.play]\nprompts = [\"after\"]\nnext = \"bye\"",
    );
    let inner = "[flow]\nname = \"inner\"\nkind = \"reusable\"\nstart = \"end\"\n[node.end.hangup]\n";
    let mut call = Rehearsal::of(&[&outer, inner], ada());
    assert_eq!(call.begins().ends(Outcome::Finished).words(), "");
}
