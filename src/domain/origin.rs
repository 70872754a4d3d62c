//! Where pages come from that browsers show: scheme, host and port. A browser names it with what a page asks for, and a page
//! cannot forge it.

use std::fmt;
use std::str::FromStr;

/// As browsers write it: `https://desk.example.com`, in lower case and without the scheme's own port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is not an origin; give one like `https://desk.example.com`, without a path")]
pub struct BadOrigin;

impl FromStr for Origin {
    type Err = BadOrigin;
    fn from_str(text: &str) -> Result<Self, BadOrigin> {
        let (scheme, place) = text.split_once("://").ok_or(BadOrigin)?;
        let usual = match scheme.to_ascii_lowercase().as_str() {
            "http" => "80",
            "https" => "443",
            _ => return Err(BadOrigin),
        };
        // A colon within brackets is the address's own.
        let colon = place.rfind(':').filter(|colon| !place[*colon..].contains(']'));
        let (host, port) = colon.map_or((place, usual), |colon| (&place[..colon], &place[colon + 1..]));
        let is_of_host = |c: char| c.is_ascii_alphanumeric() || "-._[]:".contains(c);
        if host.is_empty() || !host.chars().all(is_of_host) || port.parse::<u16>().is_err() {
            return Err(BadOrigin);
        }
        let port = if port == usual { String::new() } else { format!(":{port}") };
        Ok(Self(format!("{scheme}://{host}{port}").to_ascii_lowercase()))
    }
}

impl Origin {
    /// Of the pages that are under `url`.
    pub fn of_url(url: &str) -> Result<Self, BadOrigin> {
        let path = url.find("://").and_then(|scheme| Some(scheme + 3 + url[scheme + 3..].find('/')?));
        url[..path.unwrap_or(url.len())].parse()
    }

    /// Whether a request that names this as its origin comes from here.
    pub fn is(&self, named: &[u8]) -> bool {
        self.0.as_bytes() == named
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_a_host_and_perhaps_a_port() {
        for (text, origin) in [
            ("https://desk.example.com", Some("https://desk.example.com")),
            ("HTTPS://Desk.Example.com:443", Some("https://desk.example.com")),
            ("http://127.0.0.1:8080", Some("http://127.0.0.1:8080")),
            ("http://[::1]", Some("http://[::1]")),
            ("http://[::1]:81", Some("http://[::1]:81")),
            ("https://desk.example.com/", None),
            ("https://desk.example.com/page", None),
            ("https://me@desk.example.com", None),
            ("https://desk.example.com:", None),
            ("https://desk.example.com:99999", None),
            ("https://:443", None),
            ("desk.example.com", None),
            ("file:///page", None),
            ("*", None),
            ("null", None),
            ("", None),
        ] {
            let read = text.parse::<Origin>().ok().map(|origin| origin.to_string());
            assert_eq!(read.as_deref(), origin, "{text}");
        }
        let page = Origin::of_url("https://ivr.example.com:444/under/here").map(|origin| origin.to_string());
        assert_eq!(page.as_deref(), Ok("https://ivr.example.com:444"));
    }

    #[test]
    fn an_origin_is_itself_and_no_other() {
        let ours: Origin = "https://desk.example.com".parse().expect("an origin");
        for (named, is_ours) in [
            ("https://desk.example.com", true),
            ("https://desk.example.com.evil.example", false),
            ("http://desk.example.com", false),
            ("https://desk.example.com:8443", false),
            ("null", false),
            ("", false),
        ] {
            assert_eq!(ours.is(named.as_bytes()), is_ours, "{named}");
        }
    }
}
