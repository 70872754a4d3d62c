//! `dutyline doctor`: looks for what would fail a call, before there is one.

use std::process::ExitCode;

use anyhow::Context;
use reqwest::Url;
use secrecy::SecretString;

use crate::app::doctor::{Finding, Verdict};
use crate::cli::desk::Desk;
use crate::cli::output::Format;
use crate::cli::phone;
use crate::cli::phone::answer::Answer;
use crate::cli::phone::conversation::Request;
use crate::cli::phone::exchange::Exchange;
use crate::cli::phone::leg::Leg;
use crate::config::public_url::PublicUrl;
use crate::config::{ConfigError, TwilioConfig};
use crate::domain::call::CallStatus;

/// Check settings, database, flows, prompts and numbers, and call the server through its public URL
///
/// Exits with 1 if anything fails; warnings are for reading.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Leave out the call through the public URL
    #[arg(long)]
    offline: bool,

    #[command(flatten)]
    format: Format,
}

pub(super) async fn run(desk: &Desk, args: Args) -> anyhow::Result<ExitCode> {
    let (server, twilio) = (desk.settings.server(), desk.settings.twilio());
    let mut findings = vec![setting("public URL", &server, |server| server.public_url.to_string())];
    findings.push(setting("auth token", &twilio, described));
    findings.extend(kept(desk).await);
    if let (Ok(server), Ok(twilio), false) = (server, twilio, args.offline) {
        findings.extend(called(&server.public_url, twilio).await);
    }
    args.format.tell(findings.as_slice(), list)?;
    let failed = findings.iter().any(|finding| finding.verdict == Verdict::Fail);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn list(findings: &[Finding]) -> String {
    let mut lines = Vec::new();
    for Finding { check, verdict, tenant, found, mend } in findings {
        let whose = tenant.as_ref().map(|tenant| format!(" of {tenant}")).unwrap_or_default();
        lines.push(format!("{:<5} {check}{whose}: {found}", verdict.as_str()));
        lines.extend(mend.as_ref().map(|mend| format!("      mend: {mend}")));
    }
    lines.join("\n")
}

fn setting<T>(
    check: &'static str,
    read: &Result<T, ConfigError>,
    found: impl FnOnce(&T) -> String,
) -> Finding {
    match read {
        Ok(value) => Finding::ok(check, found(value)),
        // The error says the mend itself.
        Err(error) => Finding { verdict: Verdict::Fail, ..Finding::ok(check, error.to_string()) },
    }
}

fn described(twilio: &TwilioConfig) -> String {
    let account = twilio.account_sid.as_ref();
    let account = account.map_or_else(|| "any account".to_owned(), |sid| format!("account {sid}"));
    let next = if twilio.auth_token_next.is_some() { ", and the next one" } else { "" };
    format!("set{next}, for {account}")
}

/// What the database and everything in it is like.
async fn kept(desk: &Desk) -> Vec<Finding> {
    let examined = async { anyhow::Ok(desk.app().await?.examine().await?) };
    // The error says the mend itself.
    let failed = |error| Finding { verdict: Verdict::Fail, ..Finding::ok("database", format!("{error:#}")) };
    examined.await.unwrap_or_else(|error| vec![failed(error)])
}

/// Reports the end of a call that never was, which changes nothing: once signed as the carrier signs, and
/// once by somebody who does not know the token.
async fn called(public_url: &PublicUrl, twilio: TwilioConfig) -> Vec<Finding> {
    let TwilioConfig { account_sid, auth_token, auth_token_next: _ } = twilio;
    let leg = Leg {
        account_sid: account_sid.unwrap_or_else(phone::any_account),
        call_sid: phone::new_call_sid(),
        from: "+15005550006".to_owned(),
        to: "+15005550006".to_owned(),
        stir: None,
    };
    let signed = match report(public_url, auth_token, &leg).await {
        Ok(answer) => signed(&answer),
        Err(error) => {
            let mend = "start the server, and let the proxy pass `/voice/` on to it";
            return vec![Finding::fail("public URL", format!("{error:#}"), mend)];
        }
    };
    let forged = match report(public_url, SecretString::from("a guess"), &leg).await {
        Ok(answer) => forged(&answer),
        Err(error) => Finding::fail("signature", format!("{error:#}"), "try again"),
    };
    vec![signed, forged]
}

async fn report(public_url: &PublicUrl, token: SecretString, leg: &Leg) -> anyhow::Result<Answer> {
    let url: Url = public_url.as_str().parse().context("the public URL is not one that can be called")?;
    let exchange = Exchange::new(&url, None, token)?;
    let form = leg.form(CallStatus::Completed, &[]);
    exchange.post(&Request { url: exchange.address(phone::STATUS), form }).await
}

fn signed(answer: &Answer) -> Finding {
    match (answer.status, answer.check_acknowledged()) {
        (_, Ok(())) => Finding::ok("signature", "a signed webhook through the public URL is taken"),
        (403, Err(_)) => Finding::fail(
            "signature",
            "a signed webhook through the public URL is refused",
            "give the server this auth token and, letter by letter, this `DUTYLINE_PUBLIC_URL`; \
             let no proxy change path or query",
        ),
        (_, Err(refused)) => Finding::fail(
            "public URL",
            refused.to_string(),
            "let the proxy pass `/voice/` on to the server unchanged, without a redirect",
        ),
    }
}

fn forged(answer: &Answer) -> Finding {
    if answer.status == 403 {
        return Finding::ok("signature", "a webhook with a wrong signature is refused");
    }
    Finding::fail(
        "signature",
        format!("a webhook with a wrong signature is answered with {}, not 403", answer.status),
        "find out what answers there: it is not this server, or something stands before it",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16) -> Answer {
        Answer { status, content_type: None, body: Vec::new() }
    }

    #[test]
    fn a_signed_webhook_must_be_taken_and_a_forged_one_refused() {
        for (status, when_signed, when_forged) in [
            (204, Verdict::Ok, Verdict::Fail),
            (403, Verdict::Fail, Verdict::Ok),
            (301, Verdict::Fail, Verdict::Fail),
            (404, Verdict::Fail, Verdict::Fail),
            (502, Verdict::Fail, Verdict::Fail),
        ] {
            assert_eq!(signed(&answer(status)).verdict, when_signed, "{status}");
            assert_eq!(forged(&answer(status)).verdict, when_forged, "{status}");
        }
    }
}
