//! TwiML as a carrier reads it, for the verbs that a caller meets (<https://www.twilio.com/docs/voice/twiml>).
//! What a carrier would only warn of is refused too: a warning here is a mistake of ours.

use std::str::FromStr;
use std::time::Duration;

use roxmltree::Node;

/// One instruction of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verb {
    Speak(Sound),
    Gather(Gather),
    /// Fetch the next document there; relative to the current one.
    Redirect(String),
    HangUp,
    Reject(Refusal),
}

/// What is heard without being asked anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sound {
    Say(String),
    Play(String),
    Pause(Duration),
}

impl Sound {
    /// How long it takes to hear, roughly: a recording's length is not known here.
    pub fn length(&self) -> Duration {
        const CHARACTERS_PER_SECOND: usize = 15;
        const RECORDING: Duration = Duration::from_secs(10);
        match self {
            Self::Say(text) => {
                Duration::from_secs(text.chars().count().div_ceil(CHARACTERS_PER_SECOND) as u64)
            }
            Self::Play(_) => RECORDING,
            Self::Pause(time) => *time,
        }
    }
}

/// A wait for keys. What a document leaves out has Twilio's default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gather {
    pub prompt: Vec<Sound>,
    /// The current document's own address if none is given.
    pub action: Option<String>,
    pub num_digits: Option<usize>,
    /// After the prompt, and again after each key.
    pub timeout: Duration,
    pub finish_key: Option<char>,
    pub when_empty: WhenEmpty,
}

/// What follows a gather in which nothing was entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenEmpty {
    FallThrough,
    CallAction,
}

/// How a call is refused, by the sound that the caller gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    NotInService,
    Busy,
}

/// A document that a carrier would not run, or would complain of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadDocument {
    #[error("the document is empty")]
    Empty,
    #[error("the document does not begin with `<` (Twilio's error 12100)")]
    Preamble,
    #[error("the document is not well-formed XML: {0}")]
    Malformed(#[from] roxmltree::Error),
    #[error("the document is a `{0}`, not a `Response`")]
    NotAResponse(String),
    #[error("`{parent}` holds `{child}`, which this phone does not know there")]
    UnknownChild { parent: String, child: String },
    #[error("`{parent}` holds the text `{text}`, which nobody would hear")]
    StrayText { parent: String, text: String },
    #[error("`{verb}` has the attribute `{name}`, which this phone does not know")]
    UnknownAttribute { verb: String, name: String },
    #[error("`{name}` of `{verb}` is `{value}`, not {expected}")]
    BadAttribute { verb: String, name: &'static str, value: String, expected: &'static str },
    #[error("`{0}` names no address")]
    NoAddress(String),
    #[error("`Reject` is not the first verb, and an answered call cannot be rejected")]
    LateReject,
}

/// The verbs of a document.
pub fn parse(xml: &str) -> Result<Vec<Verb>, BadDocument> {
    match xml.chars().next() {
        None => return Err(BadDocument::Empty),
        Some('<') => {}
        Some(_) => return Err(BadDocument::Preamble),
    }
    let tree = roxmltree::Document::parse(xml)?;
    let root = tree.root_element();
    if name(root) != "Response" {
        return Err(BadDocument::NotAResponse(name(root)));
    }
    only_attributes(root, &[])?;
    let verbs = elements(root)?.into_iter().map(verb).collect::<Result<Vec<_>, _>>()?;
    let rejects_late = verbs.iter().skip(1).any(|verb| matches!(verb, Verb::Reject(_)));
    if rejects_late { Err(BadDocument::LateReject) } else { Ok(verbs) }
}

fn verb(node: Node) -> Result<Verb, BadDocument> {
    match node.tag_name().name() {
        "Gather" => gather(node).map(Verb::Gather),
        "Redirect" => {
            only_attributes(node, &["method"])?;
            only_posts(node)?;
            address(node).map(Verb::Redirect)
        }
        "Hangup" => {
            only_attributes(node, &[])?;
            empty(node).map(|()| Verb::HangUp)
        }
        "Reject" => {
            only_attributes(node, &["reason"])?;
            empty(node)?;
            choice(node, "reason", &[("rejected", Refusal::NotInService), ("busy", Refusal::Busy)])
                .map(Verb::Reject)
        }
        _ => sound(node).map(Verb::Speak),
    }
}

fn sound(node: Node) -> Result<Sound, BadDocument> {
    match node.tag_name().name() {
        "Say" => {
            only_attributes(node, &["voice", "language", "loop"])?;
            text(node).map(Sound::Say)
        }
        "Play" => {
            only_attributes(node, &["loop"])?;
            address(node).map(Sound::Play)
        }
        "Pause" => {
            only_attributes(node, &["length"])?;
            empty(node)?;
            seconds(node, "length", Duration::from_secs(1)).map(Sound::Pause)
        }
        _ => Err(unknown_child(node)),
    }
}

fn gather(node: Node) -> Result<Gather, BadDocument> {
    const KNOWN: [&str; 7] =
        ["input", "action", "method", "numDigits", "timeout", "finishOnKey", "actionOnEmptyResult"];
    only_attributes(node, &KNOWN)?;
    only_posts(node)?;
    choice(node, "input", &[("dtmf", ())])?;
    Ok(Gather {
        prompt: elements(node)?.into_iter().map(sound).collect::<Result<_, _>>()?,
        action: node.attribute("action").map(str::to_owned),
        num_digits: number(node, "numDigits")?,
        timeout: seconds(node, "timeout", Duration::from_secs(5))?,
        finish_key: finish_key(node)?,
        when_empty: choice(
            node,
            "actionOnEmptyResult",
            &[("false", WhenEmpty::FallThrough), ("true", WhenEmpty::CallAction)],
        )?,
    })
}

fn finish_key(node: Node) -> Result<Option<char>, BadDocument> {
    let value = node.attribute("finishOnKey").unwrap_or("#");
    let mut keys = value.chars();
    match (keys.next(), keys.next()) {
        (None, _) => Ok(None),
        (Some(key @ ('0'..='9' | '*' | '#')), None) => Ok(Some(key)),
        (Some(_), _) => Err(bad_attribute(node, "finishOnKey", "one of 0-9, * and #, or nothing")),
    }
}

/// The child elements of a node that holds nothing else but blanks and comments.
fn elements<'a, 'input>(node: Node<'a, 'input>) -> Result<Vec<Node<'a, 'input>>, BadDocument> {
    let stray = node.children().filter_map(|child| child.text().filter(|_| child.is_text()));
    match stray.map(str::trim).find(|text| !text.is_empty()) {
        Some(text) => Err(BadDocument::StrayText { parent: name(node), text: text.to_owned() }),
        None => Ok(node.children().filter(Node::is_element).collect()),
    }
}

fn empty(node: Node) -> Result<(), BadDocument> {
    elements(node)?.first().map_or(Ok(()), |child| Err(unknown_child(*child)))
}

fn text(node: Node) -> Result<String, BadDocument> {
    match node.children().find(Node::is_element) {
        Some(child) => Err(unknown_child(child)),
        None => Ok(node.children().filter_map(|child| child.text()).collect()),
    }
}

fn address(node: Node) -> Result<String, BadDocument> {
    let address = text(node)?.trim().to_owned();
    if address.is_empty() { Err(BadDocument::NoAddress(name(node))) } else { Ok(address) }
}

fn only_attributes(node: Node, known: &[&str]) -> Result<(), BadDocument> {
    let unknown = node.attributes().find(|attribute| !known.contains(&attribute.name()));
    unknown.map_or(Ok(()), |attribute| {
        Err(BadDocument::UnknownAttribute { verb: name(node), name: attribute.name().to_owned() })
    })
}

fn only_posts(node: Node) -> Result<(), BadDocument> {
    choice(node, "method", &[("POST", ())])
}

/// The value of an attribute that is one of few words; the first is the default.
fn choice<T: Copy>(
    node: Node,
    attribute: &'static str,
    words: &[(&'static str, T)],
) -> Result<T, BadDocument> {
    let (default, _) = words[0];
    let value = node.attribute(attribute).unwrap_or(default);
    let chosen = words.iter().find(|(word, _)| *word == value).map(|(_, meaning)| *meaning);
    chosen.ok_or_else(|| bad_attribute(node, attribute, "a word that this phone knows there"))
}

fn seconds(node: Node, attribute: &'static str, default: Duration) -> Result<Duration, BadDocument> {
    let seconds: Option<u16> = number(node, attribute)?;
    Ok(seconds.map_or(default, |seconds| Duration::from_secs(seconds.into())))
}

fn number<T: FromStr + PartialEq + Default>(
    node: Node,
    attribute: &'static str,
) -> Result<Option<T>, BadDocument> {
    let Some(value) = node.attribute(attribute) else { return Ok(None) };
    let positive = value.parse().ok().filter(|number| *number != T::default());
    positive.map(Some).ok_or_else(|| bad_attribute(node, attribute, "a positive whole number"))
}

fn bad_attribute(node: Node, attribute: &'static str, expected: &'static str) -> BadDocument {
    let value = node.attribute(attribute).unwrap_or_default().to_owned();
    BadDocument::BadAttribute { verb: name(node), name: attribute, value, expected }
}

fn unknown_child(child: Node) -> BadDocument {
    let parent = child.parent_element().map(name).unwrap_or_default();
    BadDocument::UnknownChild { parent, child: name(child) }
}

fn name(node: Node) -> String {
    node.tag_name().name().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verbs(inner: &str) -> Result<Vec<Verb>, BadDocument> {
        parse(&format!("<Response>{inner}</Response>"))
    }

    #[test]
    fn every_verb_that_a_caller_meets_is_read() {
        let xml = r#"<?xml version="1.0" encoding="UTF-8"?>
            <Response>
              <!-- heard first -->
              <Say language="en">1 &lt; 2<![CDATA[ & 3]]></Say>
              <Pause length="2"/><Pause/>
              <Gather input="dtmf" action="/t?a=1&amp;b=2" method="POST" numDigits="2" timeout="7"
                      finishOnKey="" actionOnEmptyResult="false">
                <Play> https://h/a.wav </Play>
              </Gather>
              <Gather/>
              <Redirect method="POST">/t</Redirect>
              <Hangup/>
            </Response>"#;
        let asked = Gather {
            prompt: vec![Sound::Play("https://h/a.wav".into())],
            action: Some("/t?a=1&b=2".into()),
            num_digits: Some(2),
            timeout: Duration::from_secs(7),
            finish_key: None,
            when_empty: WhenEmpty::FallThrough,
        };
        let defaults = Gather {
            prompt: vec![],
            action: None,
            num_digits: None,
            timeout: Duration::from_secs(5),
            finish_key: Some('#'),
            when_empty: WhenEmpty::FallThrough,
        };
        let pause = |seconds| Verb::Speak(Sound::Pause(Duration::from_secs(seconds)));
        assert_eq!(
            parse(xml),
            Ok(vec![
                Verb::Speak(Sound::Say("1 < 2 & 3".into())),
                pause(2),
                pause(1),
                Verb::Gather(asked),
                Verb::Gather(defaults),
                Verb::Redirect("/t".into()),
                Verb::HangUp,
            ])
        );
        assert_eq!(verbs("<Reject/>"), Ok(vec![Verb::Reject(Refusal::NotInService)]));
        assert_eq!(verbs(r#"<Reject reason="busy"/>"#), Ok(vec![Verb::Reject(Refusal::Busy)]));
        assert_eq!(parse("<Response/>"), Ok(vec![]));
    }

    #[test]
    fn what_is_no_response_is_refused() {
        for (xml, message) in [
            ("", "the document is empty"),
            (" <Response/>", "the document does not begin with `<` (Twilio's error 12100)"),
            ("\u{feff}<Response/>", "the document does not begin with `<` (Twilio's error 12100)"),
            ("<response/>", "the document is a `response`, not a `Response`"),
            ("<html/>", "the document is a `html`, not a `Response`"),
        ] {
            assert_eq!(parse(xml).expect_err(xml).to_string(), message);
        }
        for malformed in
            ["<Response>", "<Response/>text", "<Response>&nbsp;</Response>", "<Response>\u{1}</Response>"]
        {
            assert!(matches!(parse(malformed), Err(BadDocument::Malformed(_))), "{malformed:?}");
        }
    }

    #[test]
    fn what_a_carrier_would_not_run_is_refused() {
        for (inner, message) in [
            ("<Dance/>", "`Response` holds `Dance`, which this phone does not know there"),
            ("<say>a</say>", "`Response` holds `say`, which this phone does not know there"),
            ("<Gather><Hangup/></Gather>", "`Gather` holds `Hangup`, which this phone does not know there"),
            ("<Gather><Gather/></Gather>", "`Gather` holds `Gather`, which this phone does not know there"),
            ("<Say><Play>a</Play></Say>", "`Say` holds `Play`, which this phone does not know there"),
            ("<Hangup><Say>a</Say></Hangup>", "`Hangup` holds `Say`, which this phone does not know there"),
            ("a<Hangup/>", "`Response` holds the text `a`, which nobody would hear"),
            ("<Gather>a</Gather>", "`Gather` holds the text `a`, which nobody would hear"),
            ("<Pause>a</Pause>", "`Pause` holds the text `a`, which nobody would hear"),
            ("<Play> </Play>", "`Play` names no address"),
            ("<Redirect/>", "`Redirect` names no address"),
            ("<Hangup a=''/>", "`Hangup` has the attribute `a`, which this phone does not know"),
            (
                "<Gather numdigits='1'/>",
                "`Gather` has the attribute `numdigits`, which this phone does not know",
            ),
            ("<Gather numDigits='0'/>", "`numDigits` of `Gather` is `0`, not a positive whole number"),
            ("<Gather timeout='auto'/>", "`timeout` of `Gather` is `auto`, not a positive whole number"),
            (
                "<Gather finishOnKey='##'/>",
                "`finishOnKey` of `Gather` is `##`, not one of 0-9, * and #, or nothing",
            ),
            (
                "<Gather method='GET'/>",
                "`method` of `Gather` is `GET`, not a word that this phone knows there",
            ),
            (
                "<Say>a</Say><Reject/>",
                "`Reject` is not the first verb, and an answered call cannot be rejected",
            ),
        ] {
            assert_eq!(verbs(inner).expect_err(inner).to_string(), message);
        }
    }
}
