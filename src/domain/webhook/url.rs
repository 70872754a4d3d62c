//! The URL of an endpoint.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::domain::webhook::address::{Allowed, Forbidden, Transport};

/// `https`, or `http` to where the operator allows it; without a name, a password or a fragment in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WebhookUrl(Url);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadWebhookUrl {
    #[error("it is not a URL; give one like `https://example.com/events`")]
    Unreadable,
    #[error("its scheme is `{0}`; give `https`, or `http` to a network that `DUTYLINE_WEBHOOK_ALLOW` names")]
    Scheme(String),
    #[error("it has a user name or a password; deliveries are signed instead")]
    Login,
    #[error("it has a fragment (`#`), which is not sent")]
    Fragment,
    #[error("it is longer than {LONGEST} characters")]
    Long,
}

const LONGEST: usize = 2000;

impl WebhookUrl {
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub fn transport(&self) -> Transport {
        if self.0.scheme() == "https" { Transport::Tls } else { Transport::Plain }
    }

    /// The address that stands in it, if no name does.
    pub fn address(&self) -> Option<IpAddr> {
        match self.0.host()? {
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
            Host::Domain(_) => None,
        }
    }

    /// Refuses an address that may not be connected to. What a name leads to is not known before it is looked up.
    pub fn check(&self, allowed: &Allowed) -> Result<(), Forbidden> {
        self.address().map_or(Ok(()), |address| allowed.check(address, self.transport()))
    }
}

impl FromStr for WebhookUrl {
    type Err = BadWebhookUrl;
    fn from_str(text: &str) -> Result<Self, BadWebhookUrl> {
        if text.len() > LONGEST {
            return Err(BadWebhookUrl::Long);
        }
        let url: Url = text.parse().map_err(|_| BadWebhookUrl::Unreadable)?;
        if !["http", "https"].contains(&url.scheme()) {
            return Err(BadWebhookUrl::Scheme(url.scheme().to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BadWebhookUrl::Login);
        }
        if url.fragment().is_some() {
            return Err(BadWebhookUrl::Fragment);
        }
        Ok(Self(url))
    }
}

impl TryFrom<String> for WebhookUrl {
    type Error = BadWebhookUrl;
    fn try_from(text: String) -> Result<Self, BadWebhookUrl> {
        text.parse()
    }
}

impl From<WebhookUrl> for String {
    fn from(WebhookUrl(url): WebhookUrl) -> Self {
        url.into()
    }
}

impl fmt::Display for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

described!(WebhookUrl, crate::domain::described::text("an `https` URL without a user name"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_one_that_can_be_posted_to() {
        let long = format!("https://example.com/{}", "a".repeat(LONGEST));
        for (text, fault) in [
            ("https://example.com/events?to=us", None),
            ("http://10.0.0.1:8080", None),
            ("https://EXAMPLE.com", None),
            ("example.com", Some(BadWebhookUrl::Unreadable)),
            ("https://", Some(BadWebhookUrl::Unreadable)),
            ("https:// example.com", Some(BadWebhookUrl::Unreadable)),
            ("ftp://example.com", Some(BadWebhookUrl::Scheme("ftp".to_owned()))),
            ("file:///etc/passwd", Some(BadWebhookUrl::Scheme("file".to_owned()))),
            ("https://me@example.com", Some(BadWebhookUrl::Login)),
            ("https://:secret@example.com", Some(BadWebhookUrl::Login)),
            ("https://1.1.1.1@example.com", Some(BadWebhookUrl::Login)),
            ("https://example.com/#there", Some(BadWebhookUrl::Fragment)),
            (&long, Some(BadWebhookUrl::Long)),
        ] {
            assert_eq!(text.parse::<WebhookUrl>().err(), fault, "{text}");
        }
    }

    #[test]
    fn an_address_is_seen_however_it_is_written() {
        for (text, address) in [
            ("https://example.com", None),
            ("https://127.0.0.1/", Some("127.0.0.1")),
            ("https://127.1/", Some("127.0.0.1")),
            ("https://2130706433/", Some("127.0.0.1")),
            ("https://0x7f.0.0.1/", Some("127.0.0.1")),
            ("https://0177.0.0.1/", Some("127.0.0.1")),
            ("https://１２７.０.０.１/", Some("127.0.0.1")),
            ("https://127.0.0.1./", Some("127.0.0.1")),
            ("https://%31%32%37.0.0.1/", Some("127.0.0.1")),
            ("https://[::1]/", Some("::1")),
            ("https://[::ffff:127.0.0.1]/", Some("::ffff:127.0.0.1")),
        ] {
            let url: WebhookUrl = text.parse().expect("a URL");
            assert_eq!(url.address(), address.map(|text| text.parse().expect("an address")), "{text}");
            assert_eq!(url.check(&Allowed::default()).is_ok(), address.is_none(), "{text}");
        }
    }
}
