use chrono::TimeDelta;

use super::*;
use crate::domain::dispatch::Channel;
use crate::domain::ids::{ExtensionId, MappingId, UserId};
use crate::domain::skills::Skills;
use crate::domain::user::Extension;
use crate::store::{Clock, Scope};

const FLOW: &str = include_str!("../../../flows/timed-presence.toml");

fn user(number: u128, login: &str) -> User {
    let extension = Extension {
        id: ExtensionId::from_bits(number),
        number: "+15065550100".parse().expect("a number"),
        ext: None,
        description: "mobile".to_owned(),
    };
    User {
        id: UserId::from_bits(number),
        login: login.parse().expect("a login"),
        name: login.to_owned(),
        zone: None,
        language: None,
        agent_code: None,
        skills: Skills::default(),
        has_pin: false,
        active: true,
        extensions: vec![extension],
    }
}

fn version(number: u32, source: &str) -> FlowVersion {
    FlowVersion {
        flow: "timed-presence".parse().expect("a name"),
        version: number,
        state: FlowState::Published,
        source: source.to_owned(),
        uses: BTreeMap::new(),
        created_at: Instant::UNIX_EPOCH,
    }
}

fn mapping(number: u128, version: Option<u32>) -> Mapping {
    Mapping {
        id: MappingId::from_bits(number),
        name: format!("line {number}"),
        description: String::new(),
        channel: Channel::Voice,
        kind: MappingKind::ContactPoint,
        value: format!("+1506555010{number}"),
        flow: "timed-presence".parse().expect("a name"),
        version,
        active: true,
    }
}

/// What is not as it should be, after `make` has written into a fresh database.
async fn faults(make: impl FnOnce(&mut Tx<'_>, &Tenant) + Send + 'static) -> Vec<(Verdict, String)> {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}", folder.path().join("test.db").display());
    let app = App::open(&url, Clock::System).await.expect("a new database");
    let tenant = app.ensure_default_tenant().await.expect("a tenant");
    let written = app.store.write::<_, StoreError, _>(Scope::of(&tenant), move |tx| {
        make(tx, &tenant);
        Box::pin(async { Ok(()) })
    });
    written.await.expect("room");
    let findings = app.examine().await.expect("findings");
    let bad = findings.into_iter().filter(|finding| finding.verdict != Verdict::Ok);
    bad.map(|finding| (finding.verdict, finding.found)).collect()
}

#[tokio::test]
async fn a_sound_database_has_no_faults() {
    let found = faults(|tx, tenant| {
        tx.insert_flow(&tenant.id, &version(1, FLOW));
        tx.save_mapping(&tenant.id, &mapping(1, None));
        tx.save_mapping(&tenant.id, &mapping(2, Some(1)));
        tx.insert_user(tenant, &user(1, "ada"), None);
    });
    assert_eq!(found.await, []);
}

#[tokio::test]
async fn a_mapping_without_a_flow_that_runs_is_found() {
    let found = faults(|tx, tenant| {
        tx.save_mapping(&tenant.id, &mapping(1, None));
    });
    let expected = "`line 1` runs `timed-presence`, which has no published version";
    assert_eq!(found.await, [(Verdict::Fail, expected.to_owned())]);
    let found = faults(|tx, tenant| {
        tx.insert_flow(&tenant.id, &version(1, FLOW));
        tx.save_mapping(&tenant.id, &mapping(1, Some(7)));
    });
    let expected = "`line 1` wants `timed-presence` 7, which is not published; 1 runs";
    assert_eq!(found.await, [(Verdict::Warn, expected.to_owned())]);
    let found = faults(|tx, tenant| {
        tx.insert_flow(&tenant.id, &version(1, "[flow]"));
        tx.save_mapping(&tenant.id, &mapping(1, None));
    });
    let verdicts: Vec<_> = found.await.into_iter().map(|(verdict, _)| verdict).collect();
    assert_eq!(verdicts, [Verdict::Fail, Verdict::Fail]);
}

#[tokio::test]
async fn an_agent_on_a_dispatch_number_is_found() {
    let found = faults(|tx, tenant| {
        tx.insert_flow(&tenant.id, &version(1, FLOW));
        tx.save_mapping(&tenant.id, &mapping(0, None));
        tx.insert_user(tenant, &user(1, "ada"), None);
    });
    let expected = "+15065550100 of mapping `line 0` is an extension of user `ada`";
    assert_eq!(found.await, [(Verdict::Fail, expected.to_owned())]);
}

#[test]
fn a_number_that_two_agents_list_is_found() {
    let tenant = crate::app::tenants::fresh("default".parse().expect("a slug"));
    let found = |users: &[User]| numbers(&tenant, users).remove(0);
    assert_eq!(found(&[user(1, "ada")]).verdict, Verdict::Ok);
    let twice = found(&[user(1, "ada"), user(2, "bob")]);
    assert_eq!(twice.found, "+15065550100 is listed by `ada` and `bob`");
    let inactive = User { active: false, ..user(2, "bob") };
    assert_eq!(found(&[user(1, "ada"), inactive]).verdict, Verdict::Ok);
}

#[test]
fn a_clock_that_is_behind_is_found() {
    let now = Instant::UNIX_EPOCH + TimeDelta::days(1);
    for (newest, verdict) in
        [(None, Verdict::Ok), (Some(now), Verdict::Ok), (Some(now + TimeDelta::seconds(2)), Verdict::Fail)]
    {
        assert_eq!(clock(newest, now).verdict, verdict, "{newest:?}");
    }
}

#[test]
fn an_engine_that_may_lose_commits_is_found() {
    for (engine, journal, is_full, verdicts) in [
        ("3.51.3", "wal", true, [Verdict::Ok, Verdict::Ok]),
        ("3.52.0", "wal", true, [Verdict::Ok, Verdict::Ok]),
        ("3.51.2", "wal", true, [Verdict::Fail, Verdict::Ok]),
        ("3.9.2", "wal", true, [Verdict::Fail, Verdict::Ok]),
        ("3.51.3", "delete", true, [Verdict::Ok, Verdict::Fail]),
        ("3.51.3", "wal", false, [Verdict::Ok, Verdict::Fail]),
    ] {
        let (version, journal) = (engine.to_owned(), journal.to_owned());
        let engine = Durability::Sqlite { version, journal, is_full };
        let found: Vec<_> = durability(&engine).into_iter().map(|finding| finding.verdict).collect();
        assert_eq!(found, verdicts, "{engine:?}");
    }
}
