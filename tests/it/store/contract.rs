//! Every method of a unit of work, on a real file: what is put in comes out again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use chrono::TimeDelta;
use dutyline::domain::call::{CallStatus, Outcome, Progress};
use dutyline::domain::dispatch::{Channel, Contact, Direction, Mapping, MappingKind};
use dutyline::domain::event::{Entry as Told, Envelope, EventCause};
use dutyline::domain::ids::{CallId, EventId, MappingId, Name};
use dutyline::domain::phone::Caller;
use dutyline::domain::presence::{Cause, Presence, Reason, Source, State};
use dutyline::domain::trust::{PinOutcome, PinRecord};
use dutyline::flow::engine::Input;
use dutyline::flow::prompt::catalogue::{Content, Entry};
use dutyline::flow::reply::{MediaFormat, MediaRef, Reply, Then};
use dutyline::store::calls::{Call, Encounter, Revisions};
use dutyline::store::flows::{FlowState, FlowVersion};
use dutyline::store::steps::Step;
use dutyline::store::{StoreError, Tx};

use crate::harness::store::{ADAS, Desk, OURS, at, call, entry, on_duty_until, tenant, user};

/// Runs reads, given as the body of an async block over `tx`.
macro_rules! read {
    ($desk:expr, $tx:ident => $body:expr) => {
        $desk
            .store
            .read::<_, StoreError, _>(|$tx: &mut Tx<'_>| Box::pin(async move { Ok($body) }))
            .await
            .expect("readable")
    };
}

fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

fn mapping() -> Mapping {
    Mapping {
        id: MappingId::from_bits(1),
        name: "main".to_owned(),
        description: "the main line".to_owned(),
        channel: Channel::Voice,
        kind: MappingKind::ContactPoint,
        value: OURS.to_owned(),
        flow: name("line"),
        version: Some(1),
        active: true,
    }
}

fn flow(version: u32, state: FlowState) -> FlowVersion {
    FlowVersion {
        flow: name("line"),
        version,
        state,
        source: "[flow]".to_owned(),
        uses: BTreeMap::from([(name("other"), 3)]),
        created_at: at(1),
    }
}

fn step(turn: u32) -> Step {
    Step {
        turn,
        at: at(2),
        input: Input::Keys("12".parse().expect("keys")),
        decided: vec!["online".to_owned()],
        reply: Reply { speech: Vec::new(), then: Then::HangUp },
    }
}

fn prompt(called: &str, content: Content) -> Entry {
    Entry { language: "en".parse().expect("a tag"), name: name(called), content }
}

fn hello() -> Entry {
    prompt("hello", Content::Say("Hello {name}.".parse().expect("a template")))
}

/// A desk with a user, a mapping and a published flow.
async fn desk() -> Desk {
    let desk = Desk::open().await;
    desk.put(|tx| {
        let acme = tenant("acme");
        tx.insert_user(&acme, &user("ada", ADAS), Some("a hash"));
        tx.save_mapping(&acme.id, &mapping());
        tx.insert_flow(&acme.id, &flow(1, FlowState::Published));
    })
    .await
    .expect("kept");
    desk
}

#[tokio::test]
async fn tenants() {
    let desk = desk().await;
    let mut acme = tenant("acme");
    (acme.name, acme.shared_lines) = ("Acme & Sons".to_owned(), true);
    let saved = acme.clone();
    desk.put(move |tx| tx.save_tenant(&saved)).await.expect("kept");
    acme.revision = desk.revision().await;
    let (slug, other) = (acme.slug.clone(), "nobody".parse().expect("a slug"));
    let by_id = read!(desk, tx => tx.tenant_by_id(&tenant("acme").id).await?);
    assert_eq!(by_id, Some(acme.clone()));
    assert_eq!(read!(desk, tx => tx.tenants().await?), [acme.clone()]);
    assert_eq!(read!(desk, tx => tx.tenant(&slug).await?), Some(acme));
    assert_eq!(read!(desk, tx => tx.tenant(&other).await?), None);
}

#[tokio::test]
async fn secrets() {
    let desk = desk().await;
    assert_eq!(read!(desk, tx => tx.secret("key").await?), None);
    for value in ["one", "two"] {
        desk.put(move |tx| tx.insert_secret("key", value)).await.expect("kept");
    }
    assert_eq!(read!(desk, tx => tx.secret("key").await?).as_deref(), Some("one"));
}

#[tokio::test]
async fn users_and_their_lines() {
    let desk = desk().await;
    let mut ada = user("ada", ADAS);
    ada.has_pin = true;
    let (acme, login) = (tenant("acme"), ada.login.clone());
    assert_eq!(read!(desk, tx => tx.user(&tenant("acme").id, &login).await?), Some(ada.clone()));
    ada.agent_code = Some("1234".parse().expect("a code"));
    ada.zone = None;
    let saved = ada.clone();
    desk.put(move |tx| tx.save_user(&acme, &saved)).await.expect("kept");
    assert_eq!(read!(desk, tx => tx.users(&tenant("acme").id).await?), [ada.clone()]);
    let found = read!(desk, tx => {
        let (acme, code, nobody) = (tenant("acme").id, "1234".parse().expect("a code"), user("bob", ADAS).id);
        let own = user("ada", ADAS).id;
        (
            tx.code_holder(&acme, &code).await?,
            tx.agent_by_code(&acme, &code).await?.map(|agent| agent.login),
            tx.agent_by_id(&acme, &own).await?.map(|agent| agent.login),
            tx.line_holder(&acme, ADAS, &nobody).await?,
            tx.line_holder(&acme, ADAS, &own).await?,
            tx.extension_with_number(ADAS).await?,
            tx.has_number(&acme, &ADAS.parse().expect("a number"), &own).await?,
            tx.has_number(&acme, &OURS.parse().expect("a number"), &own).await?,
        )
    });
    let ada = || Some(ada.login.clone());
    assert_eq!(found, (ada(), ada(), ada(), ada(), None, ada(), true, false));
    // A1.4, I18: no other active user gets the number.
    let taken = desk.put(|tx| tx.insert_user(&tenant("acme"), &user("bob", ADAS), None)).await;
    assert!(matches!(taken, Err(StoreError::Conflict(_))), "{taken:?}");
}

#[tokio::test]
async fn pins() {
    let desk = desk().await;
    let record = PinRecord { wrong_in_a_row: 5, locked_until: Some(at(15)) };
    let attempts = [PinOutcome::Wrong, PinOutcome::Right, PinOutcome::WrongAndLocked];
    desk.put(move |tx| {
        let (acme, ada) = (tenant("acme").id, user("ada", ADAS).id);
        tx.save_pin_record(&acme, &ada, record);
        for (number, outcome) in (1..).zip(attempts) {
            let dialled = OURS.parse().expect("a number");
            tx.insert_pin_attempt(&acme, &EventId::from_bits(number), (&dialled, Some(&ada)), outcome);
        }
    })
    .await
    .expect("kept");
    let agent =
        || async { read!(desk, tx => tx.agent_by_id(&tenant("acme").id, &user("ada", ADAS).id).await?) };
    let kept = agent().await.expect("an agent");
    assert_eq!((kept.pin, kept.pin_hash.as_deref()), (record, Some("a hash")));
    let counts = read!(desk, tx => {
        let (acme, dialled) = (tenant("acme").id, OURS.parse().expect("a number"));
        (tx.count_wrong_pins(&acme, &dialled, at(-1)).await?, tx.count_wrong_pins(&acme, &dialled, at(0)).await?)
    });
    assert_eq!(counts, (2, 0));
    desk.put(|tx| tx.save_pin(&tenant("acme").id, &user("ada", ADAS).id, Some("another")))
        .await
        .expect("kept");
    let kept = agent().await.expect("an agent");
    assert_eq!((kept.pin, kept.pin_hash.as_deref()), (PinRecord::default(), Some("another")));
}

#[tokio::test]
async fn presence_in_every_state() {
    let desk = desk().await;
    let cause = |reason| Some(Cause { source: Source::Phone, reason, call: Some(CallId::from_bits(7)) });
    let online = Presence { cause: cause(Reason::LoggedIn), ..on_duty_until(60) };
    let offline = Presence {
        state: State::Offline { since: Some(at(5)) },
        generation: 2,
        at: Some(at(5)),
        cause: cause(Reason::Other("lunch".to_owned())),
        hold: Some("training".to_owned()),
    };
    for (presence, armed) in [(online, 1), (offline, 0)] {
        let saved = presence.clone();
        desk.put(move |tx| tx.save_presence(&tenant("acme").id, &user("ada", ADAS).id, &saved))
            .await
            .expect("kept");
        let board = read!(desk, tx => tx.board(&tenant("acme").id).await?);
        assert_eq!(board.into_iter().map(|agent| agent.presence).collect::<Vec<_>>(), [presence]);
        assert_eq!(read!(desk, tx => tx.armed().await?), armed);
    }
}

#[tokio::test]
async fn a_due_window_waits_for_a_menu_that_was_open_at_its_end() {
    let desk = desk().await;
    desk.put(|tx| {
        let acme = tenant("acme").id;
        tx.save_presence(&acme, &user("ada", ADAS).id, &on_duty_until(60));
        tx.insert_call(&acme, &call());
        // Another menu of hers, which was not open then.
        let (id, sid) = (CallId::from_bits(8), "CA2".parse().expect("a call"));
        tx.insert_call(&acme, &Call { id, sid, menu_since: Some(at(60)), ..call() });
    })
    .await
    .expect("kept");
    // Minutes, for how many tenants there may be something to do, whether the window is due, and when to look again.
    for (now, tenants, due, next) in
        [(59, 0, 0, Some(60)), (60, 1, 0, Some(61)), (61, 1, 1, None), (90, 1, 1, None)]
    {
        desk.clock.advance(at(now) - desk.clock.now());
        let found = read!(desk, tx => (
            tx.tenants_with_due().await?.len(),
            tx.due(&tenant("acme").id, 10).await?.len(),
            tx.next_deadline().await?,
        ));
        assert_eq!(found, (tenants, due, next.map(at)), "minute {now}");
    }
    desk.clock.advance(at(60) - desk.clock.now());
    let ended = Call { menu_since: None, ..call() };
    desk.put(move |tx| tx.save_call(&tenant("acme").id, &ended)).await.expect("kept");
    assert_eq!(read!(desk, tx => tx.due(&tenant("acme").id, 10).await?.len()), 1, "the menu was answered");
}

#[tokio::test]
async fn calls_and_their_steps() {
    let desk = desk().await;
    let mut begun = call();
    begun.steps.push(&step(0));
    let mut ended = Call {
        progress: Progress { status: CallStatus::Completed, sequence: Some(3) },
        outcome: Some(Outcome::Online),
        menu_since: None,
        ended_at: Some(at(4)),
        ..begun.clone()
    };
    ended.steps.push(&step(1));
    let saved = begun.clone();
    desk.put(move |tx| tx.insert_call(&tenant("acme").id, &saved)).await.expect("kept");
    let in_hand = read!(desk, tx => tx.call_in_hand(&call().id).await?).expect("a call");
    assert_eq!((in_hand.call, in_hand.agent.map(|agent| agent.id)), (begun, call().user));
    assert_eq!((in_hand.tenant, in_hand.revision), (tenant("acme").id, desk.revision().await));
    assert!(read!(desk, tx => tx.call_in_hand(&CallId::from_bits(404)).await?).is_none());
    let lost = read!(desk, tx => (tx.lost_calls(&tenant("acme").id, at(2)).await?.len(), tx.lost_calls(&tenant("acme").id, at(3)).await?.len()));
    assert_eq!(lost, (0, 1));
    let saved = ended.clone();
    desk.put(move |tx| tx.save_call(&tenant("acme").id, &saved)).await.expect("kept");
    assert_eq!(read!(desk, tx => tx.call(&tenant("acme").id, &call().id).await?), Some(ended.clone()));
    assert_eq!(read!(desk, tx => tx.call_by_sid(&tenant("acme").id, "CA1").await?), Some(ended.clone()));
    assert_eq!(ended.steps.all().expect("a list"), [step(0), step(1)]);
    assert_eq!(ended.steps.of_turn(1).expect("a list"), Some(step(1)));
    assert_eq!(ended.steps.of_turn(2).expect("a list"), None);
    assert_eq!(read!(desk, tx => tx.calls(&tenant("acme").id, 5).await?), [ended]);
    assert!(read!(desk, tx => tx.lost_calls(&tenant("acme").id, at(9)).await?).is_empty());
}

/// Ada calls again.
async fn encounter(desk: &Desk) -> Encounter {
    let (ada, again) = (user("ada", ADAS).id, call().id);
    read!(desk, tx => tx.encounter(&tenant("acme").id, &ada, &again).await?).expect("a user")
}

#[tokio::test]
async fn arrivals_know_the_caller_and_the_mapping() {
    let desk = desk().await;
    let arrivals = |caller: &str| {
        let dialled = OURS.parse().expect("a number");
        let contact = Contact {
            account: call().account,
            caller: Caller::read(caller, Some(&dialled)),
            dialled,
            direction: Direction::Inbound,
        };
        async { read!(desk, tx => tx.arrivals(&contact, &call().id).await?) }
    };
    let found = arrivals(ADAS).await;
    let [arrival] = &found[..] else { panic!("{found:?}") };
    assert_eq!((&arrival.tenant, arrival.revision), (&tenant("acme").id, desk.revision().await));
    assert_eq!(arrival.mapping, mapping().id);
    let candidate = arrival.candidate.as_ref().expect("a user");
    assert_eq!((&candidate.agent.login, candidate.is_active), (&user("ada", ADAS).login, true));
    assert!(!arrival.is_known);
    let revision = candidate.revision;
    let before = encounter(&desk).await;
    let revisions = Revisions { tenant: desk.revision().await, user: revision };
    assert_eq!((before.revisions, before.presence, before.is_known), (revisions, Presence::default(), false));
    desk.put(|tx| tx.save_user(&tenant("acme"), &user("ada", ADAS))).await.expect("kept");
    desk.put(|tx| tx.save_presence(&tenant("acme").id, &user("ada", ADAS).id, &on_duty_until(60)))
        .await
        .expect("kept");
    desk.put(|tx| tx.insert_call(&tenant("acme").id, &call())).await.expect("kept");
    let after = encounter(&desk).await;
    let revisions = Revisions { user: revision + 1, ..revisions };
    assert_eq!((after.revisions, after.presence, after.is_known), (revisions, on_duty_until(60), true));
    let found = arrivals("anonymous").await;
    assert!(matches!(&found[..], [arrival] if arrival.candidate.is_none() && arrival.is_known), "{found:?}");
}

#[tokio::test]
async fn flows() {
    let desk = desk().await;
    desk.put(|tx| tx.insert_flow(&tenant("acme").id, &flow(2, FlowState::Draft))).await.expect("kept");
    let (first, draft) = (flow(1, FlowState::Published), flow(2, FlowState::Draft));
    assert_eq!(read!(desk, tx => tx.flows(&tenant("acme").id).await?), [first.clone(), draft.clone()]);
    assert_eq!(read!(desk, tx => tx.flow(&tenant("acme").id, &name("line"), 2).await?), Some(draft));
    assert_eq!(read!(desk, tx => tx.latest_flow(&tenant("acme").id, &name("line")).await?), Some(first));
    let again = desk.put(|tx| tx.insert_flow(&tenant("acme").id, &flow(1, FlowState::Published))).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))), "a published version never changes");
}

#[tokio::test]
async fn mappings() {
    let desk = desk().await;
    let found = read!(desk, tx => {
        let (other, dialled) = (MappingId::from_bits(2), OURS.parse().expect("a number"));
        (
            tx.contact_point_holder(OURS, Channel::Voice, &other).await?,
            tx.contact_point_holder(OURS, Channel::Voice, &mapping().id).await?,
            tx.is_contact_point(&dialled).await?,
            tx.is_contact_point(&ADAS.parse().expect("a number")).await?,
        )
    });
    assert_eq!(found, (Some(tenant("acme").slug), None, true, false));
    assert_eq!(read!(desk, tx => tx.contact_points().await?), BTreeSet::from([OURS.to_owned()]));
    desk.put(|tx| tx.insert_flow(&tenant("acme").id, &flow(2, FlowState::Published))).await.expect("kept");
    desk.put(|tx| tx.insert_flow(&tenant("acme").id, &flow(3, FlowState::Draft))).await.expect("kept");
    for (version, runs) in [(Some(1), 1), (None, 2), (Some(3), 2), (Some(7), 2)] {
        let saved = Mapping { version, ..mapping() };
        desk.put(move |tx| tx.save_mapping(&tenant("acme").id, &saved)).await.expect("kept");
        let in_force = read!(desk, tx => tx.mapping_in_force(&tenant("acme").id, &mapping().id).await?);
        assert_eq!(in_force, Some((Mapping { version, ..mapping() }, Some(runs))), "{version:?}");
    }
    let changed = Mapping { version: None, active: false, ..mapping() };
    let saved = changed.clone();
    desk.put(move |tx| tx.save_mapping(&tenant("acme").id, &saved)).await.expect("kept");
    assert_eq!(read!(desk, tx => tx.mapping(&tenant("acme").id, "main").await?), Some(changed));
    desk.put(|tx| tx.delete_mapping(&tenant("acme").id, &mapping().id)).await.expect("kept");
    assert_eq!(read!(desk, tx => tx.mappings(&tenant("acme").id).await?), []);
}

#[tokio::test]
async fn prompts_and_recordings() {
    let desk = desk().await;
    let media = MediaRef { sha256: "a".repeat(64).parse().expect("a digest"), format: MediaFormat::Mp3 };
    let presets = vec![8.try_into().expect("hours")];
    let entries = [
        hello(),
        prompt("jingle", Content::Play { media: media.clone(), presets }),
        prompt("opening", Content::List(vec![name("jingle"), name("hello")])),
    ];
    let (kept, recording) = (entries.clone(), media.clone());
    desk.put(move |tx| {
        for entry in &kept {
            tx.save_prompt(&tenant("acme").id, entry);
        }
        tx.insert_media(&recording, vec![1, 2, 3], 10, 8000);
        tx.insert_media(&recording, vec![1, 2, 3], 10, 8000);
    })
    .await
    .expect("kept");
    assert_eq!(read!(desk, tx => tx.prompts(&tenant("acme").id).await?), entries);
    assert_eq!(read!(desk, tx => tx.media_names().await?), BTreeSet::from([media.clone()]));
    assert_eq!(read!(desk, tx => tx.media(&media).await?), Some(vec![1, 2, 3]));
    desk.put(|tx| {
        tx.delete_prompt(&tenant("acme").id, &"en".parse().expect("a tag"), &name("opening"));
    })
    .await
    .expect("kept");
    assert_eq!(read!(desk, tx => tx.prompts(&tenant("acme").id).await?), entries[..2]);
}

#[tokio::test]
async fn events() {
    let desk = desk().await;
    desk.put(|tx| tx.append(&tenant("acme").id, (1..=3).map(entry))).await.expect("kept");
    let seqs = |events: Vec<Envelope>| -> Vec<u64> { events.into_iter().map(|event| event.seq).collect() };
    assert_eq!(seqs(read!(desk, tx => tx.events_after(&tenant("acme"), 1, 10).await?)), [2, 3]);
    assert_eq!(desk.last_seq("acme").await, 3);
    let [first] = &read!(desk, tx => tx.events_after(&tenant("acme"), 0, 1).await?)[..] else {
        panic!("none")
    };
    let (id, told) = entry(1);
    assert_eq!((&first.id, &first.event, &first.cause, first.at), (&id, &told.event, &told.cause, at(0)));
}

#[tokio::test]
async fn events_are_found_by_kind_and_by_who_brought_them_about() {
    let desk = desk().await;
    desk.put(|tx| {
        let by_admin = |number, subject: &str| {
            let (id, told) = entry(number);
            (id, Told { subject: subject.to_owned(), cause: EventCause::actor("admin:cli"), ..told })
        };
        tx.append(&tenant("acme").id, [entry(1), by_admin(2, "user:ada"), by_admin(3, "user:bob")]);
    })
    .await
    .expect("kept");
    let (presence, admin, about_ada) = read!(desk, tx => {
        let acme = tenant("acme");
        (
            tx.presence_events_of(&acme, "user:ada", 9).await?.len(),
            tx.admin_events(&acme, 9).await?.len(),
            tx.admin_events_of(&acme, "user:ada", 9).await?.len(),
        )
    });
    assert_eq!((presence, admin, about_ada), (2, 2, 1));
}

#[tokio::test]
async fn what_is_old_is_forgotten() {
    // D58.
    let desk = desk().await;
    desk.put(|tx| {
        let acme = tenant("acme").id;
        let mut ended = Call { ended_at: Some(at(4)), ..call() };
        ended.steps.push(&step(0));
        tx.insert_call(&acme, &ended);
        tx.append(&acme, [entry(1)]);
        let dialled = OURS.parse().expect("a number");
        tx.insert_pin_attempt(&acme, &EventId::from_bits(1), (&dialled, None), PinOutcome::Wrong);
    })
    .await
    .expect("kept");
    for (old, left) in [(at(0), (1, 1, 1, 1)), (at(4) + TimeDelta::milliseconds(1), (0, 0, 0, 0))] {
        desk.put(move |tx| tx.purge_steps(&tenant("acme").id, old)).await.expect("kept");
        let call = read!(desk, tx => tx.call(&tenant("acme").id, &call().id).await?).expect("kept longer");
        let steps = call.steps.all().expect("a list").len();
        desk.put(move |tx| {
            tx.purge_history(&tenant("acme").id, old);
            tx.purge_pin_attempts(&tenant("acme").id, old);
        })
        .await
        .expect("kept");
        let found = read!(desk, tx => {
            let acme = tenant("acme");
            let dialled = OURS.parse().expect("a number");
            (
                steps,
                tx.calls(&acme.id, 9).await?.len(),
                tx.events_after(&acme, 0, 9).await?.len(),
                tx.count_wrong_pins(&acme.id, &dialled, at(-1)).await?,
            )
        });
        assert_eq!(found, left);
    }
    assert_eq!(desk.last_seq("acme").await, 1, "numbers are not used again");
}

#[tokio::test]
async fn whatever_admins_set_up_raises_the_revision() {
    let desk = desk().await;
    let changes: [fn(&mut Tx<'_>); 6] = [
        |tx| tx.save_tenant(&tenant("acme")),
        |tx| tx.save_mapping(&tenant("acme").id, &mapping()),
        |tx| tx.delete_mapping(&tenant("acme").id, &mapping().id),
        |tx| tx.insert_flow(&tenant("acme").id, &flow(2, FlowState::Draft)),
        |tx| tx.save_prompt(&tenant("acme").id, &hello()),
        |tx| tx.delete_prompt(&tenant("acme").id, &hello().language, &hello().name),
    ];
    for (place, change) in changes.into_iter().enumerate() {
        let before = desk.revision().await;
        desk.put(change).await.expect("kept");
        assert_eq!(desk.revision().await, before + 1, "change {place}");
    }
}

#[tokio::test]
async fn whatever_changes_a_user_raises_their_revision() {
    let desk = desk().await;
    let changes: [fn(&mut Tx<'_>); 3] = [
        |tx| tx.save_user(&tenant("acme"), &user("ada", ADAS)),
        |tx| tx.save_pin(&tenant("acme").id, &user("ada", ADAS).id, Some("another hash")),
        |tx| tx.save_pin_record(&tenant("acme").id, &user("ada", ADAS).id, PinRecord::default()),
    ];
    for (place, change) in changes.into_iter().enumerate() {
        let before = encounter(&desk).await.revisions.user;
        desk.put(change).await.expect("kept");
        assert_eq!(encounter(&desk).await.revisions.user, before + 1, "change {place}");
    }
}

#[test]
fn every_method_of_a_unit_of_work_is_called_here() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file: &str| fs::read_to_string(root.join(file)).expect("a readable file");
    let here = read("tests/it/store/contract.rs") + &read("tests/it/harness/store.rs");
    let mut missing = Vec::new();
    for entry in fs::read_dir(root.join("src/store")).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        let source =
            if path.is_file() { fs::read_to_string(path).expect("a readable file") } else { continue };
        let methods = source.split("impl Tx<'_> {").skip(1).flat_map(|code| {
            let code = code.split("\n}").next().unwrap_or_default();
            code.lines().filter_map(|line| line.strip_prefix("    pub "))
        });
        for method in methods {
            let method = method.trim_start_matches("async ").trim_start_matches("fn ");
            let called = method.split(['(', '<']).next().unwrap_or_default().to_owned();
            if !here.contains(&format!("tx.{called}(")) {
                missing.push(called);
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}
