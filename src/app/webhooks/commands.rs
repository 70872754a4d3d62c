//! The endpoint at which a telephone system gets its commands (A3.3). It is made of the tenant's policy and goes with
//! it; admins pause it and set it going again, as they do others.

use crate::app::{Error, change, draw};
use crate::domain::event::Event;
use crate::domain::ids::WebhookName;
use crate::domain::tenant::Tenant;
use crate::domain::webhook::Webhook;
use crate::domain::webhook::filter::Filter;
use crate::domain::webhook::secret::Keyring;
use crate::domain::webhook::target::Target;
use crate::store::Tx;

use super::{check_name, log_change};

/// Brings the endpoint in line with a policy that is about to be the tenant's.
pub(in crate::app) async fn follow(tx: &mut Tx<'_>, tenant: &Tenant) -> Result<(), Error> {
    let mut webhooks = tx.webhooks(&tenant.id).await?.into_iter().map(|tallied| tallied.course.webhook);
    let known = webhooks.find(Webhook::is_telephone);
    let to = tenant.policy.dial_command.as_ref().map(|dial_command| dial_command.to.clone());
    match (known, to.map(Target::Telephone)) {
        (None, None) => {}
        (None, Some(url)) => {
            let webhook = fresh(url, tx);
            check_name(tx, &tenant.id, &webhook.name, None).await?;
            let cursor = tx.last_seq(&tenant.id).await?;
            tx.insert_webhook(&tenant.id, &webhook, cursor);
            log_change(tx, &tenant.id, &webhook.id, Event::WebhookAdded(change(None, Some(&webhook))));
        }
        (Some(before), Some(url)) if url == before.url => {}
        (Some(before), Some(url)) => {
            let after = Webhook { url, ..before.clone() };
            tx.save_webhook(&tenant.id, &after);
            let event = Event::WebhookChanged(change(Some(&before), Some(&after)));
            log_change(tx, &tenant.id, &after.id, event);
        }
        (Some(webhook), None) => {
            tx.delete_webhook(&tenant.id, &webhook.id);
            log_change(tx, &tenant.id, &webhook.id, Event::WebhookRemoved(change(Some(&webhook), None)));
        }
    }
    Ok(())
}

fn fresh(url: Target, tx: &Tx<'_>) -> Webhook {
    Webhook {
        id: draw::webhook_id(),
        name: name(),
        url,
        filter: Filter { types: Some([Event::LABEL.parse().expect("a type")].into()), users: None },
        active: true,
        stopped_by: None,
        insecure_tls: false,
        // A carrier knows us by its own.
        secrets: Keyring::kept([]),
        created_at: tx.now(),
    }
}

fn name() -> WebhookName {
    "dial commands".parse().expect("it is a name")
}

/// Refuses to do what only the policy does, or what an endpoint alone has that is posted to.
pub(super) fn refuse_telephone(webhook: &Webhook) -> Result<(), Error> {
    match webhook.url {
        Target::Url(_) => Ok(()),
        Target::Telephone(_) => {
            let why = "it comes of the policy's `dial_command`; change that, or pause it";
            Err(Error::invalid("webhook", webhook.name.as_str(), why))
        }
    }
}
