//! A call as the carrier conducts it: it runs the documents that the server answers with, one after the
//! other. It does nothing itself; every step says what is heard, and what to fetch or to wait for next.

use std::collections::VecDeque;
use std::mem;
use std::time::Duration;

use reqwest::Url;

use crate::cli::phone::answer::{Answer, Refused};
use crate::cli::phone::document::{Gather, Sound, Verb, WhenEmpty};
use crate::cli::phone::heard::{Ending, Heard};
use crate::cli::phone::keypad::{Moment, Press};
use crate::cli::phone::leg::Leg;
use crate::domain::call::CallStatus;

/// Documents that may follow each other without a key pressed.
const MOST_IN_A_ROW: u32 = 100;

/// What happens, and then what is needed to go on.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    pub heard: Vec<Heard>,
    pub then: Then,
}

impl Step {
    /// The person hangs up on whatever comes next.
    pub fn hung_up() -> Self {
        over(Vec::new(), Ending::YouHungUp)
    }
}

#[derive(Debug, PartialEq, Eq)]
pub enum Then {
    /// Go on with [`Conversation::answered`].
    Post(Request),
    /// Go on with [`Conversation::pressed`], at the latest when the patience is at an end.
    Listen {
        moment: Moment,
        patience: Duration,
    },
    Over(Ending),
}

/// A form for the carrier to sign and to post.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    pub url: String,
    pub form: Vec<(String, String)>,
}

/// A call in progress.
#[derive(Debug)]
pub struct Conversation {
    leg: Leg,
    /// Address of the document that is being run, against which others are resolved.
    url: String,
    /// What is left of that document.
    verbs: VecDeque<Verb>,
    entry: Option<Entry>,
    documents_in_a_row: u32,
}

/// A gather that keys are being entered for.
#[derive(Debug)]
struct Entry {
    gather: Gather,
    /// All keys, for the transcript.
    pressed: String,
    /// Those that count: without the one that finishes.
    digits: String,
}

impl Conversation {
    /// A call comes in at the number whose webhook is `url`.
    pub fn dial(leg: Leg, url: &str) -> (Self, Step) {
        let request = Request { url: url.to_owned(), form: leg.form(CallStatus::Ringing, &[]) };
        let call =
            Self { leg, url: url.to_owned(), verbs: VecDeque::new(), entry: None, documents_in_a_row: 1 };
        (call, Step { heard: Vec::new(), then: Then::Post(request) })
    }

    /// The server answered the last request.
    pub fn answered(&mut self, answer: &Answer) -> Result<Step, Refused> {
        self.verbs = answer.document()?.into();
        self.run(Vec::new())
    }

    /// A key was pressed, or none for as long as the line listens. Only a gather hears keys.
    pub fn pressed(&mut self, press: Press) -> Result<Step, Refused> {
        let Some(mut entry) = self.entry.take() else { return self.run(Vec::new()) };
        match press {
            Press::HangUp => Ok(over(entry.keys().into_iter().collect(), Ending::YouHungUp)),
            Press::Silence => self.finish(&entry),
            Press::Key(key) => {
                self.documents_in_a_row = 0;
                entry.pressed.push(key);
                if entry.gather.finish_key == Some(key) {
                    return self.finish(&entry);
                }
                entry.digits.push(key);
                if entry.gather.num_digits == Some(entry.digits.len()) {
                    return self.finish(&entry);
                }
                let patience = entry.gather.timeout;
                self.entry = Some(entry);
                Ok(Step { heard: Vec::new(), then: Then::Listen { moment: Moment::Gap, patience } })
            }
        }
    }

    fn run(&mut self, mut heard: Vec<Heard>) -> Result<Step, Refused> {
        loop {
            match self.verbs.pop_front() {
                Some(Verb::Speak(sound)) => heard.push(Heard::Sound(sound)),
                Some(Verb::Gather(gather)) => return Ok(self.listen(heard, gather)),
                Some(Verb::Redirect(url)) => return self.post(heard, &url, &[]),
                Some(Verb::HangUp) | None => return Ok(over(heard, Ending::TheLineHungUp)),
                Some(Verb::Reject(refusal)) => return Ok(over(heard, Ending::Refused(refusal))),
            }
        }
    }

    fn listen(&mut self, mut heard: Vec<Heard>, mut gather: Gather) -> Step {
        let prompt = mem::take(&mut gather.prompt);
        let patience = gather.timeout + prompt.iter().map(Sound::length).sum::<Duration>();
        heard.extend(prompt.into_iter().map(Heard::Sound));
        self.entry = Some(Entry { gather, pressed: String::new(), digits: String::new() });
        Step { heard, then: Then::Listen { moment: Moment::Prompt, patience } }
    }

    /// Ends a gather. Nothing entered, be it for a lone finish key, falls through to the next verb.
    fn finish(&mut self, entry: &Entry) -> Result<Step, Refused> {
        let heard = vec![entry.keys().unwrap_or(Heard::YouWait)];
        if entry.digits.is_empty() && entry.gather.when_empty == WhenEmpty::FallThrough {
            return self.run(heard);
        }
        // What was pressed is the digits, and perhaps the key that finished them.
        let finish_key = &entry.pressed[entry.digits.len()..];
        let result =
            [("Digits", entry.digits.as_str()), ("FinishedOnKey", finish_key), ("msg", "Gather End")];
        self.post(heard, entry.gather.action.as_deref().unwrap_or_default(), &result)
    }

    fn post(&mut self, heard: Vec<Heard>, to: &str, more: &[(&str, &str)]) -> Result<Step, Refused> {
        self.documents_in_a_row += 1;
        if self.documents_in_a_row > MOST_IN_A_ROW {
            return Err(Refused::Loop(MOST_IN_A_ROW));
        }
        self.url = resolve(&self.url, to)?;
        let form = self.leg.form(CallStatus::InProgress, more);
        Ok(Step { heard, then: Then::Post(Request { url: self.url.clone(), form }) })
    }
}

impl Entry {
    fn keys(&self) -> Option<Heard> {
        Some(&self.pressed).filter(|keys| !keys.is_empty()).cloned().map(Heard::YouPress)
    }
}

fn over(mut heard: Vec<Heard>, ending: Ending) -> Step {
    heard.push(Heard::End(ending));
    Step { heard, then: Then::Over(ending) }
}

/// An absolute address is taken letter by letter, because it is signed.
fn resolve(base: &str, to: &str) -> Result<String, Refused> {
    if Url::parse(to).is_ok() {
        return Ok(to.to_owned());
    }
    let joined = Url::parse(base).and_then(|base| base.join(to));
    joined.map(String::from).map_err(|_| Refused::BadAddress(to.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const INBOUND: &str = "http://127.0.0.1:8080/voice/twilio/inbound";

    fn answer(inner: &str) -> Answer {
        let body = format!("<Response>{inner}</Response>").into_bytes();
        Answer { status: 200, content_type: Some("text/xml".into()), body }
    }

    /// What happens when the server answers with `documents` in turn and `presses` are made in turn: the
    /// transcript, with each request as `> address status digits`.
    fn transcript(documents: &[&str], presses: &str) -> String {
        let leg = Leg {
            account_sid: "AC1".parse().expect("a name"),
            call_sid: "CA1".parse().expect("a name"),
            from: "+15062345678".into(),
            to: "+15065550100".into(),
            stir: None,
        };
        let (mut call, mut step) = Conversation::dial(leg, INBOUND);
        let (mut documents, mut presses) = (documents.iter(), presses.chars());
        let mut lines = Vec::new();
        loop {
            lines.extend(step.heard.iter().map(ToString::to_string));
            let next = match step.then {
                Then::Over(_) => return lines.join("\n"),
                Then::Listen { .. } => call.pressed(match presses.next() {
                    Some('!') => Press::HangUp,
                    None | Some('-') => Press::Silence,
                    Some(key) => Press::Key(key),
                }),
                Then::Post(request) => {
                    let field = |wanted| request.form.iter().find(|(name, _)| name == wanted);
                    let (_, status) = field("CallStatus").expect("every webhook has it");
                    let digits = field("Digits").map_or("", |(_, digits)| digits);
                    lines.push(format!("> {} {status} {digits}", request.url).trim_end().to_owned());
                    call.answered(&answer(documents.next().unwrap_or(&"<Hangup/>")))
                }
            };
            match next {
                Ok(next) => step = next,
                Err(refused) => return [lines, vec![refused.to_string()]].concat().join("\n"),
            }
        }
    }

    const MENU: &str = "<Say>Hello.</Say>\
        <Gather numDigits='2' action='/keys'><Say>Press\n  two</Say><Play>https://h/a.wav</Play></Gather>\
        <Redirect>/silence?a=1&amp;b=2</Redirect>";

    #[test]
    fn a_call_is_heard_from_its_first_word_to_its_end() {
        insta::assert_snapshot!(transcript(&[MENU, "<Pause length='2'/><Say>Bye.</Say>"], "08"), @r"
        > http://127.0.0.1:8080/voice/twilio/inbound ringing
          line says: Hello.
          line says: Press two
          [plays https://h/a.wav]
          you press: 08
        > http://127.0.0.1:8080/keys in-progress 08
          [pauses 2 s]
          line says: Bye.
          -- the line hangs up --
        ");
    }

    #[test]
    fn silence_falls_through_to_the_next_verb() {
        insta::assert_snapshot!(transcript(&[MENU, "<Hangup/>"], "-"), @r"
        > http://127.0.0.1:8080/voice/twilio/inbound ringing
          line says: Hello.
          line says: Press two
          [plays https://h/a.wav]
          you press nothing
        > http://127.0.0.1:8080/silence?a=1&b=2 in-progress
          -- the line hangs up --
        ");
    }

    #[test]
    fn keys_reach_the_action_as_they_were_entered() {
        for (gather, presses, digits) in [
            ("numDigits='1'", "9", Some("9")),
            ("numDigits='2'", "8-", Some("8")),
            ("numDigits='2'", "8#", Some("8")),
            ("numDigits='2'", "#", None),
            ("", "123456789#", Some("123456789")),
            ("numDigits='1' finishOnKey=''", "#", Some("#")),
            ("finishOnKey='*'", "#*", Some("#")),
            ("finishOnKey='*'", "*", None),
            ("actionOnEmptyResult='true'", "-", Some("")),
        ] {
            let said = transcript(
                &[&format!("<Gather action='/keys' {gather}/><Redirect>/silence</Redirect>")],
                presses,
            );
            let request = digits.map_or_else(
                || "> http://127.0.0.1:8080/silence in-progress".to_owned(),
                |digits| format!("> http://127.0.0.1:8080/keys in-progress {digits}").trim_end().to_owned(),
            );
            assert!(said.lines().any(|line| line == request), "{gather} {presses}: {said}");
        }
    }

    #[test]
    fn a_gather_without_an_action_comes_back_to_its_own_document() {
        let said = transcript(&["<Redirect>/a?b=1</Redirect>", "<Gather numDigits='1'/>"], "1");
        assert!(said.contains("> http://127.0.0.1:8080/a?b=1 in-progress 1"), "{said}");
    }

    #[test]
    fn an_absolute_address_is_not_respelt() {
        let said = transcript(&["<Redirect>https://h.example:443/it's?a=[1]</Redirect>", ""], "");
        assert!(said.contains("> https://h.example:443/it's?a=[1] in-progress"), "{said}");
    }

    #[test]
    fn who_hangs_up_amid_an_entry_sends_no_keys() {
        insta::assert_snapshot!(transcript(&[MENU], "0!"), @r"
        > http://127.0.0.1:8080/voice/twilio/inbound ringing
          line says: Hello.
          line says: Press two
          [plays https://h/a.wav]
          you press: 0
          -- you hang up --
        ");
    }

    #[test]
    fn who_hangs_up_at_once_has_waited_for_nothing() {
        let said = transcript(&[MENU], "!");
        assert!(said.ends_with("  [plays https://h/a.wav]\n  -- you hang up --"), "{said}");
    }

    #[test]
    fn a_call_may_be_rejected() {
        insta::assert_snapshot!(transcript(&["<Reject/>"], ""), @r"
        > http://127.0.0.1:8080/voice/twilio/inbound ringing
          -- the line rejects the call --
        ");
        insta::assert_snapshot!(transcript(&["<Reject reason='busy'/>"], ""), @r"
        > http://127.0.0.1:8080/voice/twilio/inbound ringing
          -- the line is busy --
        ");
    }

    #[test]
    fn a_flow_that_goes_round_in_circles_is_refused() {
        let circle = ["<Gather timeout='1'/><Redirect>/again</Redirect>"; 200];
        let said = transcript(&circle, "");
        assert!(said.ends_with(
            "100 documents followed each other without a key pressed; the flow goes round in circles"
        ));
        assert_eq!(said.matches("> ").count(), 100);
    }

    #[test]
    fn a_prompt_is_heard_out_before_the_silence_counts() {
        let mut call = Conversation::dial(
            Leg {
                account_sid: "AC1".parse().expect("a name"),
                call_sid: "CA1".parse().expect("a name"),
                from: String::new(),
                to: String::new(),
                stir: None,
            },
            INBOUND,
        )
        .0;
        let prompt = format!("<Gather timeout='5'><Say>{}</Say><Pause length='2'/></Gather>", "a".repeat(31));
        let step = call.answered(&answer(&prompt)).expect("a document");
        let patience = Duration::from_secs(5 + 3 + 2);
        assert_eq!(step.then, Then::Listen { moment: Moment::Prompt, patience });
        let step = call.pressed(Press::Key('1')).expect("a step");
        assert_eq!(step.then, Then::Listen { moment: Moment::Gap, patience: Duration::from_secs(5) });
    }
}
