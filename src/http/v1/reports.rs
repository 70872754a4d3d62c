//! How users spent their time, how calls went, how many were on duty: as JSON, or as CSV for whoever accepts
//! `text/csv`.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use futures_util::stream::{self, StreamExt as _};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::app::Error;
use crate::app::reports::{CallsCounted, OnDuty, Period, TimeSpent};
use crate::domain::ids::{Login, Skill};
use crate::domain::time::Date;
use crate::http::v1::gate::Caller;
use crate::http::v1::problem::Problem;
use crate::http::v1::reading::Search;

/// What a report of users' time is about.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TimeAsked {
    /// The first day, `2026-11-01`.
    #[param(value_type = String, format = Date)]
    from: Date,
    /// The last day; at most 400 in all.
    #[param(value_type = String, format = Date)]
    to: Date,
    /// Only this user.
    user: Option<Login>,
    /// Only users who have this skill now; not together with `user`.
    skill: Option<Skill>,
}

/// What a report of calls is about.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct CallsAsked {
    /// The first day, `2026-11-01`.
    #[param(value_type = String, format = Date)]
    from: Date,
    /// The last day; at most 400 in all.
    #[param(value_type = String, format = Date)]
    to: Date,
}

/// What a series is about.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SeriesAsked {
    /// The first day, `2026-11-01`.
    #[param(value_type = String, format = Date)]
    from: Date,
    /// The last day; at most 400 in all.
    #[param(value_type = String, format = Date)]
    to: Date,
    /// Only users who have this skill now.
    skill: Option<Skill>,
    /// Minutes between two counts.
    #[param(minimum = 1, maximum = 1440, default = 60)]
    step: Option<i64>,
}

/// Report how users spent their time
///
/// Seconds by user, day, state, label and reason, in each user's own zone, up to now.
#[utoipa::path(get, path = "/v1/reports/time", tag = "reports", params(TimeAsked),
    security(("token" = ["reports.read"])),
    responses((status = 200, content((Vec<TimeSpent> = "application/json"), (String = "text/csv")))))]
pub(super) async fn time(
    caller: Caller,
    headers: HeaderMap,
    Search(asked): Search<TimeAsked>,
) -> Result<Response, Problem> {
    let (period, form) = (Period::new(asked.from, asked.to)?, Form::accepted(&headers));
    let TimeAsked { user, skill, .. } = asked;
    if user.is_some() && skill.is_some() {
        return Err(Problem::field("invalid", "skill", "name a user or a skill, and not both"));
    }
    if let Some(login) = &user {
        return Ok(form.whole(&caller.app.time_spent_by(caller.tenant(), period, login).await?));
    }
    // The first page answers for errors that can be told; one behind it breaks the body off.
    let first = caller.app.time_spent(caller.tenant(), period, skill.as_ref(), None).await;
    let (first, asked) = (first.map_err(Error::from)?, Arc::new((caller, skill)));
    let pages = stream::try_unfold((0, Some(first)), move |(written, known)| {
        let asked = Arc::clone(&asked);
        async move {
            let Some((rows, last)) = known else { return Ok::<_, Error>(None) };
            let next = match &last {
                Some(last) => {
                    let (caller, skill) = &*asked;
                    Some(caller.app.time_spent(caller.tenant(), period, skill.as_ref(), Some(last)).await?)
                }
                None => None,
            };
            let text = form.part(&rows, written > 0);
            Ok(Some((text, (written + rows.len(), next))))
        }
    });
    let (before, behind) = form.around();
    let edge = |text| stream::once(async move { Ok(Bytes::from_static(text)) });
    Ok(form.response(Body::from_stream(edge(before).chain(pages).chain(edge(behind)))))
}

/// Report how calls went
///
/// How many by day of the tenant's zone, flow, status and outcome.
#[utoipa::path(get, path = "/v1/reports/calls", tag = "reports", params(CallsAsked),
    security(("token" = ["reports.read"])),
    responses((status = 200, content((Vec<CallsCounted> = "application/json"), (String = "text/csv")))))]
pub(super) async fn calls(
    caller: Caller,
    headers: HeaderMap,
    Search(asked): Search<CallsAsked>,
) -> Result<Response, Problem> {
    let period = Period::new(asked.from, asked.to)?;
    let counted = caller.app.calls_counted(caller.tenant(), period).await.map_err(Error::from)?;
    Ok(Form::accepted(&headers).whole(&counted))
}

/// Report how many users were on duty
///
/// At the beginning of each step, in the tenant's zone, up to now.
#[utoipa::path(get, path = "/v1/reports/on-duty", tag = "reports", params(SeriesAsked),
    security(("token" = ["reports.read"])),
    responses((status = 200, content((Vec<OnDuty> = "application/json"), (String = "text/csv")))))]
pub(super) async fn on_duty(
    caller: Caller,
    headers: HeaderMap,
    Search(asked): Search<SeriesAsked>,
) -> Result<Response, Problem> {
    let (period, step) = (Period::new(asked.from, asked.to)?, asked.step.unwrap_or(60));
    if !(1..=1440).contains(&step) {
        return Err(Problem::field("invalid", "step", format!("{step} is not 1 to 1440")));
    }
    let step = TimeDelta::minutes(step);
    let series = caller.app.on_duty(caller.tenant(), period, asked.skill.as_ref(), step).await;
    Ok(Form::accepted(&headers).whole(&series.map_err(Error::from)?))
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Csv,
}

impl Form {
    fn accepted(headers: &HeaderMap) -> Self {
        let accepts = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
        if accepts.contains("text/csv") { Self::Csv } else { Self::Json }
    }

    fn whole<T: Serialize>(self, rows: &[T]) -> Response {
        let (before, behind) = self.around();
        self.response(Body::from([before, &self.part(rows, false), behind].concat()))
    }

    /// What stands before and behind all rows.
    fn around(self) -> (&'static [u8], &'static [u8]) {
        match self {
            Self::Json => (b"[", b"]"),
            Self::Csv => (b"", b""),
        }
    }

    fn response(self, body: Body) -> Response {
        let kind = match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8",
        };
        ([(CONTENT_TYPE, HeaderValue::from_static(kind))], body).into_response()
    }

    /// Some of the rows, behind others or not.
    fn part<T: Serialize>(self, rows: &[T], has_before: bool) -> Bytes {
        match self {
            Self::Json => {
                let told = |row| serde_json::to_string(row).expect(PLAIN);
                let comma = if has_before && !rows.is_empty() { "," } else { "" };
                Bytes::from(format!("{comma}{}", rows.iter().map(told).collect::<Vec<_>>().join(",")))
            }
            Self::Csv => {
                let mut csv = csv::WriterBuilder::new().has_headers(!has_before).from_writer(Vec::new());
                for row in rows {
                    csv.serialize(row).expect(PLAIN);
                }
                Bytes::from(csv.into_inner().expect("memory takes it"))
            }
        }
    }
}

const PLAIN: &str = "a row is plain data";
