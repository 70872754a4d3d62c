//! Whether others are told what they are to be told.

use super::Finding;
use crate::domain::presence_code::{Label, Sink};
use crate::domain::tenant::Tenant;
use crate::domain::webhook::Webhook;
use crate::store::webhooks::{Course, Tallied};

/// Looks at the tenant's endpoints. `can_call` is whether there is an account to call the telephone system with.
pub(super) fn examine(tenant: &Tenant, webhooks: &[Tallied], can_call: bool) -> Vec<Finding> {
    let mut findings: Vec<Finding> = webhooks.iter().flat_map(endpoint).collect();
    if findings.is_empty() {
        let found = format!("endpoints: {}, none stopped, nothing given up", webhooks.len());
        findings.push(Finding::ok("webhooks", found));
    }
    findings.extend(dial_command(tenant, can_call));
    findings
}

fn endpoint(Tallied { course: Course { webhook, .. }, dead, .. }: &Tallied) -> Vec<Finding> {
    let Webhook { name, stopped_by, .. } = webhook;
    let stopped = stopped_by.map(|why| {
        let mend = format!("find out why, and then `dutyline webhook resume \"{name}\"`");
        Finding::warn("webhooks", format!("`{name}` is sent nothing any more: {why}"), mend)
    });
    let given_up = (*dead > 0).then(|| {
        let mend = format!("look at `dutyline webhook deliveries \"{name}\" --dead`");
        Finding::warn("webhooks", format!("`{name}` has dead letters: {dead}"), mend)
    });
    stopped.into_iter().chain(given_up).collect()
}

/// Whether labels can be dialled that are to be (A3.3).
fn dial_command(tenant: &Tenant, can_call: bool) -> Option<Finding> {
    let label = tenant.policy.labels.iter().find(|label| label.sink == Sink::DialCommand)?;
    let unspoken = tenant.policy.labels.iter().find(|label| label.is_unspoken());
    let wanted = |Label { text, .. }: &Label| format!("label `{text}` is to be dialled");
    Some(match (unspoken, &tenant.policy.dial_command, can_call) {
        (Some(unspoken), _, _) => Finding::warn(
            "dial command",
            format!("{}, and its reason code cannot be", wanted(unspoken)),
            "give it a `reason_code` of 0-9, `*`, `#` and `w` with `dutyline policy set`",
        ),
        (None, None, _) => Finding::warn(
            "dial command",
            format!("{}, and the policy names no telephone system", wanted(label)),
            "name its number and yours under `[dial_command]` with `dutyline policy set`",
        ),
        (None, Some(_), false) => Finding::warn(
            "dial command",
            format!("{}, and there is no account to call with", wanted(label)),
            "set `DUTYLINE_TWILIO_ACCOUNT_SID`, and the auth token",
        ),
        (None, Some(dial_command), true) => {
            Finding::ok("dial command", format!("dialled to {} from {}", dial_command.to, dial_command.from))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tenant::acme;

    #[test]
    fn what_a_dial_command_lacks_is_told() {
        let label = |code: &str| {
            format!(
                r#""labels":[{{"text":"Quiet","code":"dnd","reason_code":"{code}","sink":"dial_command"}}]"#
            )
        };
        let system = r#""dial_command":{"to":"+15065550160","from":"+15065550100"}"#;
        let (whole, bare) = (format!("{{{},{system}}}", label("*61")), format!("{{{}}}", label("*61")));
        let unspoken = format!("{{{},{system}}}", label("Q"));
        for (policy, can_call, found) in [
            ("{}", false, None),
            (&whole, true, Some("dialled to +15065550160 from +15065550100")),
            (&whole, false, Some("label `Quiet` is to be dialled, and there is no account to call with")),
            (&bare, true, Some("label `Quiet` is to be dialled, and the policy names no telephone system")),
            (&unspoken, true, Some("label `Quiet` is to be dialled, and its reason code cannot be")),
        ] {
            let policy = serde_json::from_str(policy).expect("a policy");
            let finding = dial_command(&Tenant { policy, ..acme() }, can_call);
            assert_eq!(finding.as_ref().map(|finding| finding.found.as_str()), found);
            let is_whole = found.is_none_or(|found| found.starts_with("dialled"));
            assert_eq!(finding.is_none_or(|finding| finding.mend.is_none()), is_whole);
        }
    }
}
