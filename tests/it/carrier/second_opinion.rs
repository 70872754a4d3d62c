//! Signatures and documents in the eyes of Twilio's own Python library. `tests/run` installs it and names
//! the interpreter in `DUTYLINE_TEST_PYTHON`.

use dutyline::carrier::twilio::signature::sign;
use dutyline::carrier::twiml::{self, Urls};
use dutyline::flow::reply::{Gather, MediaFormat, MediaRef, Reply, Speech, Then};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::harness::python::{interpreter, opinion};

const CASES: usize = 200;

#[test]
fn twilios_own_library_agrees_with_our_signatures_and_documents() {
    let Some(python) = interpreter("twilio") else { return };
    let requests = [drawn(request(true)), drawn(request(false))].concat();
    let batch = json!({ "requests": requests, "documents": drawn(document()) });
    assert_eq!(opinion(&python, "carrier/second_opinion.py", &batch), "");
}

/// The same values in every run.
fn drawn<T>(strategy: impl Strategy<Value = T>) -> Vec<T> {
    let mut runner = TestRunner::deterministic();
    let mut draw = || strategy.new_tree(&mut runner).expect("nothing is filtered out").current();
    (0..CASES).map(|_| draw()).collect()
}

/// A request that we signed, or one that was changed after we had signed it.
fn request(valid: bool) -> impl Strategy<Value = Value> {
    let url =
        "https?://[a-z]{1,9}(\\.example)?(:[1-9][0-9]{1,3})?/[a-z0-9%/]{0,9}(\\?[a-z]=[a-z0-9+%&=]{1,9})?";
    let pairs = prop::collection::vec(("[A-Za-z]{1,3}", any::<String>()), 0..9);
    (url, pairs, "[0-9a-f]{32}").prop_map(move |(url, mut pairs, token)| {
        let signature = sign(&SecretString::from(token.as_str()), &url, &pairs);
        if !valid {
            pairs.push(("Added".to_owned(), String::new()));
        }
        json!({ "token": token, "url": url, "pairs": pairs, "signature": signature, "valid": valid })
    })
}

fn document() -> impl Strategy<Value = String> {
    let gather = (speech(), 1..30_u8, any::<bool>(), 1..60_u8).prop_map(
        |(prompt, max_digits, hash_finishes, timeout_s)| {
            Then::Gather(Gather { prompt, max_digits, hash_finishes, timeout_s })
        },
    );
    let then = prop_oneof![gather, Just(Then::Redirect), Just(Then::HangUp), Just(Then::Reject)];
    (speech(), then).prop_map(|(speech, then)| {
        let urls = Urls { next: "https://h.example/t?a=1&b=2", media: "https://h.example/media" };
        twiml::render(&Reply { speech, then }, urls).expect("short enough")
    })
}

fn speech() -> impl Strategy<Value = Vec<Speech>> {
    let say =
        any::<String>().prop_map(|text| Speech::Say { text, language: "fr-CA".parse().expect("a language") });
    let sha256 = "0123456789abcdef".repeat(4).parse().expect("a digest");
    let play = Just(Speech::Play(MediaRef { sha256, format: MediaFormat::Mp3 }));
    prop::collection::vec(prop_oneof![say, play], 0..4)
}
