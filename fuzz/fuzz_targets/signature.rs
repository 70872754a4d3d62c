//! No URL, header and body are taken for signed, unless they are signed.
#![no_main]

use dutyline::carrier::twilio::form::Form;
use dutyline::carrier::twilio::signature::{Body, sign, verify};
use libfuzzer_sys::fuzz_target;
use secrecy::SecretString;

fuzz_target!(|input: (&str, &str, &[u8])| {
    let (url, header, body) = input;
    let token = [SecretString::from("unguessable")];
    let form = Form::decode(body);
    assert!(verify(&token, url, Body::Form(form.pairs()), header).is_err());
    assert!(verify(&token, url, Body::Digested(body), header).is_err());
    let signature = sign(&token[0], url, form.pairs());
    assert_eq!(verify(&token, url, Body::Form(form.pairs()), &signature), Ok(()));
});
