//! Users, their lines and their PINs.

use dutyline::domain::ids::EventId;
use dutyline::domain::trust::{PinOutcome, PinRecord};
use dutyline::store::{StoreError, Tx};

use super::{desk, encounter};
use crate::harness::store::{ADAS, OURS, at, tenant, user};

#[tokio::test]
async fn users_and_their_lines() {
    let desk = desk().await;
    let mut ada = user("ada", ADAS);
    ada.has_pin = true;
    let (acme, login) = (tenant("acme"), ada.login.clone());
    assert_eq!(read!(desk, tx => tx.user(&tenant("acme").id, &login).await?), Some(ada.clone()));
    ada.agent_code = Some("1234".parse().expect("a code"));
    ada.zone = None;
    ada.skills = "billing, french".parse().expect("skills");
    let saved = ada.clone();
    desk.put(move |tx| tx.save_user(&acme, &saved)).await.expect("kept");
    assert_eq!(read!(desk, tx => tx.users(&tenant("acme").id).await?), [ada.clone()]);
    let (login, nobody) = (ada.login.clone(), "bob".parse().expect("a login"));
    assert_eq!(read!(desk, tx => tx.user_revision(&tenant("acme").id, &login).await?), Some(1));
    assert_eq!(read!(desk, tx => tx.user_revision(&tenant("acme").id, &nobody).await?), None);
    for (after, limit, found) in [(None, 1, 1), (Some("ac"), 1, 1), (Some("ada"), 1, 0), (None, 0, 0)] {
        let after = after.map(|login| login.parse().expect("a login"));
        let page = read!(desk, tx => tx.users_after(&tenant("acme").id, after.as_ref(), limit).await?);
        assert_eq!(page, vec![ada.clone(); found]);
    }
    let found = read!(desk, tx => {
        let (acme, code, nobody) = (tenant("acme").id, "1234".parse().expect("a code"), user("bob", ADAS).id);
        let own = user("ada", ADAS).id;
        (
            tx.code_holder(&acme, &code).await?,
            tx.agent_by_code(&acme, &code).await?.map(|agent| agent.login),
            tx.agent_by_id(&acme, &own).await?.map(|agent| (agent.login, agent.skills)),
            tx.line_holder(&acme, ADAS, &nobody).await?,
            tx.line_holder(&acme, ADAS, &own).await?,
            tx.extension_with_number(ADAS).await?,
            tx.has_number(&acme, &ADAS.parse().expect("a number"), &own).await?,
            tx.has_number(&acme, &OURS.parse().expect("a number"), &own).await?,
        )
    });
    let skilled = Some((ada.login.clone(), ada.skills.clone()));
    let ada = || Some(ada.login.clone());
    assert_eq!(found, (ada(), ada(), skilled, ada(), None, ada(), true, false));
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
