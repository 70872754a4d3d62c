//! Posts events to endpoints. An endpoint's URL is somebody's input: names are looked up here and connected to at the
//! very addresses that were checked, nobody is sent elsewhere by a redirect or a proxy, and no answer is waited for or
//! read for long.

use std::error::Error as _;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, ClientBuilder, Response, redirect};
use tokio::net::lookup_host;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until};

use super::telephone::{Carrier, Telephone, keys};
use crate::app::telling::Told;
use crate::domain::dial_command::{Command, DialCommand};
use crate::domain::tenant::Tenant;
use crate::domain::time;
use crate::domain::webhook::Webhook;
use crate::domain::webhook::address::{Allowed, Forbidden, Transport};
use crate::domain::webhook::answer::{Answer, Silence};
use crate::domain::webhook::target::Target;
use crate::domain::webhook::url::WebhookUrl;

/// Where to and how fast the operator lets us send.
#[derive(Debug, Clone)]
pub struct Egress {
    pub allowed: Allowed,
    /// Attempts in a second at most.
    pub rate: NonZeroU32,
    /// Who calls telephone systems, if anybody does.
    pub carrier: Option<Carrier>,
}

impl Egress {
    pub const USUAL_RATE: NonZeroU32 = NonZeroU32::new(2000).expect("it is not 0");
}

impl Default for Egress {
    fn default() -> Self {
        Self { allowed: Allowed::default(), rate: Self::USUAL_RATE, carrier: None }
    }
}

/// How long an attempt may take, the answer included.
const PATIENCE: Duration = Duration::from_secs(15);
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);

/// Bytes of an answer that are read, so that the connection can be used again; what is longer costs the connection.
const MOST_READ: usize = 4096;

/// Attempts that are under way at once, to all endpoints together.
const MOST_AT_ONCE: usize = 512;

#[derive(Debug)]
pub(super) struct Courier {
    allowed: Arc<Allowed>,
    /// Made when something is sent.
    clients: OnceLock<Result<Clients, String>>,
    telephone: Option<Telephone>,
    places: Semaphore,
    pace: Pace,
}

#[derive(Debug)]
struct Clients {
    strict: Client,
    /// Believes any certificate.
    lax: Client,
    /// Without TLS.
    plain: Client,
}

impl Courier {
    pub(super) fn new(Egress { allowed, rate, carrier }: Egress) -> Self {
        Self {
            allowed: Arc::new(allowed),
            clients: OnceLock::new(),
            telephone: carrier.map(Telephone::new),
            places: Semaphore::new(MOST_AT_ONCE),
            pace: Pace::new(rate),
        }
    }

    /// Refuses a URL that can be told to lead to where nothing is sent.
    pub(super) fn check(&self, url: &WebhookUrl) -> Result<(), String> {
        if url.transport() == Transport::Plain && self.allowed.is_empty() {
            return Err(
                "give an `https` URL: `DUTYLINE_WEBHOOK_ALLOW` names no network for `http`".to_owned()
            );
        }
        url.check(&self.allowed).map_err(|why| why.to_string())
    }

    /// Waits until an attempt may be made; it takes its place among those under way.
    pub(super) async fn place(&self) -> SemaphorePermit<'_> {
        let place = self.places.acquire().await.expect("nobody closes it");
        self.pace.turn().await;
        place
    }

    /// Whether the operator has told us all that sending to an endpoint takes.
    pub(super) fn reaches(&self, webhook: &Webhook) -> bool {
        self.can_call() || !webhook.is_telephone()
    }

    pub(super) fn can_call(&self) -> bool {
        self.telephone.is_some()
    }

    /// Makes an attempt.
    pub(super) async fn send(
        &self,
        _place: SemaphorePermit<'_>,
        (tenant, webhook): (&Tenant, &Webhook),
        told: &Told,
        now: time::Instant,
    ) -> Answer {
        match &webhook.url {
            Target::Url(url) => self.post(url, webhook, told, now).await,
            Target::Telephone(_) => self.dial(tenant, told).await,
        }
    }

    async fn dial(&self, tenant: &Tenant, told: &Told) -> Answer {
        let (dial_command, keys) = (tenant.policy.dial_command.clone(), keys(&told.envelope.event));
        match (&self.telephone, dial_command, keys) {
            (Some(telephone), Some(DialCommand { to, from }), Some(keys)) => {
                telephone.dial(&Command { to, from, keys }).await
            }
            (_, _, _) => {
                Answer::Nothing(Silence::Unreachable("it is not known whom to call, or by whom".to_owned()))
            }
        }
    }

    async fn post(&self, url: &WebhookUrl, webhook: &Webhook, told: &Told, now: time::Instant) -> Answer {
        // A client connects to an address that stands in the URL without looking anything up.
        if let Err(why) = url.check(&self.allowed) {
            return Answer::Nothing(Silence::Forbidden(why.to_string()));
        }
        let client = match self.client(url, webhook.insecure_tls) {
            Ok(client) => client,
            Err(why) => return Answer::Nothing(Silence::Unreachable(why.clone())),
        };
        let id = told.envelope.id.as_str();
        let sent = client
            .post(url.as_str())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", now.timestamp())
            .header("webhook-signature", webhook.secrets.sign(id, &told.text, now))
            .body(told.text.clone())
            .send();
        match sent.await {
            Ok(response) => read(response).await,
            Err(error) => Answer::Nothing(silence(&error)),
        }
    }

    fn client(&self, url: &WebhookUrl, insecure_tls: bool) -> Result<&Client, &String> {
        let clients = self.clients.get_or_init(|| Clients::new(&self.allowed)).as_ref()?;
        Ok(match url.transport() {
            Transport::Plain => &clients.plain,
            Transport::Tls if insecure_tls => &clients.lax,
            Transport::Tls => &clients.strict,
        })
    }
}

impl Clients {
    fn new(allowed: &Arc<Allowed>) -> Result<Self, String> {
        let build = |builder: ClientBuilder| builder.build().map_err(|why| why.to_string());
        let client = |transport| builder().dns_resolver(Guarded { allowed: Arc::clone(allowed), transport });
        Ok(Self {
            strict: build(client(Transport::Tls))?,
            lax: build(client(Transport::Tls).tls_danger_accept_invalid_certs(true))?,
            plain: build(client(Transport::Plain))?,
        })
    }
}

/// A client that is sent nowhere else, and waits for no one for long.
pub(super) fn builder() -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("dutyline/", env!("CARGO_PKG_VERSION")))
        .timeout(PATIENCE)
        .connect_timeout(CONNECT_PATIENCE)
        .redirect(redirect::Policy::none())
        .no_proxy()
}

/// Looks names up and leaves out the addresses that are not connected to.
#[derive(Debug)]
struct Guarded {
    allowed: Arc<Allowed>,
    transport: Transport,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (allowed, transport) = (Arc::clone(&self.allowed), self.transport);
        Box::pin(async move {
            // The port is put in by the client.
            let found: Vec<SocketAddr> = lookup_host((name.as_str(), 0)).await?.collect();
            let check = |address: &SocketAddr| allowed.check(address.ip(), transport);
            let refused = found.iter().map(check).find_map(Result::err);
            let reachable: Vec<SocketAddr> =
                found.into_iter().filter(|address| check(address).is_ok()).collect();
            match refused {
                Some(why) if reachable.is_empty() => Err(why.into()),
                Some(_) | None => Ok(Box::new(reachable.into_iter()) as Addrs),
            }
        })
    }
}

/// The answer of whoever has heard us. That counts also if its body breaks off.
pub(super) async fn read(mut response: Response) -> Answer {
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = retry_after.map(str::to_owned);
    let mut left = MOST_READ;
    while let Ok(Some(chunk)) = response.chunk().await {
        let Some(rest) = left.checked_sub(chunk.len()) else { break };
        left = rest;
    }
    Answer::Status { status: response.status().as_u16(), retry_after }
}

/// Why no answer came, without the URL.
pub(super) fn silence(error: &reqwest::Error) -> Silence {
    let mut innermost: &(dyn std::error::Error + 'static) = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    if let Some(forbidden) = innermost.downcast_ref::<Forbidden>() {
        return Silence::Forbidden(forbidden.to_string());
    }
    if error.is_timeout() {
        return Silence::TimedOut;
    }
    Silence::Unreachable(match error.source() {
        Some(_) => innermost.to_string(),
        None => "the request could not be sent".to_owned(),
    })
}

/// Keeps attempts apart: so many in a second, and not many more at once.
#[derive(Debug)]
struct Pace {
    apart: Duration,
    /// When the next may be made.
    next: Mutex<Option<Instant>>,
}

/// Attempts that are made at once after a pause.
const BURST: u32 = 100;

impl Pace {
    fn new(rate: NonZeroU32) -> Self {
        Self { apart: Duration::from_secs(1) / rate.get(), next: Mutex::default() }
    }

    /// Waits for its turn.
    async fn turn(&self) {
        sleep_until(self.place(Instant::now())).await;
    }

    fn place(&self, now: Instant) -> Instant {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let earliest = now.checked_sub(self.apart * BURST).unwrap_or(now);
        let place = next.map_or(earliest, |next| next.max(earliest));
        *next = Some(place + self.apart);
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_made_in_a_burst_and_then_at_their_pace() {
        // I11.
        let pace = Pace::new(NonZeroU32::new(10).expect("it is not 0"));
        let now = Instant::now() + Duration::from_hours(1);
        let waits: Vec<_> = (0..103).map(|_| pace.place(now).saturating_duration_since(now)).collect();
        assert!(waits[..=100].iter().all(Duration::is_zero), "{waits:?}");
        assert_eq!(waits[101..], [100, 200].map(Duration::from_millis));
        let later = now + Duration::from_secs(1);
        assert_eq!(pace.place(later), later - Duration::from_millis(700), "a pause is made up for");
    }
}
