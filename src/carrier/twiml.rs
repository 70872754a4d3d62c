//! TwiML, the documents in which Twilio and its kin are told what a caller hears
//! (<https://www.twilio.com/docs/voice/twiml>). The only user of `quick-xml`.
//!
//! Every attribute is written out, since the carriers' defaults differ; and every `Gather` is followed by
//! a `Redirect` to where its keys would have gone, so that silence comes back as a turn without keys
//! (<https://www.twilio.com/docs/voice/twiml/gather>).

use std::borrow::Cow;
use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use crate::flow::reply::{Gather, MediaRef, Reply, Speech, Then};

/// `Content-Type` of every document.
pub const CONTENT_TYPE: &str = "text/xml; charset=utf-8";

/// Bytes that a carrier reads; "64 kB" in Twilio's error 11750, so the smaller of the two kilobytes.
pub const MAX_BYTES: usize = 64_000;

/// Bytes that most documents do with.
const USUAL_BYTES: usize = 2_000;

/// Absolute addresses that a document names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Urls<'a> {
    /// Where the next turn of the call is asked for, with keys or without.
    pub next: &'a str,
    /// The folder of recordings, without a slash at its end: `https://ivr.example.com/media`.
    pub media: &'a str,
}

/// A document that no carrier would read to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the reply is {bytes} bytes of TwiML, and a carrier reads {MAX_BYTES}; shorten its prompts")]
pub struct TooLong {
    pub bytes: usize,
}

/// The document that tells a carrier of `reply`.
///
/// A rejection is written alone: a carrier that has spoken has answered the call, and can refuse it no more
/// (<https://www.twilio.com/docs/voice/twiml/reject>).
pub fn render(reply: &Reply, urls: Urls<'_>) -> Result<String, TooLong> {
    let document = write(reply, urls);
    let bytes = document.len();
    if bytes < MAX_BYTES { Ok(document) } else { Err(TooLong { bytes }) }
}

fn write(reply: &Reply, urls: Urls<'_>) -> String {
    let mut writer = Writer::new_with_indent(Vec::with_capacity(USUAL_BYTES), b' ', 2);
    write_document(&mut writer, reply, urls).expect("a vector takes every byte");
    String::from_utf8(writer.into_inner()).expect("only text was written")
}

type Out = Writer<Vec<u8>>;

fn write_document(out: &mut Out, reply: &Reply, urls: Urls<'_>) -> io::Result<()> {
    out.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    out.create_element("Response").write_inner_content(|out| match &reply.then {
        Then::Reject => write_reject(out),
        Then::HangUp => {
            write_speech(out, &reply.speech, urls)?;
            out.create_element("Hangup").write_empty().map(drop)
        }
        Then::Redirect => {
            write_speech(out, &reply.speech, urls)?;
            write_redirect(out, urls.next)
        }
        Then::Gather(gather) => {
            write_speech(out, &reply.speech, urls)?;
            write_gather(out, gather, urls)?;
            write_redirect(out, urls.next)
        }
    })?;
    Ok(())
}

fn write_reject(out: &mut Out) -> io::Result<()> {
    out.create_element("Reject").with_attribute(("reason", "rejected")).write_empty().map(drop)
}

/// <https://www.twilio.com/docs/voice/twiml/redirect>
fn write_redirect(out: &mut Out, next: &str) -> io::Result<()> {
    let url = text(next);
    out.create_element("Redirect")
        .with_attribute(("method", "POST"))
        .write_text_content(BytesText::new(&url))
        .map(drop)
}

fn write_gather(out: &mut Out, gather: &Gather, urls: Urls<'_>) -> io::Result<()> {
    let element = out.create_element("Gather").with_attributes([
        ("input", "dtmf"),
        ("action", text(urls.next).as_ref()),
        ("method", "POST"),
        ("numDigits", gather.max_digits.to_string().as_str()),
        ("timeout", gather.timeout_s.to_string().as_str()),
        ("finishOnKey", if gather.hash_finishes { "#" } else { "" }),
        ("actionOnEmptyResult", "false"),
    ]);
    if gather.prompt.is_empty() {
        return element.write_empty().map(drop);
    }
    element.write_inner_content(|out| write_speech(out, &gather.prompt, urls)).map(drop)
}

fn write_speech(out: &mut Out, speech: &[Speech], urls: Urls<'_>) -> io::Result<()> {
    speech.iter().try_for_each(|piece| match piece {
        Speech::Say { text: words, language } => out
            .create_element("Say")
            .with_attribute(("language", language.as_str()))
            .write_text_content(BytesText::new(&text(words)))
            .map(drop),
        Speech::Play(recording) => out
            .create_element("Play")
            .write_text_content(BytesText::new(&text(&media_url(recording, urls.media))))
            .map(drop),
    })
}

fn media_url(recording: &MediaRef, media: &str) -> String {
    format!("{media}/{}", recording.file_name())
}

/// `raw` without what XML cannot hold even escaped (<https://www.w3.org/TR/xml/#NT-Char>); `quick-xml`
/// would write it, and a carrier would refuse the document.
fn text(raw: &str) -> Cow<'_, str> {
    let is_char = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..);
    if raw.chars().all(is_char) { raw.into() } else { raw.chars().filter(|c| is_char(*c)).collect() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use roxmltree::{Document, Node};

    use super::*;
    use crate::flow::reply::MediaFormat;

    const URLS: Urls<'static> = Urls {
        next: "https://ivr.example.com/voice/twilio/turn/call_1/t2?a=1&b=2",
        media: "https://ivr.example.com/media",
    };

    fn say(words: &str) -> Speech {
        Speech::Say { text: words.to_owned(), language: "fr-CA".parse().expect("a language") }
    }

    fn recording() -> Speech {
        let sha256 = "0123456789abcdef".repeat(4).parse().expect("a digest");
        Speech::Play(MediaRef { sha256, format: MediaFormat::Wav })
    }

    fn gather(prompt: Vec<Speech>) -> Then {
        Then::Gather(Gather { prompt, max_digits: 2, hash_finishes: true, timeout_s: 5 })
    }

    fn rendered(speech: Vec<Speech>, then: Then) -> String {
        render(&Reply { speech, then }, URLS).expect("short enough")
    }

    #[test]
    fn a_gather_falls_through_to_where_its_keys_would_have_gone() {
        insta::assert_snapshot!(
            rendered(vec![say("Bonjour")], gather(vec![say("1 < 2 & \"3\""), recording()])),
            @r##"
        <?xml version="1.0" encoding="UTF-8"?>
        <Response>
          <Say language="fr-CA">Bonjour</Say>
          <Gather input="dtmf" action="https://ivr.example.com/voice/twilio/turn/call_1/t2?a=1&amp;b=2" method="POST" numDigits="2" timeout="5" finishOnKey="#" actionOnEmptyResult="false">
            <Say language="fr-CA">1 &lt; 2 &amp; &quot;3&quot;</Say>
            <Play>https://ivr.example.com/media/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.wav</Play>
          </Gather>
          <Redirect method="POST">https://ivr.example.com/voice/twilio/turn/call_1/t2?a=1&amp;b=2</Redirect>
        </Response>
        "##);
    }

    #[test]
    fn a_hash_that_is_a_key_finishes_nothing() {
        let then = Then::Gather(Gather { prompt: vec![], max_digits: 1, hash_finishes: false, timeout_s: 9 });
        insta::assert_snapshot!(rendered(vec![], then), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <Response>
          <Gather input="dtmf" action="https://ivr.example.com/voice/twilio/turn/call_1/t2?a=1&amp;b=2" method="POST" numDigits="1" timeout="9" finishOnKey="" actionOnEmptyResult="false"/>
          <Redirect method="POST">https://ivr.example.com/voice/twilio/turn/call_1/t2?a=1&amp;b=2</Redirect>
        </Response>
        "#);
    }

    #[test]
    fn a_redirect_asks_for_the_next_turn() {
        insta::assert_snapshot!(rendered(vec![recording()], Then::Redirect), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <Response>
          <Play>https://ivr.example.com/media/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.wav</Play>
          <Redirect method="POST">https://ivr.example.com/voice/twilio/turn/call_1/t2?a=1&amp;b=2</Redirect>
        </Response>
        "#);
    }

    #[test]
    fn a_hang_up_is_written_even_though_the_end_of_the_document_is_one() {
        insta::assert_snapshot!(rendered(vec![say("Au revoir")], Then::HangUp), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <Response>
          <Say language="fr-CA">Au revoir</Say>
          <Hangup/>
        </Response>
        "#);
    }

    #[test]
    fn a_rejection_stands_alone() {
        let alone = rendered(vec![], Then::Reject);
        insta::assert_snapshot!(alone, @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <Response>
          <Reject reason="rejected"/>
        </Response>
        "#);
        assert_eq!(rendered(vec![say("Bonjour")], Then::Reject), alone);
    }

    #[test]
    fn a_document_of_64_kilobytes_is_refused() {
        let reply = |length| Reply { speech: vec![say(&"a".repeat(length))], then: Then::HangUp };
        let frame = render(&reply(0), URLS).expect("short enough").len();
        assert!(render(&reply(MAX_BYTES - frame - 1), URLS).is_ok());
        assert_eq!(render(&reply(MAX_BYTES - frame), URLS), Err(TooLong { bytes: MAX_BYTES }));
    }

    #[test]
    fn only_what_xml_cannot_hold_is_dropped() {
        for (raw, kept) in [
            ("a\u{1}b\u{0}\u{1f}", "ab"),
            ("tab\tline\nreturn\r", "tab\tline\nreturn\r"),
            ("\u{7f}\u{80}é東\u{1f600}\u{fffd}", "\u{7f}\u{80}é東\u{1f600}\u{fffd}"),
            ("\u{fffe}\u{ffff}", ""),
            ("\u{d7ff}\u{e000}\u{10ffff}", "\u{d7ff}\u{e000}\u{10ffff}"),
            ("]]><!--&#1;", "]]><!--&#1;"),
        ] {
            assert_eq!(text(raw), kept, "{raw:?}");
        }
    }

    fn any_speech() -> impl Strategy<Value = Vec<Speech>> {
        let piece = prop_oneof![any::<String>().prop_map(|words| say(&words)), Just(recording())];
        prop::collection::vec(piece, 0..4)
    }

    fn any_then() -> impl Strategy<Value = Then> {
        let gather = (any_speech(), any::<u8>(), any::<bool>(), any::<u8>()).prop_map(
            |(prompt, max_digits, hash_finishes, timeout_s)| {
                Then::Gather(Gather { prompt, max_digits, hash_finishes, timeout_s })
            },
        );
        prop_oneof![gather, Just(Then::Redirect), Just(Then::HangUp), Just(Then::Reject)]
    }

    /// The names of a node's child elements, in order.
    fn children<'a>(node: Node<'a, '_>) -> Vec<&'a str> {
        node.children().filter(Node::is_element).map(|child| child.tag_name().name()).collect()
    }

    proptest! {
        #[test]
        fn any_reply_is_well_formed_and_legally_nested(speech in any_speech(), then in any_then(), next in any::<String>()) {
            let reply = Reply { speech, then };
            let document = render(&reply, Urls { next: &next, ..URLS }).expect("short enough");
            let parsed = Document::parse(&document).expect("well formed");
            let mut verbs = children(parsed.root_element());
            let ending: &[&str] = match &reply.then {
                Then::Gather(_) => &["Gather", "Redirect"],
                Then::Redirect => &["Redirect"],
                Then::HangUp => &["Hangup"],
                Then::Reject => &["Reject"],
            };
            prop_assert_eq!(verbs.split_off(verbs.len() - ending.len()), ending);
            prop_assert!(verbs.iter().all(|verb| ["Say", "Play"].contains(verb)));
            for gather in parsed.descendants().filter(|node| node.has_tag_name("Gather")) {
                prop_assert!(children(gather).iter().all(|verb| ["Say", "Play"].contains(verb)));
            }
        }

        #[test]
        fn a_caller_hears_every_character_that_xml_can_hold(words in any::<String>()) {
            let document = rendered(vec![say(&words)], Then::HangUp);
            let parsed = Document::parse(&document).expect("well formed");
            let spoken = parsed.descendants().find(|node| node.has_tag_name("Say")).expect("a Say");
            // A parser reads both of Windows' line ends as one (XML 1.0, 2.11).
            let lines = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n");
            prop_assert_eq!(lines(spoken.text().unwrap_or_default()), lines(&text(&words)));
        }
    }
}
