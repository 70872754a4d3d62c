//! Which flow answers which calls (A1.17, A1.18, D33, D42, D43, D55).

use dutyline::app::mappings::{MappingPatch, NewMapping, Numbers, Version};
use dutyline::domain::dispatch::{Channel, Contact, Direction, MappingKind};
use dutyline::domain::phone::Caller;

use super::{at, login, refused};
use crate::harness::line::{ADA, DUTY_LINE, Line};

fn mapping(name: &str, kind: MappingKind, value: &str) -> NewMapping {
    NewMapping {
        name: name.to_owned(),
        description: String::new(),
        channel: Channel::Voice,
        kind,
        value: value.to_owned(),
        flow: "timed-presence".parse().expect("a name"),
        version: Version::Latest,
        numbers: Numbers::Checked,
    }
}

fn contact(from: &str) -> Contact {
    let dialled = DUTY_LINE.parse().expect("a number");
    Contact {
        caller: Caller::read(from, Some(&dialled)),
        dialled,
        account: "AC1".parse().expect("an account"),
        direction: Direction::Inbound,
    }
}

#[tokio::test]
async fn a_value_is_kept_in_the_form_in_which_calls_come() {
    // A1.18.
    let line = Line::open().await;
    for (kind, typed, kept) in [
        (MappingKind::ContactPoint, "(506) 555-0101", "+15065550101"),
        (MappingKind::Customer, "1-506-555-0102", "+15065550102"),
        (MappingKind::Source, " AC12 ", "AC12"),
        (MappingKind::Direction, "inbound", "inbound"),
    ] {
        let added = line.app.add_mapping(&line.tenant, mapping(kind.as_str(), kind, typed)).await;
        assert_eq!(added.expect("a good value").value, kept);
    }
    let sip = || mapping("sip", MappingKind::ContactPoint, "sip:duty@example.com");
    let checked = line.app.add_mapping(&line.tenant, sip()).await;
    assert_eq!(
        refused(checked),
        "contact-point: `sip:duty@example.com`: not a telephone number like `+15065550100`; `--force` takes it as it is"
    );
    let forced = NewMapping { numbers: Numbers::AsTyped, ..sip() };
    let forced = line.app.add_mapping(&line.tenant, forced).await.expect("forced");
    assert_eq!(forced.value, "sip:duty@example.com");
}

#[tokio::test]
async fn a_mapping_that_could_not_run_is_refused() {
    let line = Line::open().await;
    let point = |value| mapping("new", MappingKind::ContactPoint, value);
    for (new, why) in [
        (
            NewMapping { channel: Channel::Email, ..point("+15065550101") },
            "unsupported_channel: mappings for `email` are not run; use voice, sms or any",
        ),
        (
            NewMapping { version: Version::Fixed(2), ..point("+15065550101") },
            "flow `timed-presence` has no published version 2; see `dutyline flow list`",
        ),
        (
            NewMapping { flow: "lunch".parse().expect("a name"), ..point("+15065550101") },
            "flow `lunch` has no published version at all; see `dutyline flow list`",
        ),
        (point(ADA), "number_in_use: +15062345678 is an extension of user `ada`; remove it there first"),
        (
            mapping("new", MappingKind::Direction, "sideways"),
            "direction: `sideways`: `sideways` is not one of inbound, outbound, agent-initiated",
        ),
        (
            NewMapping { name: " ".to_owned(), ..point("+15065550101") },
            "name: ` `: give 1 to 100 letters on one line",
        ),
    ] {
        assert_eq!(refused(line.app.add_mapping(&line.tenant, new).await), why);
    }
    let same = refused(line.app.add_mapping(&line.tenant, point(DUTY_LINE)).await);
    assert!(
        same.starts_with("mapping_conflict: an active mapping answers contact-point `+15065550100`"),
        "{same}"
    );
    assert!(line.told().await.is_empty());
}

#[tokio::test]
async fn a_dialled_number_is_one_tenants() {
    // D33.
    let line = Line::open().await;
    let other = dutyline::app::tenants::fresh("other".parse().expect("a slug"));
    let other = line.app.add_tenant(other).await.expect("new");
    let line = line.of(other);
    line.publish(include_str!("../../../flows/timed-presence.toml")).await;
    let taken = mapping("duty", MappingKind::ContactPoint, DUTY_LINE);
    let taken = refused(line.app.add_mapping(&line.tenant, taken).await);
    assert!(taken.contains("(tenant `default`)"), "{taken}");
}

#[tokio::test]
async fn a_disabled_mapping_makes_room_and_is_checked_when_it_comes_back() {
    // D42.
    let line = Line::open().await;
    let point = |name| mapping(name, MappingKind::ContactPoint, "+15065550101");
    let switch = |active| MappingPatch { active: Some(active), ..MappingPatch::default() };
    line.app.add_mapping(&line.tenant, point("one")).await.expect("free");
    line.app.change_mapping(&line.tenant, "one", switch(false)).await.expect("there");
    line.app.add_mapping(&line.tenant, point("two")).await.expect("room");
    let back = refused(line.app.change_mapping(&line.tenant, "one", switch(true)).await);
    assert!(back.contains("(`two`)"), "{back}");
    line.app.remove_mapping(&line.tenant, "two").await.expect("there");
    line.app.change_mapping(&line.tenant, "one", switch(true)).await.expect("room");
    let gone = refused(line.app.remove_mapping(&line.tenant, "two").await);
    assert!(gone.starts_with("no mapping `two`"), "{gone}");
}

#[tokio::test]
async fn a_trial_names_the_mapping_the_flow_and_the_caller() {
    let line = Line::open().await;
    let customer = mapping("Ada's own", MappingKind::Customer, ADA);
    line.app.add_mapping(&line.tenant, customer).await.expect("free");
    let found = line.app.dispatch(contact(ADA)).await.expect("readable").expect("it is answered");
    assert_eq!(
        (found.mapping.as_str(), found.flow.as_str(), found.version),
        ("Ada's own", "timed-presence", 1)
    );
    assert_eq!(found.user, Some(login("ada")));
    let stranger = line.app.dispatch(contact("+15060000009")).await.expect("readable").expect("answered");
    assert_eq!(stranger.miss.map(|miss| miss.as_str()), Some("no_agent"));
    let mut elsewhere = contact(ADA);
    elsewhere.caller = Caller::Withheld;
    elsewhere.dialled = "+15065550199".parse().expect("a number");
    assert_eq!(line.app.dispatch(elsewhere).await.expect("readable"), None);
}

#[tokio::test]
async fn a_dispatch_number_is_nobodys_extension() {
    // D55, also where the mapping is switched off for a while.
    let line = Line::open().await;
    let point = mapping("new", MappingKind::ContactPoint, "+15065550101");
    line.app.add_mapping(&line.tenant, point).await.expect("free");
    let own = line.app.add_extension(&line.tenant, &login("ada"), at("+15065550101")).await;
    assert!(refused(own).ends_with("called in circles"));
}
