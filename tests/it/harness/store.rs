//! A store on a database of its own, and records to put into it.

use dutyline::domain::call::{CallStatus, Progress};
use dutyline::domain::event::{Entry, Event, EventCause};
use dutyline::domain::ids::{CallId, EventId, ExtensionId, Login, TenantId, UserId};
use dutyline::domain::policy::Policy;
use dutyline::domain::presence::{Presence, State};
use dutyline::domain::skills::Skills;
use dutyline::domain::tenant::Tenant;
use dutyline::domain::time::{Instant, Zone};
use dutyline::domain::user::{Extension, User};
use dutyline::flow::engine::{Asked, Cursor, Frame, Identity};
use dutyline::store::calls::Call;
use dutyline::store::steps::Steps;
use dutyline::store::{Clock, Scope, Store, StoreError, Tx};

use super::database::Database;

/// The number of Ada's telephone.
pub(crate) const ADAS: &str = "+15065550100";
/// The number that agents call.
pub(crate) const OURS: &str = "+15062345678";

/// A database of its own.
pub(crate) struct Desk {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) database: Database,
}

impl Desk {
    /// A migrated database with the tenant `acme`, at minute 0.
    pub(crate) async fn open() -> Self {
        let database = Database::new();
        let clock = Clock::set_to(at(0));
        let store = Store::open(&database.url, clock.clone()).await.expect("a new database");
        let desk = Self { store, clock, database };
        desk.put(|tx| tx.insert_tenant(&tenant("acme"))).await.expect("a new tenant");
        desk
    }

    /// Runs writes as one unit of work.
    pub(crate) async fn put(
        &self,
        writes: impl FnOnce(&mut Tx<'_>) + Send + 'static,
    ) -> Result<(), StoreError> {
        self.store
            .write(Scope::of(&tenant("acme")), |tx| {
                Box::pin(async move {
                    writes(tx);
                    Ok(())
                })
            })
            .await
    }

    /// The last seq of a tenant's log, as readers see it.
    pub(crate) async fn last_seq(&self, slug: &str) -> u64 {
        let id = tenant(slug).id;
        self.store
            .read::<_, StoreError, _>(|tx| Box::pin(async move { tx.last_seq(&id).await }))
            .await
            .expect("readable")
    }

    pub(crate) async fn revision(&self) -> u64 {
        let id = tenant("acme").id;
        let found =
            self.store.read::<_, StoreError, _>(|tx| Box::pin(async move { tx.tenant_by_id(&id).await }));
        found.await.expect("readable").expect("a tenant").revision
    }
}

/// Minutes after the beginning of these tests' time.
pub(crate) fn at(minute: i64) -> Instant {
    Instant::from_timestamp(1_767_600_000 + minute * 60, 0).expect("in range")
}

/// A number that follows from a name, so that the same name is the same record.
fn bits(name: &str) -> u128 {
    name.bytes().fold(1, |bits, byte| bits * 256 + u128::from(byte))
}

pub(crate) fn tenant(slug: &str) -> Tenant {
    Tenant {
        id: TenantId::from_bits(bits(slug)),
        slug: slug.parse().expect("a slug"),
        name: slug.to_uppercase(),
        region: "CA".parse().expect("a region"),
        zone: Zone::utc(),
        language: "en".parse().expect("a tag"),
        shared_lines: false,
        policy: Policy::default(),
        revision: 0,
    }
}

pub(crate) fn user(login: &str, number: &str) -> User {
    let extension = Extension {
        id: ExtensionId::from_bits(bits(login)),
        number: number.parse().expect("a number"),
        ext: None,
        description: "mobile".to_owned(),
    };
    User {
        id: UserId::from_bits(bits(login)),
        login: login.parse::<Login>().expect("a login"),
        name: login.to_uppercase(),
        zone: Some("America/Toronto".parse().expect("a zone")),
        language: Some("fr-CA".parse().expect("a tag")),
        agent_code: None,
        skills: Skills::default(),
        has_pin: false,
        active: true,
        extensions: vec![extension],
    }
}

/// On duty from minute 0 until the given one.
pub(crate) fn on_duty_until(minute: i64) -> Presence {
    Presence {
        state: State::Online { since: at(0), until: at(minute) },
        generation: 1,
        at: Some(at(0)),
        ..Presence::default()
    }
}

/// An event that says nothing but its number.
pub(crate) fn entry(number: u64) -> (EventId, Entry) {
    let event = Event::PresenceUnchanged { generation: number };
    let cause = EventCause::actor("test");
    (EventId::from_bits(number.into()), Entry { subject: "user:ada".to_owned(), event, cause })
}

/// A call of Ada's, at her menu since minute 2.
pub(crate) fn call() -> Call {
    let line = || "line".parse().expect("a name");
    Call {
        id: CallId::from_bits(7),
        account: "AC1".parse().expect("an account"),
        sid: "CA1".parse().expect("a call"),
        caller: ADAS.to_owned(),
        dialled: OURS.parse().expect("a number"),
        user: Some(user("ada", ADAS).id),
        flow: line(),
        version: 1,
        cursor: Cursor {
            frames: vec![Frame { flow: line(), node: "duty".parse().expect("a name") }],
            asked: Asked::Menu { generation: 1 },
            tries: 2,
            identity: Identity::Known,
            proven: true,
        },
        turn: 1,
        menu_since: Some(at(2)),
        progress: Progress { status: CallStatus::Ringing, sequence: None },
        outcome: None,
        started_at: at(2),
        ended_at: None,
        steps: Steps::default(),
    }
}
