//! A whole line without a socket: the real database, the real routes, signed requests, a clock that stands
//! until it is told to move.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, header};
use chrono::TimeDelta;
use dutyline::app::App;
use dutyline::carrier::twilio::signature;
use dutyline::cli::phone::answer::Answer;
use dutyline::domain::dispatch::{Channel, Mapping, MappingKind};
use dutyline::domain::event::Envelope;
use dutyline::domain::ids::{ExtensionId, Login, MappingId, UserId};
use dutyline::domain::presence::{Presence, Reason};
use dutyline::domain::skills::Skills;
use dutyline::domain::tenant::Tenant;
use dutyline::domain::time::Instant;
use dutyline::domain::user::{Agent, Extension, User};
use dutyline::http::signed::Trust;
use dutyline::http::voice;
use dutyline::store::flows::{FlowState, FlowVersion};
use dutyline::store::{Clock, Scope, StoreError};
use http_body_util::BodyExt as _;
use secrecy::SecretString;
use tower::ServiceExt as _;

use super::caller::Caller;
use super::database::{Database, Hold};

/// The number that agents dial.
pub const DUTY_LINE: &str = "+15065550100";
/// Ada's mobile.
pub const ADA: &str = "+15062345678";
/// Where the carrier believes us to be.
pub const PUBLIC_URL: &str = "https://ivr.example.com";

pub struct Line {
    pub app: App,
    pub clock: Clock,
    pub tenant: Tenant,
    router: Router,
    database: Arc<Database>,
}

/// The auth token that signs.
fn token() -> SecretString {
    "12345".to_owned().into()
}

fn trust() -> Trust {
    Trust { public_url: PUBLIC_URL.to_owned(), tokens: vec![token()], account: None }
}

/// Friday, 20 November 2026, noon in Toronto.
pub fn noon() -> Instant {
    at("2026-11-20T17:00:00Z")
}

pub fn at(text: &str) -> Instant {
    text.parse().expect("an instant")
}

pub fn hours(count: i64) -> TimeDelta {
    TimeDelta::hours(count)
}

impl Line {
    /// A line that runs the shipped flow, with one agent: Ada, in Toronto.
    pub async fn open() -> Self {
        Self::furnished(Database::new()).await
    }

    async fn furnished(database: Database) -> Self {
        let line = Self::start(Arc::new(database), Clock::set_to(noon())).await;
        line.publish(include_str!("../../../flows/timed-presence.toml")).await;
        line.map(DUTY_LINE, "timed-presence", None).await;
        line.agent("ada", "Ada Agent", ADA).await;
        line
    }

    /// The same on PostgreSQL, whatever this run is for.
    pub async fn open_on_postgres() -> Self {
        Self::furnished(Database::on_postgres()).await
    }

    /// A line on which another flow answers than the shipped one.
    pub async fn with_flow(source: &str) -> Self {
        Self::with_flow_on(Database::new(), source).await
    }

    pub async fn with_flow_on(database: Database, source: &str) -> Self {
        let line = Self::start(Arc::new(database), Clock::set_to(noon())).await;
        let flow = line.publish(source).await;
        line.map(DUTY_LINE, &flow, None).await;
        line.agent("ada", "Ada Agent", ADA).await;
        line
    }

    /// A database with the tenant `default` in it and nothing else.
    pub async fn empty(now: Instant) -> Self {
        Self::start(Arc::new(Database::new()), Clock::set_to(now)).await
    }

    async fn start(database: Arc<Database>, clock: Clock) -> Self {
        let app = App::open(&database.url, clock.clone()).await.expect("the database opens");
        let tenant = app.ensure_default_tenant().await.expect("the tenant is there");
        let router = voice::routes(app.clone(), trust(), voice::PATIENCE);
        Self { app, clock, tenant, router, database }
    }

    /// The same line, and what follows is about another tenant.
    pub fn of(self, tenant: Tenant) -> Self {
        Self { tenant, ..self }
    }

    /// The same line as seen by a carrier for whom no answer comes in time, on whatever machine.
    pub fn impatient(&self) -> Self {
        let Self { app, clock, tenant, database, .. } = self;
        let (app, clock, tenant, database) = (app.clone(), clock.clone(), tenant.clone(), database.clone());
        let router = voice::routes(app.clone(), trust(), Duration::ZERO);
        Self { app, clock, tenant, router, database }
    }

    /// Somebody else writes to the line's database, and does not end.
    pub async fn held(&self) -> Hold {
        self.database.hold().await
    }

    /// Somebody reads what the line has written, and does not end.
    pub async fn watched(&self) -> Hold {
        self.database.watch().await
    }

    /// Another process that answers on the same database.
    pub async fn another_node(&self) -> Self {
        Self::start(Arc::clone(&self.database), self.clock.clone()).await
    }

    /// A server on another database, to which all of this line's has been copied.
    pub async fn moved_to(&self, database: Database) -> Self {
        Self::start(Arc::new(database), self.clock.clone()).await
    }

    /// Where the line's database is.
    pub fn url(&self) -> &str {
        &self.database.url
    }

    /// The process dies and another one starts on what is on the disk.
    pub async fn restart(self) -> Self {
        let Self { app, clock, database, .. } = self;
        drop(app);
        Self::start(database, clock).await
    }

    /// The same line with the tenant as `edit` leaves it.
    pub async fn edited(self, edit: impl FnOnce(&mut Tenant)) -> Self {
        let mut tenant = self.tenant.clone();
        edit(&mut tenant);
        let saved = tenant.clone();
        self.write(move |tx| {
            Box::pin(async move {
                tx.save_tenant(&saved);
                Ok(())
            })
        })
        .await;
        self.of(tenant)
    }

    pub async fn publish(&self, source: &str) -> String {
        self.put_flow(source, FlowState::Published).await
    }

    /// Adds the flow's next version.
    pub async fn put_flow(&self, source: &str, state: FlowState) -> String {
        let (flow, issues) = dutyline::flow::check::check(source);
        let flow = flow.unwrap_or_else(|| panic!("{issues:?}")).name;
        let (tenant, source, name, now) =
            (self.tenant.id.clone(), source.to_owned(), flow.clone(), self.clock.now());
        self.write(move |tx| {
            Box::pin(async move {
                let version = tx.latest_flow(&tenant, &name).await?.map_or(1, |latest| latest.version + 1);
                let uses = tx.flows(&tenant).await?.into_iter().map(|flow| (flow.flow, flow.version));
                let uses = uses.filter(|(flow, _)| *flow != name).collect();
                let flow = FlowVersion { flow: name, version, state, source, uses, created_at: now };
                tx.insert_flow(&tenant, &flow);
                Ok(())
            })
        })
        .await;
        flow.to_string()
    }

    /// Sends calls to `number` to a flow.
    pub async fn map(&self, number: &str, flow: &str, version: Option<u32>) {
        let mapping = Mapping {
            id: MappingId::from_bits(number[1..].parse().expect("digits")),
            name: format!("calls to {number}"),
            description: String::new(),
            channel: Channel::Voice,
            kind: MappingKind::ContactPoint,
            value: number.to_owned(),
            flow: flow.parse().expect("a name"),
            version,
            active: true,
        };
        self.save_mapping(mapping).await;
    }

    pub async fn save_mapping(&self, mapping: Mapping) {
        let tenant = self.tenant.id.clone();
        self.write(move |tx| {
            Box::pin(async move {
                tx.save_mapping(&tenant, &mapping);
                Ok(())
            })
        })
        .await;
    }

    /// An active user in Toronto who is reached at `number`.
    pub async fn agent(&self, login: &str, name: &str, number: &str) {
        self.user(login, |user| {
            name.clone_into(&mut user.name);
            user.extensions[0].number = number.parse().expect("a number");
        })
        .await;
    }

    /// A user as `edit` leaves them.
    pub async fn user(&self, login: &str, edit: impl FnOnce(&mut User)) {
        let number: u128 = login.bytes().fold(0, |bits, byte| bits << 8 | u128::from(byte));
        let mut user = User {
            id: UserId::from_bits(number),
            login: login.parse().expect("a login"),
            name: login.to_owned(),
            zone: Some("America/Toronto".parse().expect("a zone")),
            language: None,
            agent_code: None,
            skills: Skills::default(),
            has_pin: false,
            active: true,
            extensions: vec![Extension {
                id: ExtensionId::from_bits(number),
                number: ADA.parse().expect("a number"),
                ext: None,
                description: login.to_owned(),
            }],
        };
        edit(&mut user);
        let tenant = self.tenant.clone();
        self.write(move |tx| {
            Box::pin(async move {
                tx.insert_user(&tenant, &user, None);
                Ok(())
            })
        })
        .await;
    }

    /// Gives a user a PIN.
    pub async fn pin(&self, login: &str, pin: &str) {
        let hash = dutyline::app::pins::hash(&pin.to_owned().into()).expect("a PIN");
        let (tenant, user) = (self.tenant.id.clone(), self.find(login).await.id);
        self.write(move |tx| {
            Box::pin(async move {
                tx.save_pin(&tenant, &user, Some(&hash));
                Ok(())
            })
        })
        .await;
    }

    pub async fn write<W>(&self, work: W)
    where
        W: for<'t> FnOnce(
                &'t mut dutyline::store::Tx<'_>,
            ) -> dutyline::store::Boxed<'t, Result<(), StoreError>>
            + Send
            + 'static,
    {
        self.app.store.write(Scope::of(&self.tenant), work).await.expect("it is written");
    }

    /// Someone dials the duty line.
    pub async fn call_from(&self, number: &str) -> Caller<'_> {
        self.call(number, DUTY_LINE).await
    }

    pub async fn call(&self, from: &str, to: &str) -> Caller<'_> {
        Caller::dial(self, from, to).await
    }

    /// Posts a form as the carrier does, signed.
    pub async fn post(&self, url: &str, form: &[(String, String)]) -> Answer {
        let signature = signature::sign(&token(), url, form);
        self.post_signed(url, encode(form), &signature).await
    }

    /// Posts any body with any signature.
    pub async fn post_signed(&self, url: &str, body: impl Into<Bytes>, signature: &str) -> Answer {
        let path = url.strip_prefix(PUBLIC_URL).expect("the address is ours");
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("x-twilio-signature", signature)
            .body(Body::from(body.into()))
            .expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("the routes always answer");
        let content_type = response.headers().get(header::CONTENT_TYPE);
        Answer {
            status: response.status().as_u16(),
            content_type: content_type.map(|value| value.to_str().expect("ASCII").to_owned()),
            body: response.into_body().collect().await.expect("a body").to_bytes().to_vec(),
        }
    }

    /// Time passes, and the timers run once at its end.
    pub async fn pass(&self, time: TimeDelta) {
        self.clock.advance(time);
        self.app.fire_due().await.expect("the timers run");
    }

    pub async fn find(&self, login: &str) -> Agent {
        let login: Login = login.parse().expect("a login");
        let tenant = self.tenant.id.clone();
        let board = self.app.store.read(|tx| Box::pin(async move { tx.board(&tenant).await }));
        let board: Vec<Agent> = board.await.expect("the board is read");
        board.into_iter().find(|agent| agent.login == login).expect("the agent is on the board")
    }

    pub async fn presence(&self, login: &str) -> Presence {
        self.find(login).await.presence
    }

    /// Why the agent's presence is as it is, of inactive users too.
    pub async fn presence_reason(&self, login: &str) -> Option<Reason> {
        let login = login.parse().expect("a login");
        self.app.presence(&self.tenant, &login).await.expect("the user is there").reason
    }

    /// When the agent's window ends; none if they are offline now, whatever the timers have done.
    pub async fn online_until(&self, login: &str) -> Option<Instant> {
        self.presence(login).await.window(self.clock.now())
    }

    /// The log, with what nobody waited for.
    pub async fn events(&self) -> Vec<Envelope> {
        self.app.store.settle().await.expect("it is written");
        let tenant = self.tenant.clone();
        let events =
            self.app.store.read(|tx| Box::pin(async move { tx.events_after(&tenant, 0, 10_000).await }));
        let events: Result<_, StoreError> = events.await;
        events.expect("the log is read")
    }

    /// The types of the events, but for those of calls.
    pub async fn told(&self) -> Vec<String> {
        let kind = |event: &Envelope| serde_json::to_value(&event.event).expect("plain data")["type"].clone();
        let kinds = self.events().await.iter().map(kind).collect::<Vec<_>>();
        let kinds = kinds.iter().map(|kind| kind.as_str().expect("a type").to_owned());
        // What a user's status is follows from the rest.
        let aside =
            |kind: &String| kind.starts_with("call.") || kind.starts_with("tenant.") || kind == "UserStatus";
        kinds.filter(|kind| !aside(kind)).collect()
    }
}

/// A form as it goes over the wire.
pub fn encode(form: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
}
