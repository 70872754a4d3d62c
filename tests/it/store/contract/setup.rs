//! Flows, mappings, prompts and recordings.

use std::collections::BTreeSet;

use dutyline::domain::dispatch::{Channel, Mapping};
use dutyline::domain::ids::MappingId;
use dutyline::flow::prompt::catalogue::{Content, Entry};
use dutyline::flow::reply::{MediaFormat, MediaRef};
use dutyline::store::flows::{FlowState, FlowVersion};
use dutyline::store::{StoreError, Tx};

use super::{desk, flow, hello, mapping, name, prompt};
use crate::harness::store::{ADAS, OURS, tenant};

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
async fn lists_go_on_behind_an_item() {
    let desk = desk().await;
    desk.put(|tx| {
        let acme = tenant("acme").id;
        for version in [2, 10] {
            tx.insert_flow(&acme, &flow(version, FlowState::Draft));
        }
        let other =
            Mapping { id: MappingId::from_bits(2), name: "zoo".to_owned(), active: false, ..mapping() };
        tx.save_mapping(&acme, &other);
        for (language, called) in [("fr", "aha"), ("en", "bye"), ("en", "hello")] {
            let language = language.parse().expect("a tag");
            tx.save_prompt(&acme, &Entry { language, name: name(called), ..hello() });
        }
    })
    .await
    .expect("kept");
    let versions = |found: Vec<FlowVersion>| found.iter().map(|flow| flow.version).collect::<Vec<_>>();
    assert_eq!(versions(read!(desk, tx => tx.flows_after(&tenant("acme").id, None, 2).await?)), [1, 2]);
    let second = (name("line"), 2);
    assert_eq!(
        versions(read!(desk, tx => tx.flows_after(&tenant("acme").id, Some(&second), 2).await?)),
        [10]
    );
    let names = |found: Vec<Mapping>| found.into_iter().map(|mapping| mapping.name).collect::<Vec<_>>();
    assert_eq!(names(read!(desk, tx => tx.mappings_after(&tenant("acme").id, "", 1).await?)), ["main"]);
    assert_eq!(names(read!(desk, tx => tx.mappings_after(&tenant("acme").id, "main", 9).await?)), ["zoo"]);
    let spoken = |found: Vec<Entry>| -> Vec<String> {
        found.iter().map(|entry| format!("{} {}", entry.language, entry.name)).collect()
    };
    assert_eq!(
        spoken(read!(desk, tx => tx.prompts_after(&tenant("acme").id, None, 2).await?)),
        ["en bye", "en hello"]
    );
    let hello = ("en".parse().expect("a tag"), name("hello"));
    assert_eq!(
        spoken(read!(desk, tx => tx.prompts_after(&tenant("acme").id, Some(&hello), 2).await?)),
        ["fr aha"]
    );
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
