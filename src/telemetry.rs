//! What operators see: log lines on standard error and metrics for Prometheus. Every metric of the server
//! is named and described here, so that a name, its help text and `docs/operations.md` cannot drift apart.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Calls that ended. Label `outcome`.
pub const CALLS: &str = "dutyline_calls_total";
/// From a webhook's arrival to its answer, in seconds.
pub const TURN_SECONDS: &str = "dutyline_turn_seconds";
pub const SIGNATURE_FAILURES: &str = "dutyline_signature_failures_total";
/// Webhooks that were answered with a stored reply (D14, I12).
pub const REPLAYS_ANSWERED: &str = "dutyline_replays_answered_total";
pub const TIMERS_ARMED: &str = "dutyline_timers_armed";
/// From a timer's due time to its firing, in seconds.
pub const TIMER_LATENESS_SECONDS: &str = "dutyline_timer_lateness_seconds";
pub const CLOCK_STEPS: &str = "dutyline_clock_steps_total";
pub const PROMPT_FALLBACKS: &str = "dutyline_prompt_fallbacks_total";
pub const HTTP_CONNECTIONS: &str = "dutyline_http_connections";
/// Sockets that follow the log.
pub const SOCKETS: &str = "dutyline_sockets";
/// Attempts to deliver an event to a webhook. Label `outcome`.
pub const WEBHOOK_ATTEMPTS: &str = "dutyline_webhook_attempts_total";
/// From an event to the first attempt to deliver it, in seconds.
pub const WEBHOOK_LATENESS_SECONDS: &str = "dutyline_webhook_lateness_seconds";
/// The age of the oldest event that waits for another attempt, in seconds.
pub const WEBHOOK_OLDEST_SECONDS: &str = "dutyline_webhook_oldest_waiting_seconds";

/// A metric as Prometheus shows it.
#[derive(Debug, Clone, Copy)]
struct Metric {
    name: &'static str,
    kind: Kind,
    help: &'static str,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    /// Shown as 0 from the start, so that its first event is an increase.
    Counter,
    /// A counter for each value of a label, shown from its first event.
    LabelledCounter,
    Gauge,
    /// With its buckets' upper bounds.
    Histogram(&'static [f64]),
}

/// Around the goal of 5 ms at p99 and up to the 5 s after which a caller hears "one moment" (D48).
const TURN_BUCKETS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Around the goals of 1 s at p99 and 2 s at most (I6); what is later was due while the server was down.
const LATENESS_BUCKETS: &[f64] = &[0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 60.0, 600.0, 3600.0];

const METRICS: [Metric; 13] = [
    Metric { name: CALLS, kind: Kind::LabelledCounter, help: "Calls that ended, by outcome." },
    Metric {
        name: TURN_SECONDS,
        kind: Kind::Histogram(TURN_BUCKETS),
        help: "Time from a voice webhook's arrival to its answer.",
    },
    Metric {
        name: SIGNATURE_FAILURES,
        kind: Kind::Counter,
        help: "Webhooks refused for a missing or wrong signature.",
    },
    Metric {
        name: REPLAYS_ANSWERED,
        kind: Kind::Counter,
        help: "Repeated webhooks answered with the stored reply.",
    },
    Metric { name: SOCKETS, kind: Kind::Gauge, help: "Open sockets that follow events." },
    Metric { name: TIMERS_ARMED, kind: Kind::Gauge, help: "Timers that have yet to fire." },
    Metric {
        name: TIMER_LATENESS_SECONDS,
        kind: Kind::Histogram(LATENESS_BUCKETS),
        help: "Time from a timer's due time to its firing.",
    },
    Metric { name: CLOCK_STEPS, kind: Kind::Counter, help: "Times the machine's clock was seen to jump." },
    Metric {
        name: PROMPT_FALLBACKS,
        kind: Kind::Counter,
        help: "Prompts spoken with the built-in text because theirs was missing or broken.",
    },
    Metric { name: HTTP_CONNECTIONS, kind: Kind::Gauge, help: "Open HTTP connections." },
    Metric {
        name: WEBHOOK_ATTEMPTS,
        kind: Kind::LabelledCounter,
        help: "Attempts to deliver an event to a webhook, by outcome.",
    },
    Metric {
        name: WEBHOOK_LATENESS_SECONDS,
        kind: Kind::Histogram(LATENESS_BUCKETS),
        help: "Time from an event to the first attempt to deliver it.",
    },
    Metric {
        name: WEBHOOK_OLDEST_SECONDS,
        kind: Kind::Gauge,
        help: "Age of the oldest event that waits for another attempt at a webhook.",
    },
];

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error(
        "`{filter}` is not a log filter: {reason}; give a level like `info`, or targets like `dutyline=debug,sqlx=warn`"
    )]
    Filter { filter: String, reason: String },
    #[error("logging is set up already")]
    LogTwice,
    #[error("cannot set up metrics: {0}")]
    Metrics(#[from] BuildError),
}

/// Sends log lines that pass `filter` to standard error; standard output is for data.
pub fn init_log(filter: &str, format: LogFormat) -> Result<(), TelemetryError> {
    let filter = parse_filter(filter)?;
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    // A journal keeps colours as escape codes.
    let lines = if io::stderr().is_terminal() { lines } else { lines.with_ansi(false) };
    let registry = tracing_subscriber::registry().with(filter);
    let installed = match format {
        LogFormat::Text => registry.with(lines).try_init(),
        LogFormat::Json => registry.with(lines.json()).try_init(),
    };
    installed.map_err(|_| TelemetryError::LogTwice)
}

fn parse_filter(filter: &str) -> Result<EnvFilter, TelemetryError> {
    EnvFilter::builder()
        .parse(filter)
        .map_err(|error| TelemetryError::Filter { filter: filter.to_owned(), reason: error.to_string() })
}

/// Starts counting. The handle renders `/metrics` and wants [`upkeep`].
pub fn init_metrics() -> Result<PrometheusHandle, TelemetryError> {
    let handle = recorder_builder()?.install_recorder()?;
    describe();
    Ok(handle)
}

fn recorder_builder() -> Result<PrometheusBuilder, BuildError> {
    let mut builder = PrometheusBuilder::new();
    for metric in METRICS {
        match metric.kind {
            Kind::Histogram(buckets) => {
                builder = builder.set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), buckets)?;
            }
            Kind::Counter | Kind::LabelledCounter | Kind::Gauge => {}
        }
    }
    Ok(builder)
}

fn describe() {
    for Metric { name, kind, help } in METRICS {
        match kind {
            Kind::Counter => {
                metrics::describe_counter!(name, help);
                metrics::counter!(name).increment(0);
            }
            Kind::LabelledCounter => metrics::describe_counter!(name, help),
            Kind::Gauge => metrics::describe_gauge!(name, help),
            Kind::Histogram(_) => metrics::describe_histogram!(name, help),
        }
    }
}

/// Folds measurements into their buckets, which otherwise pile up in memory until somebody scrapes.
pub async fn upkeep(metrics: PrometheusHandle, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(Duration::from_secs(5));
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        metrics.run_upkeep();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_in_the_operators_manual() {
        let manual = include_str!("../docs/operations.md");
        for Metric { name, help, .. } in METRICS {
            let row = manual.lines().find(|line| line.starts_with(&format!("| `{name}` ")));
            assert!(row.is_some_and(|row| row.contains(help.trim_end_matches('.'))), "{name}: {row:?}");
        }
    }

    #[test]
    fn a_counter_is_shown_before_its_first_event() {
        let recorder = recorder_builder().expect("buckets").build_recorder();
        metrics::with_local_recorder(&recorder, describe);
        let shown = recorder.handle().render();
        assert!(shown.contains("dutyline_signature_failures_total 0"), "{shown}");
        assert!(shown.contains("# HELP dutyline_clock_steps_total Times the machine's clock"), "{shown}");
    }

    #[test]
    fn a_histogram_has_its_buckets() {
        let recorder = recorder_builder().expect("buckets").build_recorder();
        metrics::with_local_recorder(&recorder, || metrics::histogram!(TURN_SECONDS).record(0.003));
        let shown = recorder.handle().render();
        assert!(shown.contains("dutyline_turn_seconds_bucket{le=\"0.0025\"} 0"), "{shown}");
        assert!(shown.contains("dutyline_turn_seconds_bucket{le=\"0.005\"} 1"), "{shown}");
    }

    #[test]
    fn a_log_filter_is_refused_with_an_example() {
        for good in ["info", "dutyline=debug,sqlx=warn", "off", ""] {
            assert!(parse_filter(good).is_ok(), "{good}");
        }
        let refused = parse_filter("dutyline=loud").expect_err("no such level").to_string();
        assert!(refused.starts_with("`dutyline=loud` is not a log filter"), "{refused}");
        assert!(refused.contains("`info`"), "{refused}");
    }
}
