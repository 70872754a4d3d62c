//! Whatever is said, a strict reader takes the document.
#![no_main]

use dutyline::carrier::twiml::{self, Urls};
use dutyline::cli::phone::document;
use dutyline::flow::reply::{Gather, Reply, Speech, Then};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<&str>, Vec<&str>, &str)| {
    let (speech, prompt, path) = input;
    let next = format!("https://ivr.example.com/{path}");
    let urls = Urls { next: &next, media: "https://ivr.example.com/media" };
    let gather = Gather { prompt: said(&prompt), max_digits: 2, hash_finishes: true, timeout_s: 5 };
    for then in [Then::Gather(gather), Then::Redirect, Then::HangUp, Then::Reject] {
        if let Ok(document) = twiml::render(&Reply { speech: said(&speech), then }, urls) {
            document::parse(&document).expect("legal TwiML");
        }
    }
});

fn said(texts: &[&str]) -> Vec<Speech> {
    let language = "en".parse().expect("a language tag");
    let say = |text: &&str| Speech::Say { text: (*text).to_owned(), language: Clone::clone(&language) };
    texts.iter().map(say).collect()
}
