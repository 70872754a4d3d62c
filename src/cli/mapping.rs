//! `dutyline mapping`.

use std::process::ExitCode;

use clap::Subcommand;
use comfy_table::Table;

use crate::app::App;
use crate::app::dispatch::Dispatch;
use crate::app::mappings::{MappingPatch, NewMapping, Numbers, Switch, Version};
use crate::cli::desk::Desk;
use crate::cli::output::{Format, table, talk};
use crate::domain::call::LookupMiss;
use crate::domain::dispatch::{Channel, Contact, Direction, Mapping, MappingKind};
use crate::domain::ids::{AccountSid, Name};
use crate::domain::phone::{Caller, E164};
use crate::domain::tenant::Tenant;

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    Add(Add),
    /// List all mappings
    List(Format),
    /// Show a mapping
    Show {
        name: String,
        #[command(flatten)]
        format: Format,
    },
    Set(Set),
    /// Remove a mapping
    Remove {
        name: String,
    },
    /// Let mappings answer calls, all of them or none
    Enable {
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
    },
    /// Keep mappings from answering calls, all of them or none
    Disable {
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
    },
    Test(Test),
}

/// Let a flow answer calls
#[derive(Debug, clap::Args)]
#[command(disable_version_flag = true)]
pub(super) struct Add {
    /// Name of the mapping: "Duty line"
    name: String,

    #[command(flatten)]
    rule: Rule,

    /// What the mapping is for
    #[arg(long, default_value = "")]
    description: String,

    /// Kind of interaction: voice, sms or any
    #[arg(long, default_value = "voice")]
    channel: Channel,

    /// Flow that answers
    #[arg(long)]
    flow: Name,

    /// Version of the flow: a number, or `latest`
    #[arg(long, default_value = "latest")]
    version: Version,

    /// Take a number as it is typed, like a SIP address
    #[arg(long)]
    force: bool,
}

/// What of a call is looked at.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Rule {
    /// Number that is called
    #[arg(long, value_name = "NUMBER")]
    contact_point: Option<String>,

    /// Number that calls
    #[arg(long, value_name = "NUMBER")]
    customer: Option<String>,

    /// Carrier account that the call comes through
    #[arg(long, value_name = "ACCOUNT")]
    source: Option<String>,

    /// Who begins: inbound, outbound or agent-initiated
    #[arg(long, value_name = "DIRECTION")]
    direction: Option<String>,
}

impl Rule {
    fn read(self) -> Option<(MappingKind, String)> {
        let Self { contact_point, customer, source, direction } = self;
        let kind = |kind| move |value| (kind, value);
        contact_point
            .map(kind(MappingKind::ContactPoint))
            .or(customer.map(kind(MappingKind::Customer)))
            .or(source.map(kind(MappingKind::Source)))
            .or(direction.map(kind(MappingKind::Direction)))
    }
}

/// Change a mapping
#[derive(Debug, clap::Args)]
#[command(disable_version_flag = true)]
pub(super) struct Set {
    name: String,

    /// New name
    #[arg(long, value_name = "NAME")]
    rename: Option<String>,

    /// What the mapping is for
    #[arg(long)]
    description: Option<String>,

    /// Kind of interaction: voice, sms or any
    #[arg(long)]
    channel: Option<Channel>,

    /// Number, account or direction that calls must have
    #[arg(long)]
    value: Option<String>,

    /// Take a number as it is typed, like a SIP address
    #[arg(long, requires = "value")]
    force: bool,

    /// Flow that answers
    #[arg(long)]
    flow: Option<Name>,

    /// Version of the flow: a number, or `latest`
    #[arg(long)]
    version: Option<Version>,
}

/// Say which flow would answer a call, and whom it would take the caller for
#[derive(Debug, clap::Args)]
pub(super) struct Test {
    /// Number that calls, as the carrier would send it
    #[arg(long, value_name = "NUMBER")]
    from: String,

    /// Number that is called
    #[arg(long, value_name = "NUMBER")]
    to: String,

    /// Carrier account that the call comes through [default: the one in the settings]
    #[arg(long, value_name = "SID")]
    account: Option<AccountSid>,

    /// Who begins: inbound, outbound or agent-initiated
    #[arg(long, default_value = "inbound")]
    direction: Direction,

    #[command(flatten)]
    format: Format,
}

pub(super) async fn run(desk: &Desk, action: Action) -> anyhow::Result<ExitCode> {
    let app = desk.app().await?;
    let tenant = desk.tenant(&app).await?;
    match action {
        Action::Add(args) => add(&app, &tenant, args).await?,
        Action::List(format) => format.print(&app.mappings(&tenant).await?, |mappings| list(mappings))?,
        Action::Show { name, format } => {
            format
                .print(&app.mapping(&tenant, &name).await?, |mapping| list(std::slice::from_ref(mapping)))?;
        }
        Action::Set(args) => set(&app, &tenant, args).await?,
        Action::Remove { name } => {
            app.remove_mapping(&tenant, &name).await?;
            talk(format!("removed mapping `{name}`"));
        }
        Action::Enable { names } => {
            let switch = Switch { mappings: Some(names.clone()), active: true, is_dry_run: false };
            app.switch_mappings(&tenant, switch).await?;
            for name in names {
                talk(format!("mapping `{name}` answers calls"));
            }
        }
        Action::Disable { names } => {
            let switch = Switch { mappings: Some(names.clone()), active: false, is_dry_run: false };
            app.switch_mappings(&tenant, switch).await?;
            for name in names {
                talk(format!("mapping `{name}` answers no calls"));
            }
        }
        Action::Test(args) => return test(desk, &app, &tenant, args).await,
    }
    Ok(ExitCode::SUCCESS)
}

async fn add(app: &App, tenant: &Tenant, args: Add) -> anyhow::Result<()> {
    let Add { name, rule, description, channel, flow, version, force } = args;
    let (kind, value) = rule.read().expect("one of the four is required");
    let new = NewMapping { name, description, channel, kind, value, flow, version, numbers: numbers(force) };
    let mapping = app.add_mapping(tenant, new).await?;
    talk(format!(
        "calls with {} {} are answered by flow `{}` ({version})",
        mapping.kind, mapping.value, mapping.flow
    ));
    Ok(())
}

async fn set(app: &App, tenant: &Tenant, args: Set) -> anyhow::Result<()> {
    let Set { name, rename, description, channel, value, force, flow, version } = args;
    let value = value.map(|value| (value, numbers(force)));
    let patch = MappingPatch { name: rename, description, channel, value, flow, version, active: None };
    let mapping = app.change_mapping(tenant, &name, patch).await?;
    talk(format!("changed mapping `{}`", mapping.name));
    Ok(())
}

async fn test(desk: &Desk, app: &App, tenant: &Tenant, args: Test) -> anyhow::Result<ExitCode> {
    let dialled = E164::from_human(&args.to, tenant.region)?;
    let account = args.account.or_else(|| desk.settings.twilio_account_sid.clone());
    let contact = Contact {
        caller: Caller::read(&args.from, Some(&dialled)),
        dialled,
        account: account.unwrap_or_else(|| "AC".parse().expect("visible letters are a name")),
        direction: args.direction,
    };
    let dispatch = app.dispatch(contact).await?;
    args.format.tell(&dispatch, |dispatch| {
        dispatch.as_ref().map_or_else(|| "no mapping answers such a call".to_owned(), told)
    })?;
    Ok(if dispatch.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn told(dispatch: &Dispatch) -> String {
    let Dispatch { tenant, mapping, flow, version, wanted, user, miss } = dispatch;
    let fallback = wanted.map_or_else(String::new, |wanted| format!(", because {wanted} is not published"));
    let caller = match (user, miss) {
        (Some(login), _) => format!("user `{login}`"),
        (None, Some(miss)) => format!("nobody: {}", excuse(*miss)),
        (None, None) => "one of those who share the number; they are asked for their agent code".to_owned(),
    };
    format!(
        "tenant   {tenant}\nmapping  {mapping}\nflow     {flow}, version {version}{fallback}\ncaller   {caller}"
    )
}

fn excuse(miss: LookupMiss) -> &'static str {
    match miss {
        LookupMiss::Withheld => "the number is withheld",
        LookupMiss::NoNumber => "that is not a telephone number",
        LookupMiss::NoAgent => "no user has the number",
        LookupMiss::Inactive => "the user who has the number is inactive",
        LookupMiss::Ambiguous => "several users have the number",
    }
}

fn numbers(force: bool) -> Numbers {
    if force { Numbers::AsTyped } else { Numbers::Checked }
}

fn list(mappings: &[Mapping]) -> Table {
    let mut rows = table(["name", "channel", "kind", "value", "flow", "version", "active", "description"]);
    for mapping in mappings {
        rows.add_row([
            mapping.name.clone(),
            mapping.channel.to_string(),
            mapping.kind.to_string(),
            mapping.value.clone(),
            mapping.flow.to_string(),
            mapping.version.map_or_else(|| "latest".to_owned(), |version| version.to_string()),
            if mapping.active { "yes" } else { "no" }.to_owned(),
            mapping.description.clone(),
        ]);
    }
    rows
}
