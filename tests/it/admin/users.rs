//! Users and their numbers (A1.1 to A1.6, D36, D37, D55, D56, I18).

use dutyline::app::users::{NewExtension, UserPatch};
use dutyline::domain::edit::Edit;
use dutyline::domain::event::Event;
use dutyline::domain::presence::Reason;
use serde_json::json;

use super::{add, at, login, named, refused};
use crate::harness::line::{ADA, DUTY_LINE, Line};

#[tokio::test]
async fn a_number_is_kept_in_one_form_however_it_was_typed() {
    // A1.2, A1.3.
    let line = Line::open().await;
    for (name, typed, kept) in [
        ("bob", "+1-506-234-5601", "+15062345601"),
        ("cyd", "15062345602", "+15062345602"),
        ("dan", "(506) 234-5603", "+15062345603"),
        ("eve", "442071838750", "+442071838750"),
    ] {
        let user = add(&line, name, typed).await.expect("a number");
        assert_eq!(user.extensions[0].number.as_str(), kept);
        assert_eq!(user.extensions[0].description, user.name);
    }
}

#[tokio::test]
async fn a_number_that_no_agent_may_have_is_refused_and_nobody_is_added() {
    let line = Line::open().await;
    for (number, why) in [
        ("12", "`12`: Phone number should be in E.164 format, like `+15062345678`."),
        (ADA, "number_in_use: +15062345678 is an extension of user `ada`; remove it there first"),
        (
            DUTY_LINE,
            "+15065550100 is a number that calls come in on; an agent reached there would be called in circles",
        ),
        (
            "+19005550100",
            "`+19005550100` is a premium-rate number; agents are reached at fixed, mobile and VoIP numbers only",
        ),
    ] {
        assert_eq!(refused(add(&line, "bob", number).await), why);
    }
    let users = line.app.users(&line.tenant).await.expect("readable");
    assert_eq!(users.len(), 1);
    assert!(line.told().await.is_empty());
}

#[tokio::test]
async fn an_extension_is_up_to_ten_digits() {
    let line = Line::open().await;
    for (ext, good) in [("12345", true), ("", true), ("12345678901", false), ("12#", false), ("x", false)] {
        let new = NewExtension { ext: Some(ext.to_owned()), ..at("+15062345601") };
        let added = line.app.add_extension(&line.tenant, &login("ada"), new).await;
        assert_eq!(added.is_ok(), good, "{ext}");
        if let Ok(user) = added {
            let shown = user.extensions[1].shown();
            assert_eq!(shown, if ext.is_empty() { "+1 506-234-5601" } else { "+15062345601x12345" });
            line.app.remove_extension(&line.tenant, &user.login, 2).await.expect("it is there");
        }
    }
}

#[tokio::test]
async fn the_next_number_takes_the_first_ones_place() {
    // A1.6.
    let (line, ada) = (Line::open().await, login("ada"));
    line.app.add_extension(&line.tenant, &ada, at("+15062345601")).await.expect("free");
    line.app.add_extension(&line.tenant, &ada, at("+15062345602")).await.expect("free");
    let moved = line.app.move_extension(&line.tenant, &ada, 3, 1).await.expect("there");
    let numbers: Vec<&str> = moved.extensions.iter().map(|ext| ext.number.as_str()).collect();
    assert_eq!(numbers, ["+15062345602", ADA, "+15062345601"]);
    let left = line.app.remove_extension(&line.tenant, &ada, 1).await.expect("there");
    assert_eq!(left.extensions[0].number.as_str(), ADA);
    for (from, to) in [(0, 1), (3, 1), (1, 0), (1, 3)] {
        let moved = line.app.move_extension(&line.tenant, &ada, from, to).await;
        assert!(refused(moved).starts_with("user `ada` has no extension"), "{from} to {to}");
    }
    assert_eq!(
        line.told().await,
        ["extension.added", "extension.added", "extension.moved", "extension.removed"]
    );
}

#[tokio::test]
async fn an_agent_without_a_number_is_off_duty_in_the_same_moment() {
    // D36.
    let line = Line::open().await;
    line.call_from(ADA).await.presses("1").await;
    line.app.add_extension(&line.tenant, &login("ada"), at("+15062345601")).await.expect("free");
    line.app.remove_extension(&line.tenant, &login("ada"), 1).await.expect("there");
    assert!(line.online_until("ada").await.is_some(), "one number is left");
    line.app.remove_extension(&line.tenant, &login("ada"), 1).await.expect("there");
    assert_eq!(line.online_until("ada").await, None);
    let ended = |event| if let Event::PresenceOffline(ending) = event { Some(ending) } else { None };
    let ending = line.events().await.into_iter().rev().find_map(|one| ended(one.event)).expect("an end");
    assert_eq!(ending.cause.reason, Reason::NoExtension);
}

#[tokio::test]
async fn a_deactivated_user_is_off_duty_and_their_number_is_free() {
    // D37, A1.4.
    let line = Line::open().await;
    line.call_from(ADA).await.presses("1").await;
    line.app.deactivate_user(&line.tenant, &login("ada")).await.expect("there");
    assert_eq!(line.told().await, ["presence.online", "user.deactivated", "presence.offline"]);
    assert_eq!(line.presence_reason("ada").await, Some(Reason::Deactivated));
    add(&line, "bob", ADA).await.expect("the number is free");
    let again = UserPatch { active: Some(true), ..UserPatch::default() };
    let again = line.app.change_user(&line.tenant, &login("ada"), again).await;
    assert!(refused(again).starts_with("number_in_use"));
}

#[tokio::test]
async fn a_patch_changes_what_it_names_and_leaves_the_rest() {
    let line = Line::open().await;
    let ada = login("ada");
    let patch = UserPatch {
        zone: Some(Edit::Clear),
        agent_code: Some(Edit::Set("77".parse().expect("a code"))),
        pin: Some(Edit::Set("1234".to_owned().into())),
        ..UserPatch::default()
    };
    let user = line.app.change_user(&line.tenant, &ada, patch).await.expect("there");
    assert_eq!((user.name.as_str(), user.zone, user.has_pin), ("Ada Agent", None, true));
    let mut bob = named("bob", None);
    bob.agent_code = Some("77".parse().expect("a code"));
    let bob = line.app.add_user(&line.tenant, bob).await;
    assert_eq!(refused(bob), "agent code `77` is user `ada`'s; choose another one");
    let short = UserPatch { pin: Some(Edit::Set("12".to_owned().into())), ..UserPatch::default() };
    let short = line.app.change_user(&line.tenant, &ada, short).await;
    assert_eq!(refused(short), "pin: `***`: a PIN is 4 to 12 digits");
}

/// A5.14.
#[tokio::test]
async fn skills_count_at_once_and_the_log_tells_what_they_were() {
    let line = Line::open().await;
    let skilled =
        |skills: &str| UserPatch { skills: Some(skills.parse().expect("skills")), ..UserPatch::default() };
    line.app.change_user(&line.tenant, &login("ada"), skilled("french")).await.expect("there");
    let user = line.app.change_user(&line.tenant, &login("ada"), skilled("billing")).await.expect("there");
    assert_eq!(user.skills.to_string(), "billing");
    line.app.change_user(&line.tenant, &login("ada"), skilled("billing")).await.expect("there");
    assert_eq!(line.told().await, ["user.changed"; 2]);
    let last = line.events().await.pop().expect("an event");
    let (_, told) = last.event.split();
    assert_eq!(
        (&told["before"]["skills"], &told["after"]["skills"]),
        (&json!(["french"]), &json!(["billing"]))
    );
}

#[tokio::test]
async fn a_patch_that_changes_nothing_is_no_event() {
    let line = Line::open().await;
    let patch = UserPatch { name: Some("Ada Agent".to_owned()), ..UserPatch::default() };
    line.app.change_user(&line.tenant, &login("ada"), patch).await.expect("there");
    assert_eq!(line.told().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_slip_in_a_login_is_understood() {
    let line = Line::open().await;
    assert_eq!(
        refused(line.app.user(&line.tenant, &login("adda")).await),
        "no user `adda`; did you mean `ada`?"
    );
    let stranger = line.app.user(&line.tenant, &login("zoe")).await;
    assert_eq!(refused(stranger), "no user `zoe`; `dutyline user list` shows those there are");
    assert_eq!(
        refused(line.app.add_user(&line.tenant, named("ada", None)).await),
        "user `ada` exists already; choose another name, or change it with `set`"
    );
}
