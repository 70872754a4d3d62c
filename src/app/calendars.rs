//! Calendars: hours of work come in with them, and who is on duty goes out.

use std::collections::BTreeMap;

use serde::Serialize;

use super::presence::agent;
use super::{App, Error, schedules, users};
use crate::domain::calendar::feed::{self, Person};
use crate::domain::calendar::import::{self, Imported, Kind, LeftOut};
use crate::domain::calendar::{export, ical};
use crate::domain::ids::{Login, Skill};
use crate::domain::schedule::Schedule;
use crate::domain::schedule::difference::Difference;
use crate::domain::tenant::Tenant;
use crate::domain::time::{Instant, Zone};
use crate::store::Scope;

/// Users in one calendar, at most.
const MOST_PEOPLE: u32 = 500;

/// A calendar to be taken in.
#[derive(Debug, Clone)]
pub struct CalendarFile {
    pub kind: Kind,
    pub bytes: Vec<u8>,
    /// Whether it is only asked what would change.
    pub is_dry_run: bool,
}

/// What a calendar has changed, or would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct HoursImported {
    pub dry_run: bool,
    #[serde(flatten)]
    pub difference: Difference,
    pub left_out: LeftOut,
    /// The hours as they are then.
    pub schedule: Schedule,
}

impl App {
    /// Changes a user's hours of work to what a calendar says, all of it or nothing.
    pub async fn import_hours(
        &self,
        tenant: &Tenant,
        login: &Login,
        file: CalendarFile,
    ) -> Result<HoursImported, Error> {
        let (kind, is_dry_run) = (file.kind, file.is_dry_run);
        let (before, zone, now) = self.hours_of(tenant, login).await?;
        let known = before.clone();
        // A large file takes long enough to be felt by others.
        let reading = tokio::task::spawn_blocking(move || {
            import::import(&ical::read(&file.bytes)?, kind, known.as_ref(), &zone, now)
        });
        let Imported { schedule, left_out } =
            reading.await.unwrap_or_else(|ended| std::panic::resume_unwind(ended.into_panic()))?;
        let difference = Difference::between(before.as_ref(), &schedule);
        if !is_dry_run {
            self.replace_hours(tenant, login, before, schedule.clone()).await?;
        }
        Ok(HoursImported { dry_run: is_dry_run, difference, left_out, schedule })
    }

    /// A user's hours of work, if they have any, their zone, and the time of which that is told.
    async fn hours_of(
        &self,
        tenant: &Tenant,
        login: &Login,
    ) -> Result<(Option<Schedule>, Zone, Instant), Error> {
        let (tenant, login) = (tenant.clone(), login.clone());
        let read = self.store.read::<_, Error, _>(|tx| {
            Box::pin(async move {
                let user = users::find(tx, &tenant, &login).await?;
                let schedule = tx.schedule(&tenant.id, &user.id).await?;
                Ok((schedule, user.zone.unwrap_or(tenant.zone), tx.now()))
            })
        });
        read.await
    }

    /// Gives a user other hours of work, if they have those still that they had `before`.
    async fn replace_hours(
        &self,
        tenant: &Tenant,
        login: &Login,
        before: Option<Schedule>,
        after: Schedule,
    ) -> Result<(), Error> {
        let (tenant, login) = (tenant.clone(), login.clone());
        let unit = self.store.write::<_, Error, _>(Scope::of(&tenant), |tx| {
            Box::pin(async move {
                let user = users::find(tx, &tenant, &login).await?;
                let now = tx.schedule(&tenant.id, &user.id).await?;
                if now != before {
                    let current = serde_json::to_value(&now).expect("hours are plain data");
                    let name = login.to_string();
                    return Err(Error::Outdated { what: "schedule", name, current: Box::new(current) });
                }
                schedules::save(tx, &tenant, &user, (before.as_ref(), Some(&after)));
                Ok(())
            })
        });
        unit.await
    }

    /// A user's hours of work as a calendar, which [`App::import_hours`] makes the same hours of.
    pub async fn export_hours(&self, tenant: &Tenant, login: &Login) -> Result<String, Error> {
        let (tenant, login) = (tenant.clone(), login.clone());
        let read = self.store.read::<_, Error, _>(|tx| {
            Box::pin(async move {
                let user = users::find(tx, &tenant, &login).await?;
                let schedule = tx.schedule(&tenant.id, &user.id).await?;
                let schedule = schedule.ok_or_else(|| Error::NotFound {
                    what: "hours of work of user",
                    name: login.to_string(),
                    mend: "`dutyline schedule set` gives some",
                })?;
                Ok(export::hours(&user.id, &schedule, tx.now()))
            })
        });
        read.await
    }

    /// A user's calendar: when they are on duty and at work. One who is out of service has none of that.
    pub async fn calendar(&self, tenant: &Tenant, login: &Login) -> Result<String, Error> {
        let (tenant, login) = (tenant.clone(), login.clone());
        let read = self.store.read::<_, Error, _>(|tx| {
            Box::pin(async move {
                let is_active = users::find(tx, &tenant, &login).await?.active;
                let agent = agent(tx, &tenant, &login).await?;
                let schedule = tx.schedule(&tenant.id, &agent.id).await?;
                let people = is_active.then(|| Person::of(&agent, schedule.as_ref()));
                Ok(feed::feed(&agent.name, people.as_slice(), tx.now()))
            })
        });
        read.await
    }

    /// The calendar of all in service who have a skill.
    pub async fn skill_calendar(&self, tenant: &Tenant, skill: &Skill) -> Result<String, Error> {
        let (tenant, skill) = (tenant.id.clone(), skill.clone());
        let read = self.store.read::<_, Error, _>(|tx| {
            Box::pin(async move {
                let agents = tx.board_after(&tenant, None, Some(&skill), MOST_PEOPLE + 1).await?;
                if agents.len() > MOST_PEOPLE as usize {
                    let why = format!("more than {MOST_PEOPLE} users have it; no calendar holds so many");
                    return Err(Error::invalid("skill", skill.to_string(), why));
                }
                let schedules: BTreeMap<Login, Schedule> =
                    tx.schedules_after(&tenant, None, u32::MAX).await?.into_iter().collect();
                let person = |agent| Person::of(agent, schedules.get(&agent.login));
                let people: Vec<Person<'_>> = agents.iter().map(person).collect();
                Ok(feed::feed(skill.as_str(), &people, tx.now()))
            })
        });
        read.await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::users::NewUser;
    use crate::domain::skills::Skills;
    use crate::store::Clock;

    #[tokio::test]
    async fn hours_that_have_changed_since_they_were_read_are_not_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("line.db").display());
        let app = App::open(&url, Clock::System).await.expect("a database");
        let tenant = app.ensure_default_tenant().await.expect("a tenant");
        let ada: Login = "ada".parse().expect("a login");
        let new = NewUser {
            login: ada.clone(),
            name: "Ada".to_owned(),
            zone: None,
            language: None,
            agent_code: None,
            skills: Skills::default(),
            pin: None,
            extension: None,
        };
        app.add_user(&tenant, new).await.expect("added");
        let hours = |start: &str| -> Schedule {
            let rules =
                format!(r#"{{"zone":"UTC","rules":[{{"weekday":"Mon","start":"{start}","end":"16:00"}}]}}"#);
            serde_json::from_str(&rules).expect("hours")
        };
        let replace = async |before: Option<&str>, after: &str| {
            app.replace_hours(&tenant, &ada, before.map(hours), hours(after)).await
        };
        replace(None, "08:00").await.expect("there were none");
        let current = match replace(None, "09:00").await {
            Err(Error::Outdated { what: "schedule", current, .. }) => *current,
            other => panic!("{other:?}"),
        };
        assert_eq!(current, serde_json::to_value(hours("08:00")).expect("plain data"));
        replace(Some("08:00"), "09:00").await.expect("they are as they were read");
    }
}
