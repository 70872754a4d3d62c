//! Flows: published versions, which never change, and drafts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use annotate_snippets::Renderer;
use serde::Serialize;

use super::{App, Error, change, log_deed, prompts};
use crate::domain::event::Event;
use crate::domain::ids::{Name, TenantId};
use crate::domain::tenant::Tenant;
use crate::flow::check;
use crate::flow::issue::{Issue, Severity, brief, report};
use crate::flow::model::Flow;
use crate::flow::program::Program;
use crate::flow::prompt::issue::PromptIssue;
use crate::flow::prompt::lint::lint;
pub use crate::store::flows::{FlowState, FlowVersion};
use crate::store::{Scope, StoreError, Tx};

/// A flow file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowSource {
    /// Where it comes from, for people.
    pub path: String,
    pub text: String,
}

/// What became of publishing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Publication {
    New(FlowVersion),
    /// The latest version has this source and runs these versions of other flows already.
    Unchanged(FlowVersion),
}

/// An issue at its place in the file, for programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = FlowIssue)]
pub struct Placed {
    pub severity: Severity,
    pub message: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// How to mend it.
    pub hint: Option<String>,
}

impl Placed {
    /// Of one file all issues.
    pub fn all(issues: &[Issue], text: &str) -> Vec<Self> {
        let placed = |issue: &Issue| {
            let (line, column) = issue.place(text);
            let Issue { severity, message, hint, .. } = issue.clone();
            Self { severity, message, line, column, hint }
        };
        issues.iter().map(placed).collect()
    }
}

impl FlowSource {
    /// The checked flow and its warnings; all of its issues if one is an error.
    pub fn check(&self) -> Result<(Flow, Vec<Issue>), Error> {
        self.read().map_err(|issues| Error::Flow {
            report: self.report(&issues),
            issues: Placed::all(&issues, &self.text),
        })
    }

    /// The checked flow and its warnings; all of its issues if one is an error.
    pub(super) fn read(&self) -> Result<(Flow, Vec<Issue>), Vec<Issue>> {
        match check::check(&self.text) {
            (Some(flow), warnings) => Ok((flow, warnings)),
            (None, issues) => Err(issues),
        }
    }

    /// Issues as a compiler would print them.
    pub(super) fn report(&self, issues: &[Issue]) -> String {
        report(&self.path, &self.text, issues, &Renderer::plain()).trim_end().to_owned()
    }
}

impl App {
    /// Makes a flow file the next version of its flow.
    pub async fn publish_flow(
        &self,
        tenant: Tenant,
        source: FlowSource,
        state: FlowState,
    ) -> Result<Publication, Error> {
        let (flow, _) = source.check()?;
        let unit = self.store.write(Scope::of(&tenant), move |tx| {
            Box::pin(async move { publish(tx, &tenant, flow, source.text, state).await })
        });
        unit.await
    }

    /// Every version of every flow.
    pub async fn flows(&self, tenant: &TenantId) -> Result<Vec<FlowVersion>, StoreError> {
        let tenant = tenant.clone();
        self.store.read(|tx| Box::pin(async move { tx.flows(&tenant).await })).await
    }

    /// The versions of flows behind `after`, by name and number, at most `limit`.
    pub async fn flows_after(
        &self,
        tenant: &Tenant,
        after: Option<(Name, u32)>,
        limit: u32,
    ) -> Result<Vec<FlowVersion>, StoreError> {
        let tenant = tenant.id.clone();
        let unit = self
            .store
            .read(|tx| Box::pin(async move { tx.flows_after(&tenant, after.as_ref(), limit).await }));
        unit.await
    }

    /// One version of a flow; without a number the latest published one.
    pub async fn flow(
        &self,
        tenant: &TenantId,
        flow: &Name,
        version: Option<u32>,
    ) -> Result<FlowVersion, Error> {
        let (tenant, name) = (tenant.clone(), flow.clone());
        let read = self.store.read::<_, StoreError, _>(|tx| {
            Box::pin(async move {
                match version {
                    Some(version) => tx.flow(&tenant, &name, version).await,
                    None => tx.latest_flow(&tenant, &name).await,
                }
            })
        });
        read.await?.ok_or_else(|| Error::NotFound {
            what: "version of the flow",
            name: version.map_or_else(|| flow.to_string(), |version| format!("{flow} {version}")),
            mend: "`dutyline flow list` shows those there are",
        })
    }
}

/// Makes a checked flow the next version. A published one must be whole: the flows that it runs are there,
/// and their versions are fixed now; its prompts are there in some language at least.
pub(super) async fn publish(
    tx: &mut Tx<'_>,
    tenant: &Tenant,
    flow: Flow,
    source: String,
    state: FlowState,
) -> Result<Publication, Error> {
    let versions = tx.flows(&tenant.id).await?;
    let name = flow.name.clone();
    let uses = match state {
        FlowState::Draft => BTreeMap::new(),
        FlowState::Published => {
            refuse_missing_prompts(tx, tenant, &flow).await?;
            uses(flow, &versions)?
        }
    };
    let own = || versions.iter().filter(|version| version.flow == name);
    let latest = own().rfind(|version| version.state == FlowState::Published);
    if let Some(latest) = latest
        .filter(|latest| state == FlowState::Published && latest.source == source && latest.uses == uses)
    {
        return Ok(Publication::Unchanged(latest.clone()));
    }
    let number = own().next_back().map_or(1, |last| last.version + 1);
    let version = FlowVersion { flow: name, version: number, state, source, uses, created_at: tx.now() };
    tx.insert_flow(&tenant.id, &version);
    let subject = format!("flow:{}", version.flow);
    let event = Event::FlowPublished(change(latest.map(Summary::of).as_ref(), Some(&Summary::of(&version))));
    log_deed(tx, &tenant.id, subject, event);
    Ok(Publication::New(version))
}

/// What the log tells of a version; its source can be looked up, since it stays.
#[derive(Debug, Serialize)]
struct Summary {
    name: Name,
    version: u32,
    state: FlowState,
    uses: BTreeMap<Name, u32>,
}

impl Summary {
    fn of(version: &FlowVersion) -> Self {
        Self {
            name: version.flow.clone(),
            version: version.version,
            state: version.state,
            uses: version.uses.clone(),
        }
    }
}

async fn refuse_missing_prompts(tx: &mut Tx<'_>, tenant: &Tenant, flow: &Flow) -> Result<(), Error> {
    let catalogue = prompts::checked_catalogue(tx, tenant).await?;
    let issues = lint(&catalogue, &tenant.policy, [flow]);
    let missing: Vec<String> = issues
        .into_iter()
        .filter(|issue| matches!(issue, PromptIssue::FlowNamesMissing { .. }))
        .map(|issue| issue.to_string())
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(Error::Prompt(missing.join("\n"))) }
}

/// The latest published version of every flow that `root` runs, directly or through others.
fn uses(root: Flow, versions: &[FlowVersion]) -> Result<BTreeMap<Name, u32>, Error> {
    let latest = latest_published(versions);
    let mut uses = BTreeMap::new();
    let find = |name: &Name| {
        let found = latest.get(name)?;
        let flow = check::check(&found.source).0?;
        uses.insert(name.clone(), found.version);
        Some(Arc::new(flow))
    };
    Program::link(Arc::new(root), find)?;
    Ok(uses)
}

/// Of every flow the latest published version.
pub(super) fn latest_published(versions: &[FlowVersion]) -> BTreeMap<&Name, &FlowVersion> {
    let published = versions.iter().filter(|version| version.state == FlowState::Published);
    published.map(|version| (&version.flow, version)).collect()
}

/// The versions that calls may begin on now, and those that these run: what active mappings point at.
pub(super) async fn in_use(tx: &mut Tx<'_>, tenant: &TenantId) -> Result<Vec<Flow>, StoreError> {
    let versions = tx.flows(tenant).await?;
    let mappings = tx.mappings(tenant).await?;
    let latest = latest_published(&versions);
    let mut wanted: BTreeSet<(&Name, u32)> = BTreeSet::new();
    for mapping in mappings.iter().filter(|mapping| mapping.active) {
        let pinned = versions
            .iter()
            .find(|found| found.flow == mapping.flow && Some(found.version) == mapping.version);
        let Some(found) = pinned.or_else(|| latest.get(&mapping.flow).copied()) else { continue };
        wanted.insert((&found.flow, found.version));
        wanted.extend(found.uses.iter().map(|(name, version)| (name, *version)));
    }
    let is_wanted = |version: &&FlowVersion| wanted.contains(&(&version.flow, version.version));
    versions.iter().filter(is_wanted).map(parsed).collect()
}

/// A stored version, which was checked before it was stored.
pub(super) fn parsed(version: &FlowVersion) -> Result<Flow, StoreError> {
    let (flow, issues) = check::check(&version.source);
    let row = || format!("{} {}", version.flow, version.version);
    flow.ok_or_else(|| StoreError::corrupt("flow_versions", row(), brief(&issues)))
}
