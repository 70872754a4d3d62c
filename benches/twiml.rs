//! What it costs to write the document that a carrier plays.

use std::hint::black_box;

use divan::Bencher;
use dutyline::carrier::twiml::{Urls, render};
use dutyline::flow::reply::{Gather, Reply, Speech, Then};

fn main() {
    divan::main();
}

const URLS: Urls<'_> = Urls {
    next: "https://ivr.example.com/voice/twilio/turn/call_00000000000000000000000000000001/1?t=0123456789abcdef0123456789abcdef&l=en",
    media: "https://ivr.example.com/media",
};

/// Welcome and menu in words.
#[divan::bench]
fn menu(bencher: Bencher) {
    let prompt = vec![
        say("Welcome to the duty line."),
        say(
            "To go online for 8 hours, press 1. To go online for 24 hours, press 2. To go online for 48 hours, \
             press 3. To go online for 72 hours, press 4. To enter a custom number of hours, press 9. To go \
             offline, press 0.",
        ),
    ];
    let gather = Gather { prompt, max_digits: 1, hash_finishes: false, timeout_s: 5 };
    let reply = Reply { speech: Vec::new(), then: Then::Gather(gather) };
    bencher.bench_local(|| render(black_box(&reply), URLS));
}

/// Welcome and menu as recordings.
#[divan::bench]
fn recorded_menu(bencher: Bencher) {
    let media = format!("{:064x}.wav", 1).parse().expect("a recording's name");
    let prompt = vec![Speech::Play(media); 8];
    let gather = Gather { prompt, max_digits: 1, hash_finishes: false, timeout_s: 5 };
    let reply = Reply { speech: Vec::new(), then: Then::Gather(gather) };
    bencher.bench_local(|| render(black_box(&reply), URLS));
}

#[divan::bench]
fn confirmation(bencher: Bencher) {
    let speech = vec![say("You are now online and available for calls until Tuesday, 6 PM, Toronto time.")];
    let reply = Reply { speech, then: Then::HangUp };
    bencher.bench_local(|| render(black_box(&reply), URLS));
}

fn say(text: &str) -> Speech {
    Speech::Say { text: text.to_owned(), language: "en-US".parse().expect("a tag") }
}
