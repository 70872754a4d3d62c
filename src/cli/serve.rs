//! `dutyline serve`.

use std::process::ExitCode;

use anyhow::{Context, bail};
use axum::Router;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::app::health::Health;
use crate::cli::desk::Desk;
use crate::config::{ServerConfig, TwilioConfig};
use crate::http::health::{self, Readiness};
use crate::http::server::{self, Limits};
use crate::http::signed::Trust;
use crate::http::v1::allowance::Allowance;
use crate::http::{media, v1, voice};
use crate::store::StoreError;
use crate::telemetry;
use crate::worker;
use crate::worker::threads::Threads;

/// Answer calls
///
/// Brings the database's schema up to date, settles what is overdue, and serves until it is told to stop.
/// Refuses to start when something would go wrong on the phone.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) async fn run(desk: &Desk, Args {}: Args) -> anyhow::Result<ExitCode> {
    let (server, twilio) = (desk.settings.server()?, desk.settings.twilio()?);
    telemetry::init_log(&desk.settings.log, desk.settings.log_format)?;
    let app = open(desk).await?;
    app.ensure_default_tenant().await?;
    let listener = listen(&server).await?;
    serve(app, listener, server, twilio).await
}

/// Takes the server's port.
pub(super) async fn listen(server: &ServerConfig) -> anyhow::Result<TcpListener> {
    let why = || format!("cannot listen on {}; choose another `DUTYLINE_LISTEN`", server.listen);
    TcpListener::bind(server.listen).await.with_context(why)
}

/// Opens the database for serving.
pub(super) async fn open(desk: &Desk) -> anyhow::Result<App> {
    let app = desk.make_app().await?;
    tracing::info!("{}", app.store.fit());
    Ok(app)
}

/// Serves until a signal, or until the store is broken.
pub(super) async fn serve(
    app: App,
    listener: TcpListener,
    server: ServerConfig,
    twilio: TwilioConfig,
) -> anyhow::Result<ExitCode> {
    app.check_flows().await?;
    let metrics = telemetry::init_metrics()?;
    let starting = Readiness::Starting { why: "settling what is overdue".to_owned() };
    let (ready, readiness) = watch::channel(starting);
    let trust = Trust {
        public_url: server.public_url.as_str().to_owned(),
        tokens: [twilio.auth_token].into_iter().chain(twilio.auth_token_next).collect(),
        account: twilio.account_sid,
    };
    let stop = CancellationToken::new();
    let tasks = TaskTracker::new();
    let listeners = Threads::start().context("cannot start the threads of those who listen")?;
    let terms = v1::Terms {
        tokens: Allowance::per_second(server.api_rate, server.api_burst),
        sockets: server.sockets as usize,
        origins: server.origins.clone(),
        stop: stop.clone(),
        tasks: tasks.clone(),
        ..v1::Terms::on(listeners.handle().clone())
    };
    tasks.spawn(server::serve(
        listener,
        routes(&app, trust, terms, readiness, metrics.clone()),
        Limits::default(),
        stop.clone(),
    ));
    app.fire_due().await.context("cannot settle what is overdue")?;
    tasks.spawn(worker::timers::run(app.clone(), stop.clone()));
    let told = ready.clone();
    tasks.spawn(worker::health::run(app.clone(), move |health| tell(&told, health), stop.clone()));
    // For what these do, nobody waits on the telephone.
    tasks.spawn_on(worker::coverage::run(app.clone(), stop.clone()), listeners.handle());
    tasks.spawn_on(worker::ledger::run(app.clone(), stop.clone()), listeners.handle());
    tasks.spawn_on(worker::webhooks::run(app.clone(), stop.clone()), listeners.handle());
    tasks.spawn_on(worker::upkeep::run(app.clone(), stop.clone()), listeners.handle());
    tasks.spawn_on(worker::gauges::run(app.clone(), stop.clone()), listeners.handle());
    tasks.spawn_on(telemetry::upkeep(metrics, stop.clone()), listeners.handle());
    tasks.close();
    ready.send_replace(Readiness::Ready);
    tracing::info!(listen = %server.listen, public_url = %server.public_url, "ready");

    let told = until_told(&app, &ready).await;
    stop.cancel();
    tasks.wait().await;
    told?;
    app.store.settle().await.context("cannot save the last turns of calls")?;
    Ok(ExitCode::SUCCESS)
}

/// Lets calls come or not, as long as nothing else keeps them away.
fn tell(ready: &watch::Sender<Readiness>, health: &Health) {
    let fit = match health {
        Health::Sound | Health::Skewed { .. } => Readiness::Ready,
        Health::WrongClock { .. } | Health::Unusable { .. } => Readiness::Unfit { why: health.to_string() },
    };
    ready.send_if_modified(|known| match known {
        Readiness::Ready | Readiness::Unfit { .. } => std::mem::replace(known, fit.clone()) != fit,
        Readiness::Starting { .. } | Readiness::Failed { .. } | Readiness::Draining => false,
    });
}

fn routes(
    app: &App,
    trust: Trust,
    terms: v1::Terms,
    readiness: watch::Receiver<Readiness>,
    metrics: PrometheusHandle,
) -> Router {
    health::routes(readiness, metrics)
        .merge(voice::routes(app.clone(), trust, voice::PATIENCE))
        .merge(media::routes(app.clone()))
        .merge(v1::routes(app.clone(), terms))
}

/// Waits for SIGINT or SIGTERM, which is a good end, or for the store to break or turn out to be damaged, which is not
/// (I30, I32).
async fn until_told(app: &App, ready: &watch::Sender<Readiness>) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut broken = app.store.broken();
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        Ok(error) = broken.wait_for(Option::is_some) => {
            return fail(ready, error.as_ref().map(ToString::to_string).unwrap_or_default());
        }
        Some(why) = damage(app) => return fail(ready, why),
    }
    tracing::info!("stopping");
    ready.send_replace(Readiness::Draining);
    Ok(())
}

/// Looks through the whole database, which takes a second for each gigabyte or two; what is wrong with it, if anything.
async fn damage(app: &App) -> Option<String> {
    match app.store.quick_check().await {
        Ok(found) => {
            let mend = "restore a backup, see docs/operations.md";
            found.map(|damage| format!("the database is damaged ({damage}); {mend}"))
        }
        Err(error @ StoreError::Broken(_)) => Some(error.to_string()),
        Err(error) => {
            tracing::warn!(%error, "could not look for damage");
            None
        }
    }
}

fn fail(ready: &watch::Sender<Readiness>, why: String) -> anyhow::Result<()> {
    tracing::error!(why, "nothing is acknowledged any more; ending");
    ready.send_replace(Readiness::Failed { why: why.clone() });
    bail!(why);
}
