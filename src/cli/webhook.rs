//! `dutyline webhook`.

use std::collections::BTreeSet;
use std::process::ExitCode;

use chrono::TimeDelta;
use clap::Subcommand;
use comfy_table::Table;

use crate::app::App;
use crate::app::webhooks::{NewWebhook, Pinged, WebhookPatch, WebhookStanding};
use crate::cli::desk::Desk;
use crate::cli::output::{Format, line, table, talk, to_second};
use crate::domain::edit::Edit;
use crate::domain::ids::{EventId, Login, TypePattern, WebhookName};
use crate::domain::tenant::Tenant;
use crate::domain::time::Instant;
use crate::domain::webhook::filter::Filter;
use crate::domain::webhook::secret::Key;
use crate::domain::webhook::url::{BadWebhookUrl, WebhookUrl};
use crate::domain::webhook::{Delivery, DeliveryState};

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    Add(Add),
    /// List webhooks, and how far each has got
    List(Format),
    /// Show a webhook
    Show {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        format: Format,
    },
    Set(Set),
    /// Send a webhook nothing until it is resumed
    Pause(Which),
    /// Send to a webhook again that was paused or is gone, beginning with what has happened meanwhile
    Resume(Which),
    /// Remove a webhook, and what was not delivered to it
    Remove(Which),
    /// Give a webhook a new secret, and write it to stdout: nobody can look it up later
    Rotate {
        #[command(flatten)]
        which: Which,
        /// Hours for which the older secrets sign as well
        #[arg(long, value_name = "HOURS", default_value_t = 24)]
        overlap: u16,
    },
    /// Send a webhook a trial, at once
    Test {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        format: Format,
    },
    Deliveries(Deliveries),
    Replay(Replay),
}

#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// A webhook's name or id
    #[arg(value_name = "NAME|ID")]
    webhook: String,
}

/// Add a webhook, and write its secret to stdout: nobody can look it up later
///
/// It is sent what happens from then on.
#[derive(Debug, clap::Args)]
pub(super) struct Add {
    /// Name of the webhook: whose it is, or what for
    name: WebhookName,

    /// Where events are posted to
    #[arg(value_parser = url)]
    url: WebhookUrl,

    /// Only events of this type, or of a family like `presence.*`; may be given several times
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<TypePattern>,

    /// Only events about this user; may be given several times
    #[arg(long = "user", value_name = "LOGIN")]
    users: Vec<Login>,

    /// Believe whoever answers, whatever certificate they show
    #[arg(long)]
    insecure_tls: bool,
}

/// Change a webhook
#[derive(Debug, clap::Args)]
pub(super) struct Set {
    #[command(flatten)]
    which: Which,

    /// New name
    #[arg(long)]
    name: Option<WebhookName>,

    /// Where events are posted to
    #[arg(long, value_parser = url)]
    url: Option<WebhookUrl>,

    /// Only events of this type, or of a family like `presence.*`; may be given several times
    #[arg(long = "type", value_name = "TYPE", conflicts_with = "all_types")]
    types: Vec<TypePattern>,

    /// Events of all types
    #[arg(long)]
    all_types: bool,

    /// Only events about this user; may be given several times
    #[arg(long = "user", value_name = "LOGIN", conflicts_with = "all_users")]
    users: Vec<Login>,

    /// Events about anybody and anything
    #[arg(long)]
    all_users: bool,

    /// Whether whoever answers is believed, whatever certificate they show
    #[arg(long, value_name = "BOOL")]
    insecure_tls: Option<bool>,
}

/// List what waits for another attempt, or what none has delivered
#[derive(Debug, clap::Args)]
pub(super) struct Deliveries {
    #[command(flatten)]
    which: Which,

    /// Show dead letters: what no attempt has delivered
    #[arg(long)]
    dead: bool,

    /// Begin behind the event with this `seq`
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    after: u64,

    /// Show this many at most
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    limit: u32,

    #[command(flatten)]
    format: Format,
}

/// Send dead letters again
#[derive(Debug, clap::Args)]
pub(super) struct Replay {
    #[command(flatten)]
    which: Which,

    /// The event that is sent again
    #[arg(value_name = "EVENT", required_unless_present = "all", conflicts_with = "all")]
    event: Option<EventId>,

    /// All dead letters of the webhook
    #[arg(long)]
    all: bool,
}

fn url(text: &str) -> Result<WebhookUrl, BadWebhookUrl> {
    text.parse()
}

impl Set {
    fn patch(&self) -> WebhookPatch {
        WebhookPatch {
            name: self.name.clone(),
            url: self.url.clone(),
            types: edit(&self.types, self.all_types),
            users: edit(&self.users, self.all_users),
            active: None,
            insecure_tls: self.insecure_tls,
        }
    }
}

fn active(active: bool) -> WebhookPatch {
    WebhookPatch { active: Some(active), ..WebhookPatch::default() }
}

fn some<T: Ord + Clone>(items: &[T]) -> Option<BTreeSet<T>> {
    (!items.is_empty()).then(|| items.iter().cloned().collect())
}

fn edit<T: Ord + Clone>(items: &[T], is_all: bool) -> Option<Edit<BTreeSet<T>>> {
    if is_all { Some(Edit::Clear) } else { some(items).map(Edit::Set) }
}

pub(super) async fn run(desk: &Desk, action: Action) -> anyhow::Result<ExitCode> {
    let app = desk.app().await?;
    let tenant = desk.tenant(&app).await?;
    match action {
        Action::Add(args) => add(&app, &tenant, args).await?,
        Action::List(format) => format.print(&app.webhooks(&tenant).await?, |webhooks| list(webhooks))?,
        Action::Show { which, format } => {
            format.tell(&app.webhook(&tenant, &which.webhook).await?, about)?;
        }
        Action::Set(args) => {
            let webhook = app.change_webhook(&tenant, &args.which.webhook, args.patch()).await?;
            talk(format!("webhook `{}` is changed", webhook.name));
        }
        Action::Pause(which) => {
            let webhook = app.change_webhook(&tenant, &which.webhook, active(false)).await?;
            talk(format!("webhook `{}` is sent nothing until it is resumed", webhook.name));
        }
        Action::Resume(which) => {
            let webhook = app.change_webhook(&tenant, &which.webhook, active(true)).await?;
            talk(format!("webhook `{}` is sent what has happened meanwhile, and what happens", webhook.name));
        }
        Action::Remove(which) => {
            let webhook = app.remove_webhook(&tenant, &which.webhook).await?;
            talk(format!("webhook `{}` is sent nothing any more", webhook.name));
        }
        Action::Rotate { which, overlap } => rotate(&app, &tenant, &which, overlap).await?,
        Action::Test { which, format } => return test(&app, &tenant, &which, format).await,
        Action::Deliveries(args) => deliveries(&app, &tenant, args).await?,
        Action::Replay(Replay { which, event, all: _ }) => {
            let count = app.replay(&tenant, &which.webhook, event).await?;
            talk(format!("{count} dead letters are sent again"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn add(app: &App, tenant: &Tenant, args: Add) -> anyhow::Result<()> {
    let Add { name, url, types, users, insecure_tls } = args;
    let filter = Filter { types: some(&types), users: some(&users) };
    let (webhook, secret) = app.add_webhook(tenant, NewWebhook { name, url, filter, insecure_tls }).await?;
    line(secret.expose())?;
    talk(format!(
        "webhook `{}` is sent what happens from now on; keep its secret, it is not shown again",
        webhook.name
    ));
    Ok(())
}

async fn rotate(app: &App, tenant: &Tenant, which: &Which, overlap: u16) -> anyhow::Result<()> {
    let overlap = TimeDelta::hours(overlap.into());
    let (webhook, secret) = app.rotate_webhook(tenant, &which.webhook, overlap).await?;
    line(secret.expose())?;
    let older = webhook.secrets.keys().iter().filter_map(|key| key.until).max();
    let until =
        older.map_or_else(String::new, |end| format!("; the older one signs until {}", to_second(end)));
    talk(format!(
        "webhook `{}` signs with this secret{until}; keep it now, it is not shown again",
        webhook.name
    ));
    Ok(())
}

async fn test(app: &App, tenant: &Tenant, which: &Which, format: Format) -> anyhow::Result<ExitCode> {
    let pinged = app.ping_webhook(tenant, &which.webhook).await?;
    format.tell(&pinged, |Pinged { event, status, why, .. }| match (why, status) {
        (Some(why), _) => format!("{event} was not delivered: {why}"),
        (None, status) => format!("{event} was delivered: answered {}", status.unwrap_or_default()),
    })?;
    Ok(if pinged.delivered { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn deliveries(app: &App, tenant: &Tenant, args: Deliveries) -> anyhow::Result<()> {
    let Deliveries { which, dead, after, limit, format } = args;
    let state = if dead { DeliveryState::Dead } else { DeliveryState::Waiting };
    let found = app.deliveries(tenant, &which.webhook, state, after, limit).await?;
    format.print(&found, |found| waiting(found))?;
    Ok(())
}

fn list(webhooks: &[WebhookStanding]) -> Table {
    let mut rows = table(["webhook", "url", "types", "users", "state", "cursor", "waiting", "dead"]);
    for standing in webhooks {
        let WebhookStanding { webhook, cursor, waiting, dead, .. } = standing;
        rows.add_row([
            webhook.name.to_string(),
            webhook.url.to_string(),
            words(webhook.filter.types.as_ref()),
            words(webhook.filter.users.as_ref()),
            state(standing),
            cursor.to_string(),
            waiting.to_string(),
            dead.to_string(),
        ]);
    }
    rows
}

fn about(standing: &WebhookStanding) -> String {
    let WebhookStanding { webhook, cursor, waiting, dead, .. } = standing;
    let key = |key: &Key| {
        let until = key.until.map_or_else(String::new, |end| format!(" until {}", to_second(end)));
        format!("since {}{until}", to_second(key.since))
    };
    let secrets: Vec<String> = webhook.secrets.keys().iter().map(key).collect();
    [
        format!("{} ({})", webhook.name, webhook.id),
        format!("url      {}", webhook.url),
        format!("tls      {}", if webhook.insecure_tls { "any certificate is believed" } else { "verified" }),
        format!("types    {}", words(webhook.filter.types.as_ref())),
        format!("users    {}", words(webhook.filter.users.as_ref())),
        format!("state    {}", state(standing)),
        format!("secrets  {}", secrets.join(", ")),
        format!("cursor   {cursor}"),
        format!("waiting  {waiting}"),
        format!("dead     {dead}"),
    ]
    .join("\n")
}

fn state(WebhookStanding { webhook, failing_since, .. }: &WebhookStanding) -> String {
    match (webhook.active, webhook.stopped_by, failing_since) {
        (false, Some(stopped), _) => stopped.to_string(),
        (false, None, _) => "paused".to_owned(),
        (true, _, Some(since)) => format!("failing since {}", to_second(*since)),
        (true, _, None) => "active".to_owned(),
    }
}

fn words<T: ToString>(items: Option<&BTreeSet<T>>) -> String {
    let list = |items: &BTreeSet<T>| items.iter().map(T::to_string).collect::<Vec<_>>().join(", ");
    items.map_or_else(|| "all".to_owned(), list)
}

fn waiting(deliveries: &[Delivery]) -> Table {
    let mut rows = table(["seq", "event", "type", "subject", "attempts", "last", "next", "why"]);
    let second = |at: Option<Instant>| at.map_or_else(|| "-".to_owned(), to_second);
    for delivery in deliveries {
        rows.add_row([
            delivery.seq.to_string(),
            delivery.event.to_string(),
            delivery.r#type.clone(),
            delivery.subject.clone(),
            delivery.attempts.to_string(),
            second(delivery.tried_at),
            second(delivery.due_at),
            delivery.why.clone().unwrap_or_else(|| "-".to_owned()),
        ]);
    }
    rows
}
