//! What a supervisor asks: is the process alive, may it be sent calls, and how is it doing.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::watch;

/// Whether calls may be sent here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// Not yet: what is overdue is settled first (I11).
    Starting {
        why: String,
    },
    Ready,
    /// Something that may pass by itself, or be mended elsewhere.
    Unfit {
        why: String,
    },
    /// Something that a person must mend.
    Failed {
        why: String,
    },
    /// On its way out: calls under way are answered, new ones belong elsewhere.
    Draining,
}

/// `/livez`, `/readyz` and `/metrics`.
pub fn routes(readiness: watch::Receiver<Readiness>, metrics: PrometheusHandle) -> Router {
    Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz).with_state(readiness))
        .route("/metrics", get(render).with_state(metrics))
}

async fn readyz(State(readiness): State<watch::Receiver<Readiness>>) -> (StatusCode, String) {
    match &*readiness.borrow() {
        Readiness::Ready => (StatusCode::OK, "ready\n".to_owned()),
        Readiness::Starting { why } => (StatusCode::SERVICE_UNAVAILABLE, format!("starting: {why}\n")),
        Readiness::Unfit { why } => (StatusCode::SERVICE_UNAVAILABLE, format!("unfit: {why}\n")),
        Readiness::Failed { why } => (StatusCode::SERVICE_UNAVAILABLE, format!("failed: {why}\n")),
        Readiness::Draining => (StatusCode::SERVICE_UNAVAILABLE, "draining\n".to_owned()),
    }
}

async fn render(State(metrics): State<PrometheusHandle>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics.render())
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use metrics_exporter_prometheus::PrometheusBuilder;
    use tower::ServiceExt as _;

    use super::*;

    async fn get(app: Router, path: &str) -> (u16, String) {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let response = app.oneshot(request).await.expect("an answer");
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), 65_536).await.expect("a body");
        (status, String::from_utf8(body.to_vec()).expect("text"))
    }

    #[tokio::test]
    async fn readiness_is_told_as_it_is_now() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let starting = Readiness::Starting { why: "settling overdue timers".to_owned() };
        let (tell, readiness) = watch::channel(starting);
        let app = routes(readiness, recorder.handle());
        assert_eq!(
            get(app.clone(), "/readyz").await,
            (503, "starting: settling overdue timers\n".to_owned())
        );
        for (state, answer) in [
            (Readiness::Ready, (200, "ready\n")),
            (Readiness::Unfit { why: "no database".to_owned() }, (503, "unfit: no database\n")),
            (Readiness::Failed { why: "disk full".to_owned() }, (503, "failed: disk full\n")),
            (Readiness::Draining, (503, "draining\n")),
        ] {
            tell.send(state).expect("somebody listens");
            assert_eq!(get(app.clone(), "/readyz").await, (answer.0, answer.1.to_owned()));
            assert_eq!(get(app.clone(), "/livez").await, (200, "ok\n".to_owned()));
        }
    }

    #[tokio::test]
    async fn metrics_are_rendered_for_prometheus() {
        let recorder = PrometheusBuilder::new().build_recorder();
        metrics::with_local_recorder(&recorder, || metrics::counter!("seen_total").increment(2));
        let (_tell, readiness) = watch::channel(Readiness::Ready);
        let (status, body) = get(routes(readiness, recorder.handle()), "/metrics").await;
        assert_eq!((status, body.contains("seen_total 2")), (200, true), "{body}");
    }
}
