//! What it costs to find out that a webhook comes from the carrier, or that it does not.

use std::hint::black_box;

use divan::Bencher;
use dutyline::carrier::twilio::form::Form;
use dutyline::carrier::twilio::signature::{Body, sign, verify};
use dutyline::cli::phone::leg::{Leg, Stir};
use dutyline::domain::call::CallStatus;
use secrecy::SecretString;

fn main() {
    divan::main();
}

const URL: &str = "https://ivr.example.com/voice/twilio/turn/call_00000000000000000000000000000001/1?t=0123456789abcdef0123456789abcdef&l=en";

/// A key press as Twilio posts it.
#[divan::bench]
fn decode_a_voice_form(bencher: Bencher) {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(voice_form()).finish();
    bencher.bench_local(|| Form::decode(black_box(body.as_bytes())));
}

#[divan::bench]
fn verify_a_voice_form(bencher: Bencher) {
    let (form, tokens) = (voice_form(), [token("12345")]);
    let signature = sign(&tokens[0], URL, &form);
    bencher.bench_local(|| verify(&tokens, black_box(URL), Body::Form(&form), &signature));
}

/// While tokens are rotated: signed with the second of two.
#[divan::bench]
fn verify_with_the_next_token(bencher: Bencher) {
    let (form, tokens) = (voice_form(), [token("12345"), token("67890")]);
    let signature = sign(&tokens[1], URL, &form);
    bencher.bench_local(|| verify(&tokens, black_box(URL), Body::Form(&form), &signature));
}

/// Every spelling of the address is tried before a request is refused.
#[divan::bench]
fn refuse_a_forgery(bencher: Bencher) {
    let (form, tokens) = (voice_form(), [token("12345")]);
    let signature = sign(&token("guessed"), URL, &form);
    bencher.bench_local(|| verify(&tokens, black_box(URL), Body::Form(&form), &signature));
}

fn token(text: &str) -> SecretString {
    text.to_owned().into()
}

fn voice_form() -> Vec<(String, String)> {
    let leg = Leg {
        account_sid: format!("AC{:032x}", 1).parse().expect("a name"),
        call_sid: format!("CA{:032x}", 1).parse().expect("a name"),
        from: "+15062345678".to_owned(),
        to: "+15065550100".to_owned(),
        stir: Some(Stir::A),
    };
    leg.form(CallStatus::InProgress, &[("Digits", "1"), ("msg", "Gather End"), ("FinishedOnKey", "")])
}
