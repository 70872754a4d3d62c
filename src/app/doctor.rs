//! What is wrong with a database and what is kept in it, before a caller finds out.

mod others;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use super::App;
use crate::app::cache::Cache;
use crate::domain::dispatch::{Mapping, MappingKind};
use crate::domain::ids::{Login, Name, Slug};
use crate::domain::tenant::Tenant;
use crate::domain::time::{Instant, zone_database};
use crate::domain::user::User;
use crate::flow::check;
use crate::flow::issue::Severity;
use crate::flow::model::Flow;
use crate::flow::prompt::lint::lint;
use crate::store::flows::{FlowState, FlowVersion};
use crate::store::{Durability, Fit, StoreError, Tx};

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at: `database`, `clock`, `mapping`.
    pub check: &'static str,
    pub verdict: Verdict,
    /// Whose it is, where it is a tenant's.
    pub tenant: Option<Slug>,
    /// What was found.
    pub found: String,
    /// What to do about it; nothing where all is well.
    pub mend: Option<String>,
}

spelled!(
    /// How bad a finding is.
    Verdict, "one of ok, warn, fail", {
        Ok = "ok",
        /// Calls work, though not as somebody meant them to.
        Warn = "warn",
        /// Calls or data are at stake.
        Fail = "fail",
    }
);

impl Finding {
    pub fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Ok, tenant: None, found: found.into(), mend: None }
    }

    pub fn warn(check: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { verdict: Verdict::Warn, mend: Some(mend.into()), ..Self::ok(check, found) }
    }

    pub fn fail(check: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { verdict: Verdict::Fail, mend: Some(mend.into()), ..Self::ok(check, found) }
    }
}

/// The first release of SQLite in which a checkpoint cannot lose what another connection commits meanwhile
/// (<https://sqlite.org/releaselog/3_51_3.html>).
const SOUND_SQLITE: [u32; 3] = [3, 51, 3];

impl App {
    /// Looks at the database, its clock, and every tenant's flows, prompts, numbers and webhooks.
    pub async fn examine(&self) -> Result<Vec<Finding>, StoreError> {
        let mut findings = vec![schema(self.store.fit()), database(self.store.quick_check().await?)];
        findings.extend(durability(&self.store.durability().await?));
        let (cache, can_call) = (Arc::clone(&self.cache), self.dispatch.can_call());
        let unit = self.store.read::<_, StoreError, _>(|tx| {
            Box::pin(async move {
                let tenants = tx.tenants().await?;
                let mut findings = vec![clock(newest_event(tx, &tenants).await?, tx.now())];
                for tenant in &tenants {
                    let mut of_tenant = examine_tenant(tx, &cache, tenant).await?;
                    of_tenant.extend(others::examine(tenant, &tx.webhooks(&tenant.id).await?, can_call));
                    let whose = |finding| Finding { tenant: Some(tenant.slug.clone()), ..finding };
                    findings.extend(of_tenant.into_iter().map(whose));
                }
                Ok(findings)
            })
        });
        findings.extend(unit.await?);
        Ok(findings)
    }
}

fn schema(fit: Fit) -> Finding {
    match fit {
        Fit::Current { version } => Finding::ok("schema", format!("version {version}, this binary's own")),
        Fit::Neighbour { .. } => Finding::warn("schema", fit.to_string(), "upgrade this dutyline as well"),
    }
}

fn database(fault: Option<String>) -> Finding {
    match fault {
        None => Finding::ok("database", "passes `quick_check`"),
        Some(fault) => {
            Finding::fail("database", format!("`quick_check` says: {fault}"), "restore the last backup")
        }
    }
}

fn durability(engine: &Durability) -> Vec<Finding> {
    match engine {
        Durability::Sqlite { version, journal, is_full } => sqlite(version, journal, *is_full),
        Durability::Postgres { version, off, standbys } => postgres(version, off, standbys),
    }
}

fn sqlite(version: &str, journal: &str, is_full: bool) -> Vec<Finding> {
    let numbers: Vec<u32> = version.split('.').map_while(|number| number.parse().ok()).collect();
    let sqlite = if numbers.as_slice() >= SOUND_SQLITE.as_slice() {
        Finding::ok("sqlite", format!("version {version}"))
    } else {
        let [major, minor, patch] = SOUND_SQLITE;
        let mend = format!("build with the bundled SQLite, at least {major}.{minor}.{patch}");
        Finding::fail("sqlite", format!("version {version} can lose commits"), mend)
    };
    let settings = if journal == "wal" && is_full {
        Finding::ok("durability", "write-ahead log, each commit flushed to the disk")
    } else {
        let synchronous = if is_full { "full" } else { "less than full" };
        let found = format!("journal mode `{journal}`, synchronous {synchronous}");
        Finding::fail(
            "durability",
            found,
            "keep the database on a local disk that can hold a write-ahead log",
        )
    };
    vec![sqlite, settings]
}

fn postgres(version: &str, off: &[String], standbys: &str) -> Vec<Finding> {
    let settings = if off.is_empty() {
        let copies = match standbys {
            "" => "no standby that it waits for: a failover may lose the last calls".to_owned(),
            names => format!("it waits for `{names}`"),
        };
        Finding::ok("durability", format!("each commit flushed to the disk; {copies}"))
    } else {
        let off = off.join("`, `");
        Finding::fail("durability", format!("`{off}` is off"), "turn it on in `postgresql.conf`")
    };
    vec![Finding::ok("postgresql", format!("version {version}")), settings]
}

fn clock(newest: Option<Instant>, now: Instant) -> Finding {
    match newest {
        Some(newest) if newest > now => Finding::fail(
            "clock",
            format!("{} s behind the newest event", (newest - now).num_seconds()),
            "mend the machine's time synchronisation; until then windows end late",
        ),
        Some(_) | None => {
            Finding::ok("clock", format!("not behind the newest event; time zone rules {}", zone_database()))
        }
    }
}

async fn newest_event(tx: &mut Tx<'_>, tenants: &[Tenant]) -> Result<Option<Instant>, StoreError> {
    let mut newest = None;
    for tenant in tenants {
        let last = tx.last_seq(&tenant.id).await?;
        let event = tx.events_after(tenant, last.saturating_sub(1), 1).await?.pop();
        newest = newest.max(event.map(|event| event.at));
    }
    Ok(newest)
}

async fn examine_tenant(tx: &mut Tx<'_>, cache: &Cache, tenant: &Tenant) -> Result<Vec<Finding>, StoreError> {
    let active = |mapping: &Mapping| mapping.active;
    let mappings: Vec<Mapping> = tx.mappings(&tenant.id).await?.into_iter().filter(active).collect();
    let (flows, mut findings) = latest_flows(tx.flows(&tenant.id).await?);
    for mapping in &mappings {
        findings.push(mapped_flow(tx, cache, tenant, mapping).await?);
        findings.extend(circle(tx, mapping).await?);
    }
    findings.extend(prompts(tx, cache, tenant, &flows).await?);
    findings.extend(numbers(tenant, &tx.users(&tenant.id).await?));
    Ok(findings)
}

/// The latest published version of each flow, and those that this binary does not read.
fn latest_flows(versions: Vec<FlowVersion>) -> (Vec<Flow>, Vec<Finding>) {
    let published = versions.into_iter().filter(|version| version.state == FlowState::Published);
    let latest: BTreeMap<Name, FlowVersion> =
        published.map(|version| (version.flow.clone(), version)).collect();
    let (mut flows, mut findings) = (Vec::new(), Vec::new());
    for FlowVersion { flow, version, source, .. } in latest.into_values() {
        let (checked, issues) = check::check(&source);
        let errors = issues.into_iter().filter(|issue| issue.severity == Severity::Error);
        let faults: Vec<String> = errors.map(|issue| issue.message).collect();
        findings.push(match &checked {
            Some(_) => Finding::ok("flow", format!("`{flow}` {version} is sound")),
            None => Finding::fail(
                "flow",
                format!("`{flow}` {version} does not load: {}", faults.join("; ")),
                "mend its file and `dutyline flow publish` it",
            ),
        });
        flows.extend(checked);
    }
    (flows, findings)
}

/// Whether the mapping's flow runs, in the version that the mapping names (D43).
async fn mapped_flow(
    tx: &mut Tx<'_>,
    cache: &Cache,
    tenant: &Tenant,
    mapping: &Mapping,
) -> Result<Finding, StoreError> {
    let Mapping { name, flow, version: wanted, .. } = mapping;
    let Some(latest) = tx.latest_flow(&tenant.id, flow).await? else {
        let found = format!("`{name}` runs `{flow}`, which has no published version");
        return Ok(Finding::fail("mapping", found, "`dutyline flow publish` its file"));
    };
    let version = wanted.unwrap_or(latest.version);
    let named = tx.flow(&tenant.id, flow, version).await?;
    if named.is_none_or(|named| named.state != FlowState::Published) {
        let found =
            format!("`{name}` wants `{flow}` {version}, which is not published; {} runs", latest.version);
        return Ok(Finding::warn("mapping", found, "name a published version with `dutyline mapping set`"));
    }
    Ok(match cache.program(tx, &tenant.id, flow, version).await {
        Ok(_) => Finding::ok("mapping", format!("`{name}` runs `{flow}` {version}")),
        Err(error @ StoreError::Corrupt { .. }) => Finding::fail(
            "mapping",
            format!("`{name}` runs `{flow}` {version}, which does not load: {error}"),
            "mend the flow's file and `dutyline flow publish` it",
        ),
        Err(error) => return Err(error),
    })
}

/// Whether calls to an agent would come in on the mapping's own number (D55).
async fn circle(tx: &mut Tx<'_>, mapping: &Mapping) -> Result<Option<Finding>, StoreError> {
    if mapping.kind != MappingKind::ContactPoint {
        return Ok(None);
    }
    let holder = tx.extension_with_number(&mapping.value).await?;
    Ok(holder.map(|holder| {
        let found =
            format!("{} of mapping `{}` is an extension of user `{holder}`", mapping.value, mapping.name);
        Finding::fail("numbers", found, "remove it there with `dutyline user ext remove`")
    }))
}

async fn prompts(
    tx: &mut Tx<'_>,
    cache: &Cache,
    tenant: &Tenant,
    flows: &[Flow],
) -> Result<Vec<Finding>, StoreError> {
    let tenancy = match cache.tenancy(tx, &tenant.id, tenant.revision).await {
        Ok(tenancy) => tenancy,
        Err(error @ StoreError::Corrupt { .. }) => {
            let mend = "remove or replace what it names with `dutyline prompt`";
            return Ok(vec![Finding::fail("prompts", error.to_string(), mend)]);
        }
        Err(error) => return Err(error),
    };
    let mut findings: Vec<Finding> = lint(&tenancy.catalogue, &tenancy.tenant.policy, flows)
        .into_iter()
        .map(|issue| Finding::warn("prompts", issue.to_string(), "see `dutyline prompt lint`"))
        .collect();
    if findings.is_empty() {
        findings.push(Finding::ok("prompts", "complete in every language that is begun"));
    }
    Ok(findings)
}

/// Numbers that several active users have, which the database should refuse (D32).
fn numbers(tenant: &Tenant, users: &[User]) -> Vec<Finding> {
    let mut holders: BTreeMap<String, BTreeSet<&Login>> = BTreeMap::new();
    for user in users.iter().filter(|user| user.active) {
        for extension in &user.extensions {
            holders.entry(extension.line(tenant.shared_lines)).or_default().insert(&user.login);
        }
    }
    let (count, mut findings) = (holders.len(), Vec::new());
    for (line, holders) in holders.into_iter().filter(|(_, holders)| holders.len() > 1) {
        let holders: Vec<String> = holders.into_iter().map(|login| format!("`{login}`")).collect();
        let found = format!("{line} is listed by {}", holders.join(" and "));
        findings.push(Finding::fail(
            "numbers",
            found,
            "remove it from all but one; until then nobody is recognised",
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::ok("numbers", format!("agents' numbers: {count}, none listed twice")));
    }
    findings
}

#[cfg(test)]
mod tests;
