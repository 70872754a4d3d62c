//! The server's address as others see it.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use axum::http::Uri;

/// The URL that the carrier reaches the server under, to which paths are appended: `http` or `https`, a host,
/// perhaps a path, and no slash at the end. Signatures are made over it, so it is kept letter by letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// The URL of a server that its callers reach directly.
    pub fn at(listen: SocketAddr) -> Self {
        Self(format!("http://{listen}"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault}; give a URL like `https://ivr.example.com`")]
pub struct BadPublicUrl {
    fault: &'static str,
}

impl FromStr for PublicUrl {
    type Err = BadPublicUrl;
    fn from_str(text: &str) -> Result<Self, BadPublicUrl> {
        match public_url_fault(text) {
            None => Ok(Self(text.to_owned())),
            Some(fault) => Err(BadPublicUrl { fault }),
        }
    }
}

fn public_url_fault(text: &str) -> Option<&'static str> {
    let Ok(uri) = text.parse::<Uri>() else {
        return Some("it is not a URL");
    };
    let Some(authority) = uri.authority() else {
        return Some("it has no host");
    };
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        Some("its scheme is not `http` or `https`")
    } else if authority.host().is_empty() {
        Some("it has no host")
    } else if authority.as_str().contains('@') {
        Some("it has a user name or password")
    } else if text.contains(['?', '#']) {
        Some("it has a query or a fragment")
    } else if text.ends_with('/') {
        Some("it ends with a slash")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_a_scheme_a_host_and_perhaps_a_path() {
        for url in
            ["http://127.0.0.1:8080", "https://A.example:443", "https://a.example/ivr", "https://[::1]"]
        {
            assert_eq!(url.parse().as_ref().map(PublicUrl::as_str), Ok(url));
        }
        for (url, fault) in [
            ("", "not a URL"),
            ("https://a b", "not a URL"),
            ("https://", "not a URL"),
            ("/voice", "no host"),
            ("a.example", "scheme"),
            ("ftp://a.example", "scheme"),
            ("https://:443", "no host"),
            ("https://me:pw@a.example", "user name"),
            ("https://a.example?x=1", "query"),
            ("https://a.example/#top", "fragment"),
            ("https://a.example/", "ends with a slash"),
            ("https://a.example/ivr/", "ends with a slash"),
        ] {
            let refused = url.parse::<PublicUrl>().expect_err(url).to_string();
            assert!(
                refused.contains(fault) && refused.contains("`https://ivr.example.com`"),
                "{url}: {refused}"
            );
        }
    }
}
