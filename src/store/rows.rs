//! Rows into domain types. A value that no code of ours writes is reported as corrupt, with its place.

use std::fmt::Display;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::FromRow;

use super::error::StoreError;
use crate::domain::ids::Skill;
use crate::domain::presence::{Cause, Presence, Reason, Source, State};
use crate::domain::tenant::Tenant;
use crate::domain::time::Instant;
use crate::domain::trust::PinRecord;
use crate::domain::user::Agent;

/// Parses a text column.
pub(super) fn parse<T>(table: &'static str, row: &str, text: String) -> Result<T, StoreError>
where
    T: TryFrom<String, Error: Display>,
{
    T::try_from(text).map_err(|why| StoreError::corrupt(table, row, why))
}

pub(super) fn parse_some<T>(
    table: &'static str,
    row: &str,
    text: Option<String>,
) -> Result<Option<T>, StoreError>
where
    T: TryFrom<String, Error: Display>,
{
    text.map(|text| parse(table, row, text)).transpose()
}

/// Reads a JSON column, which is empty where all is as it is by default.
pub(super) fn json_or_default<T: DeserializeOwned + Default>(
    table: &'static str,
    row: &str,
    text: Option<&str>,
) -> Result<T, StoreError> {
    let read = |text| serde_json::from_str(text).map_err(|why| StoreError::corrupt(table, row, why));
    text.map_or_else(|| Ok(T::default()), read)
}

/// Writes one.
pub(super) fn json_unless_default<T: Serialize + Default + PartialEq>(value: &T) -> Option<String> {
    (*value != T::default()).then(|| serde_json::to_string(value).expect("the domain's types are plain data"))
}

/// A skill as it stands in a list in JSON; an empty text for none.
pub(super) fn in_list(skill: Option<&Skill>) -> String {
    skill.map(|skill| format!("\"{skill}\"")).unwrap_or_default()
}

/// Reads unix milliseconds.
pub(super) fn instant(table: &'static str, row: &str, millis: i64) -> Result<Instant, StoreError> {
    Instant::from_timestamp_millis(millis)
        .ok_or_else(|| StoreError::corrupt(table, row, "a time out of range"))
}

/// Reads a counter.
pub(super) fn count<T: TryFrom<i64>>(table: &'static str, row: &str, number: i64) -> Result<T, StoreError> {
    T::try_from(number).map_err(|_| StoreError::corrupt(table, row, format!("{number} as a count")))
}

#[derive(Debug, FromRow)]
pub(super) struct CountRow {
    pub(super) count: i64,
}

#[derive(Debug, FromRow)]
pub(super) struct TenantRow {
    tenant_id: String,
    slug: String,
    tenant_name: String,
    region: String,
    tenant_zone: String,
    tenant_language: String,
    shared_lines: bool,
    policy: Option<String>,
    revision: i64,
}

impl TryFrom<TenantRow> for Tenant {
    type Error = StoreError;
    fn try_from(row: TenantRow) -> Result<Self, StoreError> {
        let at = row.tenant_id.clone();
        Ok(Self {
            id: parse("tenants", &at, row.tenant_id)?,
            slug: parse("tenants", &at, row.slug)?,
            name: row.tenant_name,
            region: parse("tenants", &at, row.region)?,
            zone: parse("tenants", &at, row.tenant_zone)?,
            language: parse("tenants", &at, row.tenant_language)?,
            shared_lines: row.shared_lines,
            policy: json_or_default("tenants", &at, row.policy.as_deref())?,
            revision: count("tenants", &at, row.revision)?,
        })
    }
}

/// The columns of a user and their presence, all empty where a left join found none.
#[derive(Debug, FromRow)]
pub(super) struct AgentRow {
    user_id: Option<String>,
    login: Option<String>,
    user_name: Option<String>,
    user_zone: Option<String>,
    user_language: Option<String>,
    agent_code: Option<String>,
    skills: Option<String>,
    pin_hash: Option<String>,
    pin_wrong: Option<i64>,
    pin_locked_until: Option<i64>,
    #[sqlx(flatten)]
    presence: PresenceRow,
}

/// The columns of a presence, all empty for a user who has none yet.
#[derive(Debug, FromRow)]
pub(super) struct PresenceRow {
    state: Option<String>,
    generation: Option<i64>,
    since: Option<i64>,
    until: Option<i64>,
    at: Option<i64>,
    source: Option<String>,
    reason: Option<String>,
    presence_call: Option<String>,
    hold: Option<String>,
    plan: Option<String>,
    desk: Option<String>,
}

impl AgentRow {
    /// The agent, if the row holds one.
    pub(super) fn agent(mut self) -> Result<Option<Agent>, StoreError> {
        let (Some(id), Some(login)) = (self.user_id.take(), self.login.take()) else { return Ok(None) };
        let at = id.clone();
        Ok(Some(Agent {
            login: parse("users", &at, login)?,
            name: self.user_name.take().unwrap_or_default(),
            zone: parse_some("users", &at, self.user_zone.take())?,
            language: parse_some("users", &at, self.user_language.take())?,
            agent_code: parse_some("users", &at, self.agent_code.take())?,
            skills: json_or_default("users", &at, self.skills.as_deref())?,
            pin_hash: self.pin_hash.take(),
            pin: PinRecord {
                wrong_in_a_row: count("users", &at, self.pin_wrong.unwrap_or(0))?,
                locked_until: self
                    .pin_locked_until
                    .map(|millis| instant("users", &at, millis))
                    .transpose()?,
            },
            presence: self.presence.of_user(&at)?,
            id: parse("users", &at, id)?,
        }))
    }
}

impl PresenceRow {
    pub(super) fn of_user(self, row: &str) -> Result<Presence, StoreError> {
        let corrupt = |why: &str| StoreError::corrupt("presence", row, why);
        let moment = |millis: Option<i64>| millis.map(|millis| instant("presence", row, millis)).transpose();
        let (since, until) = (moment(self.since)?, moment(self.until)?);
        let state = match (self.state.as_deref(), since, until) {
            (None, ..) => return Ok(Presence::default()),
            (Some("offline"), since, None) => State::Offline { since },
            (Some("online"), Some(since), Some(until)) => State::Online { since, until },
            (Some(_), ..) => return Err(corrupt("state and times do not fit together")),
        };
        let cause = match (self.source.as_deref(), self.reason) {
            (Some(source), Some(reason)) => Some(Cause {
                source: source.parse::<Source>().map_err(|why| corrupt(&why.to_string()))?,
                reason: Reason::from(reason),
                call: parse_some("presence", row, self.presence_call)?,
            }),
            (None, _) | (_, None) => None,
        };
        let generation = count("presence", row, self.generation.unwrap_or(0))?;
        Ok(Presence {
            state,
            generation,
            at: moment(self.at)?,
            cause,
            hold: self.hold,
            plan: json_or_default("presence", row, self.plan.as_deref())?,
            desk: json_or_default("presence", row, self.desk.as_deref())?,
        })
    }
}
