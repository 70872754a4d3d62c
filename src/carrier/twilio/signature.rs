//! `X-Twilio-Signature`: base64(HMAC-SHA1(auth token, URL and parameters))
//! (<https://www.twilio.com/docs/usage/security#validating-requests>).
//!
//! It carries no time: a captured request verifies for ever, and only one-use turns stop its replay.

use std::collections::BTreeSet;
use std::iter;

use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

type Pair = (String, String);

/// What was signed beside the URL.
#[derive(Debug, Clone, Copy)]
pub enum Body<'a> {
    /// Nothing: a GET has its parameters in the URL.
    Empty,
    /// The decoded pairs of a form.
    Form(&'a [Pair]),
    /// Raw bytes, whose SHA-256 the URL carries as `bodySHA256`.
    Digested(&'a [u8]),
}

/// A request that no holder of the token has signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSignature {
    #[error("the signature is of another URL, other parameters or another token")]
    Mismatch,
    #[error("the body is not the one whose `bodySHA256` was signed")]
    BodyDigest,
}

/// The signature of a form that is posted to `url`, or with no `pairs` of a GET.
pub fn sign(token: &SecretString, url: &str, pairs: &[Pair]) -> String {
    BASE64.encode(&mac(token, without_fragment(url), &appended(pairs)).finalize().into_bytes())
}

/// Whether `signature` is that of `url` and `body` by one of `tokens`: the one in use, and while tokens are
/// rotated the next one.
///
/// `url` is the public address as the carrier was told it. Whether its port and its credentials are signed
/// differs between products and schemes, so every way is tried.
pub fn verify(
    tokens: &[SecretString],
    url: &str,
    body: Body<'_>,
    signature: &str,
) -> Result<(), BadSignature> {
    let given = BASE64.decode(signature.as_bytes()).map_err(|_| BadSignature::Mismatch)?;
    let parameters = match body {
        Body::Empty | Body::Digested(_) => String::new(),
        Body::Form(pairs) => appended(pairs),
    };
    let signed = |url: &str, token: &SecretString| mac(token, url, &parameters).verify_slice(&given).is_ok();
    if !spellings(url).any(|url| tokens.iter().any(|token| signed(&url, token))) {
        return Err(BadSignature::Mismatch);
    }
    match body {
        Body::Empty | Body::Form(_) => Ok(()),
        Body::Digested(bytes) => check_digest(url, bytes),
    }
}

fn mac(token: &SecretString, url: &str, parameters: &str) -> Hmac<Sha1> {
    let key = token.expose_secret().as_bytes();
    let mac = Hmac::new_from_slice(key).expect("a key of HMAC may be of any length");
    mac.chain_update(url).chain_update(parameters)
}

/// Names and values by the bytes of both, each pair once: a repeated name is signed as a set of values.
fn appended(pairs: &[Pair]) -> String {
    let mut sorted: Vec<&Pair> = pairs.iter().collect();
    sorted.sort_unstable();
    sorted.dedup();
    let pieces: Vec<&str> = sorted.iter().flat_map(|(name, value)| [name.as_str(), value]).collect();
    pieces.concat()
}

fn check_digest(url: &str, body: &[u8]) -> Result<(), BadSignature> {
    let (_, query) = without_fragment(url).split_once('?').ok_or(BadSignature::BodyDigest)?;
    let claimed = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "bodySHA256");
    let (_, claimed) = claimed.ok_or(BadSignature::BodyDigest)?;
    let actual = HEXLOWER.encode(&Sha256::digest(body));
    let same = bool::from(actual.as_bytes().ct_eq(claimed.as_bytes()));
    if same { Ok(()) } else { Err(BadSignature::BodyDigest) }
}

/// Every way in which a carrier may have written `url` when it signed: its port as given, none, or the
/// scheme's own; its credentials as given or none; apostrophes in its query as given, escaped or not
/// (<https://url.spec.whatwg.org/#special-query-percent-encode-set>). Nothing else is touched, other
/// percent-encoding least of all, which is why no URL parser is asked. The spelling as given comes first, and
/// mostly is the one; the others are made when it is not.
fn spellings(url: &str) -> impl Iterator<Item = String> {
    let url = without_fragment(url);
    iter::once(url.to_owned()).chain(url.split_once("://").into_iter().flat_map(other_spellings))
}

fn other_spellings((scheme, rest): (&str, &str)) -> BTreeSet<String> {
    let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (path, query) = target.split_at(target.find('?').unwrap_or(target.len()));
    let (credentials, address) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
    let (host, port) = address.split_at(port_start(address));
    let default_port = if scheme.eq_ignore_ascii_case("http") { ":80" } else { ":443" };
    let mut spelt = BTreeSet::new();
    for query in [query, &query.replace('\'', "%27"), &query.replace("%27", "'")] {
        for credentials in [credentials, ""] {
            for port in [port, "", default_port] {
                spelt.insert(format!("{scheme}://{credentials}{host}{port}{path}{query}"));
            }
        }
    }
    spelt
}

/// Where `:8080` begins, past the colons of an IPv6 address.
fn port_start(address: &str) -> usize {
    let after_brackets = address.rfind(']').map_or(0, |end| end + 1);
    address[after_brackets..].find(':').map_or(address.len(), |colon| after_brackets + colon)
}

fn without_fragment(url: &str) -> &str {
    url.split_once('#').map_or(url, |(before, _)| before)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const URL: &str = "https://mycompany.com/myapp.php?foo=1&bar=2";
    const VOICE: &str = "https://ivr.example.com/voice";
    const JSON: &[u8] = br#"{"property": "value", "boolean": true}"#;
    const JSON_SHA256: &str = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620";

    fn token(text: &str) -> SecretString {
        SecretString::from(text)
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<Pair> {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// The parameters of Twilio's own examples, and some more.
    fn call_and(more: &[(&str, &str)]) -> Vec<Pair> {
        let call = [
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+14158675309"),
            ("Digits", "1234"),
            ("From", "+14158675309"),
            ("To", "+18005551212"),
        ];
        let kept = call.iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name));
        pairs(&kept.chain(more).copied().collect::<Vec<_>>())
    }

    fn verified(url: &str, pairs: &[Pair], signature: &str) -> bool {
        verify(&[token("12345")], url, Body::Form(pairs), signature).is_ok()
    }

    /// From the tests of Twilio's Python, Node and Go libraries and from its documentation; the last eight
    /// were made with the Python library's release 9.13.0.
    #[test]
    fn signatures_of_the_carriers_own_libraries_hold() {
        let call = call_and(&[]);
        let addresses =
            [("MessagingBinding.Address", "+1325xxxxxxx"), ("MessagingBinding.Address", "+1415xxxxxxx")];
        for (url, pairs, signature) in [
            (URL, call.clone(), "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
            ("http://mycompany.com:1234/myapp.php?foo=1&bar=2", call.clone(), "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
            ("https://mycompany.com:443/myapp.php?foo=1&bar=2", call.clone(), "kvajT1Ptam85bY51eRf/AJRuM3w="),
            ("http://mycompany.com:80/myapp.php?foo=1&bar=2", call.clone(), "0ZXoZLH/DfblKGATFgpif+LLRf4="),
            (
                "https://user:pass@mycompany.com/myapp.php?foo=1&bar=2",
                call.clone(),
                "CukzLTc1tT5dXEDIHm/tKBanW10=",
            ),
            (
                "https://user@mycompany.com/myapp.php?foo=1&bar=2",
                call.clone(),
                "2YRLlVAflCqxaNicjMpJcSTgzSs=",
            ),
            (
                "https://user:pass@mycompany.com:443/myapp.php?foo=1&bar=2",
                call.clone(),
                "ZQFR1PTIZXF2MXB8ZnKCvnnA+rI=",
            ),
            (URL, pairs(&addresses), "83O6e2vORAoJHUNzJjDWN1jz+BA="),
            (URL, pairs(&[addresses[1], addresses[0]]), "83O6e2vORAoJHUNzJjDWN1jz+BA="),
            (
                URL,
                pairs(&[
                    ("Sid", "CA123"),
                    ("SidAccount", "AC123"),
                    ("Digits", "5678"),
                    ("Digits", "1234"),
                    ("Digits", "1234"),
                ]),
                "IK+Dwps556ElfBT0I3Rgjkr1wJU=",
            ),
            (
                URL,
                call_and(&[("ReasonConferenceEnded", "test"), ("Reason", "Participant")]),
                "vOEb5UThFn24KEfnOFLQY2AE5FY=",
            ),
            (URL, pairs(&[("property", "value"), ("boolean", "true")]), "NBdBDr/T/lgjI+tlgpXjKZQZs/k="),
            (
                "https://example.com/myapp.php?foo=1&bar=2",
                call_and(&[("From", "+14158675310"), ("Caller", "+14158675310")]),
                "L/OH5YylLD5NRKLltdqwSvS0BnU=",
            ),
            (URL, vec![], "zYQTYrRWXE7LtzbG4PfP7/bkkGo="),
            (VOICE, call.clone(), "F/Iynzd0REqoexdbs+W7wV5YhM4="),
            ("https://ivr.example.com:8443/voice", call.clone(), "X4/nrl2ylbprEuMHEpqbd9bNAUQ="),
            (VOICE, call_and(&[("Digits", ""), ("CallerName", "")]), "t73dsuyxd1oJPgFqdudUjkrjBFE="),
            (
                VOICE,
                call_and(&[("CallerName", "JOSÉ Ñ 東京"), ("SpeechResult", "a b+c&d=e%20")]),
                "fxoznfG1mFw3durAvGW4nW+fPI0=",
            ),
            (
                VOICE,
                pairs(&[("msg", "Gather End"), ("Msg", "x"), ("CallSid", "CA1"), ("Digits", "#")]),
                "4fXULkwp881EL/xm97Oh9NdOEiA=",
            ),
            (
                "https://ivr.example.com/a%20b/%C3%A9?x=a%20b&y=%2B1&z=a+b",
                call.clone(),
                "nvhy+pl+KQ+y+WFukse5HWOHZnU=",
            ),
            (
                "https://ivr.example.com/voice?CallSid=CA1&From=%2B14158675309&Digits=",
                vec![],
                "dqo1GwMF+ftxl7OreoPb2GOx1eE=",
            ),
        ] {
            assert_eq!(sign(&token("12345"), url, &pairs), signature, "{url}");
            assert!(verified(url, &pairs, signature), "{url}");
        }
    }

    #[test]
    fn a_port_credentials_and_an_apostrophe_may_be_signed_in_other_spellings() {
        let call = call_and(&[]);
        for (asked, signature) in [
            ("https://mycompany.com:1234/myapp.php?foo=1&bar=2", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
            ("https://user:pass@mycompany.com/myapp.php?foo=1&bar=2", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
            ("https://user:p@ss@mycompany.com:99/myapp.php?foo=1&bar=2", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
            ("https://mycompany.com/myapp.php?foo=1&bar=2#rc=2", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
            ("https://mycompany.com/myapp.php?foo=1&bar=2&Body=It's+amazing", "TfZzewPq8wqrGlMfyAud8+/IvJ0="),
            (URL, "kvajT1Ptam85bY51eRf/AJRuM3w="),
            ("http://mycompany.com/myapp.php?foo=1&bar=2", "0ZXoZLH/DfblKGATFgpif+LLRf4="),
            ("https://user:pass@mycompany.com/myapp.php?foo=1&bar=2", "ZQFR1PTIZXF2MXB8ZnKCvnnA+rI="),
        ] {
            assert!(verified(asked, &call, signature), "{asked}");
        }
    }

    #[test]
    fn nothing_else_of_a_url_is_respelt() {
        for (url, spelt) in [
            ("https://[::1]:8080/a", vec!["https://[::1]/a", "https://[::1]:443/a", "https://[::1]:8080/a"]),
            ("http://h?a@b:1", vec!["http://h:80?a@b:1", "http://h?a@b:1"]),
            ("https://h:443", vec!["https://h", "https://h:443"]),
            (
                "https://h/it's?it's=%2B",
                vec![
                    "https://h/it's?it%27s=%2B",
                    "https://h/it's?it's=%2B",
                    "https://h:443/it's?it%27s=%2B",
                    "https://h:443/it's?it's=%2B",
                ],
            ),
            ("no url", vec!["no url"]),
        ] {
            assert_eq!(spellings(url).next().as_deref(), Some(url));
            assert_eq!(
                spellings(url).collect::<BTreeSet<_>>(),
                spelt.into_iter().map(str::to_owned).collect()
            );
        }
    }

    #[test]
    fn what_was_not_signed_is_refused() {
        let call = call_and(&[]);
        let conference = call_and(&[("ReasonConferenceEnded", "test"), ("Reason", "Participant")]);
        for (url, pairs, signature) in [
            // Sorted as one text of names and values, not by names.
            (URL, &conference, "95+Bu0JVPi0r/SsESZCVf0dWAjw="),
            (URL, &call, "RSOYDt4T1cUTdK1PDd93/VVr8B8"),
            (URL, &call, "rSOYDt4T1cUTdK1PDd93/VVr8B8="),
            (URL, &call, "RSOYDt4T1cUTdK1PDd93"),
            (URL, &call, ""),
            (URL, &call, "é"),
            ("http://mycompany.com/myapp.php?foo=1&bar=2", &call, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
            ("https://mycompany.com/myapp.php?bar=2&foo=1", &call, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ] {
            assert!(!verified(url, pairs, signature), "{url} {signature}");
        }
    }

    #[test]
    fn while_tokens_rotate_both_are_good() {
        let (old, new) = (token("12345"), token("67890"));
        let signed = sign(&new, VOICE, &call_and(&[]));
        let verify_with =
            |tokens: &[SecretString]| verify(tokens, VOICE, Body::Form(&call_and(&[])), &signed);
        assert_eq!(verify_with(&[old.clone(), new]), Ok(()));
        assert_eq!(verify_with(&[old]), Err(BadSignature::Mismatch));
        assert_eq!(verify_with(&[]), Err(BadSignature::Mismatch));
    }

    #[test]
    fn a_digested_body_is_the_one_that_was_signed() {
        let with = |digest: &str| format!("{URL}&bodySHA256={digest}");
        let empty_object = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
        let alone = format!("https://mycompany.com/myapp.php?bodySHA256={JSON_SHA256}");
        for (url, body, signature, outcome) in [
            (with(JSON_SHA256), JSON, "a9nBmqA0ju/hNViExpshrM61xv4=", Ok(())),
            (alone, JSON, "y77kIzt2vzLz71DgmJGsen2scGs=", Ok(())),
            (with(empty_object), b"{}", "Ldidvp12m26NI7eqEvxnEpkd9Hc=", Ok(())),
            (with(JSON_SHA256), b"{}", "a9nBmqA0ju/hNViExpshrM61xv4=", Err(BadSignature::BodyDigest)),
            (with(empty_object), JSON, "a9nBmqA0ju/hNViExpshrM61xv4=", Err(BadSignature::Mismatch)),
            (URL.to_owned(), JSON, "zYQTYrRWXE7LtzbG4PfP7/bkkGo=", Err(BadSignature::BodyDigest)),
        ] {
            assert_eq!(verify(&[token("12345")], &url, Body::Digested(body), signature), outcome, "{url}");
        }
    }

    #[test]
    fn a_get_has_its_parameters_in_the_url() {
        let url = "https://ivr.example.com/voice?CallSid=CA1&From=%2B14158675309&Digits=";
        assert_eq!(verify(&[token("12345")], url, Body::Empty, "dqo1GwMF+ftxl7OreoPb2GOx1eE="), Ok(()));
    }

    proptest! {
        #[test]
        fn what_is_signed_verifies_in_any_order(
            url in "https?://([a-z]{1,5}(:[a-z]{0,3})?@)?[a-z.]{1,9}(:[0-9]{1,4})?(/[ -~]{0,9})?",
            pairs in prop::collection::vec(any::<(String, String)>(), 0..6),
        ) {
            let signature = sign(&token("secret"), &url, &pairs);
            let reversed: Vec<Pair> = pairs.iter().rev().cloned().collect();
            prop_assert_eq!(verify(&[token("secret")], &url, Body::Form(&reversed), &signature), Ok(()));
            let more: Vec<Pair> = [pairs, vec![("one".into(), "more".into())]].concat();
            prop_assert!(verify(&[token("secret")], &url, Body::Form(&more), &signature).is_err());
        }

        #[test]
        fn no_url_and_no_header_panic(url in any::<String>(), header in any::<String>(), body in any::<Vec<u8>>()) {
            prop_assert!(verify(&[token("secret")], &url, Body::Digested(&body), &header).is_err());
        }
    }
}
