//! Use cases on a database of their own.

mod apply;
mod flows;
mod prompts;
mod tokens;

use dutyline::app::App;
use dutyline::app::flows::{FlowSource, Publication};
use dutyline::app::prompts::NewContent;
use dutyline::domain::event::Envelope;
use dutyline::domain::ids::Name;
use dutyline::domain::tenant::Tenant;
use dutyline::store::Clock;
use dutyline::store::flows::FlowState;

use crate::harness::database::Database;
use crate::harness::recording::beep;

/// An application on a fresh database, which goes away with it.
struct Bench {
    app: App,
    tenant: Tenant,
    database: Database,
}

impl Bench {
    async fn new() -> Self {
        let database = Database::new();
        let noon = "2026-01-05T12:00:00Z".parse().expect("an instant");
        let app = App::open(&database.url, Clock::set_to(noon)).await.expect("a database");
        let tenant = app.ensure_default_tenant().await.expect("a tenant");
        Self { app, tenant, database }
    }

    async fn publish(&self, text: &str) -> Result<Publication, String> {
        self.put_flow(text, FlowState::Published).await
    }

    async fn put_flow(&self, text: &str, state: FlowState) -> Result<Publication, String> {
        let source = FlowSource { path: "flow.toml".to_owned(), text: text.to_owned() };
        let published = self.app.publish_flow(self.tenant.clone(), source, state).await;
        published.map_err(|error| error.to_string())
    }

    async fn say(&self, name: &str, text: &str) -> Result<(), String> {
        self.set(name, NewContent::Say(text.parse().expect("a template"))).await
    }

    async fn list(&self, name: &str, parts: &[&str]) -> Result<(), String> {
        self.set(name, NewContent::List(parts.iter().map(|part| self::name(part)).collect())).await
    }

    async fn set(&self, name: &str, content: NewContent) -> Result<(), String> {
        let english = "en".parse().expect("a tag");
        let set = self.app.set_prompt(self.tenant.clone(), english, self::name(name), content).await;
        set.map(drop).map_err(|error| error.to_string())
    }

    async fn remove(&self, name: &str) -> Result<(), String> {
        let removed = self.app.remove_prompt(self.tenant.clone(), self::name(name), None).await;
        removed.map(drop).map_err(|error| error.to_string())
    }

    /// The names of all events so far but for the tenant's own.
    async fn events(&self) -> Vec<String> {
        let tenant = self.tenant.clone();
        let read = self.app.store.read(|tx| Box::pin(async move { tx.events_after(&tenant, 0, 1000).await }));
        let events: Result<Vec<Envelope>, dutyline::store::StoreError> = read.await;
        let named = |event: Envelope| {
            let event = serde_json::to_value(&event).expect("plain data");
            format!(
                "{} {}",
                event["type"].as_str().expect("a type"),
                event["subject"].as_str().expect("a subject")
            )
        };
        events.expect("events").into_iter().map(named).filter(|event| !event.starts_with("tenant.")).collect()
    }
}

fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

/// A flow that speaks `prompts` and then runs `callees`.
fn flow(name: &str, prompts: &[&str], callees: &[&str]) -> String {
    let plays = prompts.iter().take(1).map(|_| format!("play]\nprompts = {prompts:?}"));
    let runs = callees.iter().map(|callee| format!("subflow]\nflow = '{callee}'"));
    let mut nodes: Vec<String> = plays
        .chain(runs)
        .enumerate()
        .map(|(node, kind)| format!("[node.n{node}.{kind}\nnext = 'n{}'\n", node + 1))
        .collect();
    nodes.push(format!("[node.n{}.exit]\n", nodes.len()));
    format!("[flow]\nname = '{name}'\nkind = 'customer'\nstart = 'n0'\n{}", nodes.concat())
}
