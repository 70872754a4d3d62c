//! Webhooks whose signature holds. Nothing else of a request is believed, and nothing is written for one
//! whose signature does not hold (D49).

use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt as _;
use metrics::counter;
use secrecy::SecretString;

use crate::carrier::twilio::form::Form;
use crate::carrier::twilio::signature::{self, Body};
use crate::domain::ids::AccountSid;
use crate::telemetry;

/// What is believed of a carrier.
#[derive(Debug, Clone)]
pub struct Trust {
    /// Where the carrier reaches us; the signature is over this, whatever a proxy makes of it.
    pub public_url: String,
    /// Any of these may have signed: two while tokens are rotated.
    pub tokens: Vec<SecretString>,
    /// If set, other accounts' calls are not ours.
    pub account: Option<AccountSid>,
}

/// The form of a request that the carrier has signed.
#[derive(Debug)]
pub(super) struct Signed(pub(super) Form);

impl<S: AsRef<Trust> + Sync> FromRequest<S> for Signed {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let trust = state.as_ref();
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let url = format!("{}{path}", trust.public_url);
        let header = request.headers().get("x-twilio-signature");
        let signature = header.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let body = request.into_body().collect().await.map_err(|_| refuse("its body broke off"))?.to_bytes();
        let form = Form::decode(&body);
        signature::verify(&trust.tokens, &url, Body::Form(form.pairs()), &signature)
            .map_err(|why| refuse(&why.to_string()))?;
        match (&trust.account, form.get("AccountSid")) {
            (Some(ours), Some(theirs)) if ours.as_str() != theirs => Err(refuse("it is another account's")),
            (Some(_) | None, _) => Ok(Self(form)),
        }
    }
}

fn refuse(why: &str) -> Response {
    counter!(telemetry::SIGNATURE_FAILURES).increment(1);
    tracing::warn!(why, "refused a webhook");
    (StatusCode::FORBIDDEN, "the signature does not hold\n").into_response()
}
