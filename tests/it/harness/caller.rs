//! Somebody at a phone, and the carrier that it hangs on: the same strict one as `dutyline call` uses.

use std::sync::atomic::{AtomicU32, Ordering};

use dutyline::cli::phone::answer::Answer;
use dutyline::cli::phone::conversation::{Conversation, Request, Step, Then};
use dutyline::cli::phone::document::Sound;
use dutyline::cli::phone::heard::{Ending, Heard};
use dutyline::cli::phone::keypad::Press;
use dutyline::cli::phone::leg::{Leg, Stir};
use dutyline::domain::call::CallStatus;

use super::line::{Line, PUBLIC_URL};

pub struct Caller<'l> {
    pub line: &'l Line,
    pub leg: Leg,
    call: Conversation,
    /// All that was said since the last key.
    pub said: String,
    ended: Option<Ending>,
    /// The last request and its answer, for a carrier that asks again.
    pub last: (Request, Answer),
}

/// Calls have names of their own across all tests of a run.
static CALLS: AtomicU32 = AtomicU32::new(1);

pub fn leg(from: &str, to: &str) -> Leg {
    let number = CALLS.fetch_add(1, Ordering::Relaxed);
    Leg {
        account_sid: format!("AC{:032}", 1).parse().expect("a name"),
        call_sid: format!("CA{number:032x}").parse().expect("a name"),
        from: from.to_owned(),
        to: to.to_owned(),
        stir: None,
    }
}

impl<'l> Caller<'l> {
    pub async fn dial(line: &'l Line, from: &str, to: &str) -> Self {
        Self::dial_as(line, leg(from, to)).await
    }

    /// Dials with the carriers vouching for the number in full.
    pub async fn dial_attested(line: &'l Line, from: &str, to: &str) -> Self {
        Self::dial_as(line, Leg { stir: Some(Stir::A), ..leg(from, to) }).await
    }

    pub async fn dial_as(line: &'l Line, leg: Leg) -> Self {
        let (call, step) = Conversation::dial(leg.clone(), &format!("{PUBLIC_URL}/voice/twilio/inbound"));
        let nothing = Request { url: String::new(), form: Vec::new() };
        let no_answer = Answer { status: 0, content_type: None, body: Vec::new() };
        let (said, ended) = (String::new(), None);
        let mut caller = Self { line, leg, call, said, ended, last: (nothing, no_answer) };
        caller.follow(step).await;
        caller
    }

    /// Goes along until keys are wanted or the call is over.
    async fn follow(&mut self, mut step: Step) {
        loop {
            self.listen(step.heard);
            match step.then {
                Then::Post(request) => {
                    let answer = self.line.post(&request.url, &request.form).await;
                    step = self.call.answered(&answer).expect("a carrier takes the answer");
                    self.last = (request, answer);
                }
                Then::Listen { .. } => return,
                Then::Over(ending) => {
                    self.ended = Some(ending);
                    return;
                }
            }
        }
    }

    fn listen(&mut self, heard: Vec<Heard>) {
        for heard in heard {
            match heard {
                Heard::Sound(Sound::Say(text)) => self.said.push_str(&text),
                Heard::Sound(Sound::Play(_) | Sound::Pause(_))
                | Heard::YouPress(_)
                | Heard::YouWait
                | Heard::End(_) => {}
            }
        }
    }

    #[track_caller]
    pub fn hears(self, words: &str) -> Self {
        assert!(self.said.contains(words), "`{words}` was not heard in: {}", self.said);
        self
    }

    #[track_caller]
    pub fn hears_not(self, words: &str) -> Self {
        assert!(!self.said.contains(words), "`{words}` was heard in: {}", self.said);
        self
    }

    /// Presses keys one after the other; whatever comes after the question is answered is not heard.
    pub async fn presses(mut self, keys: &str) -> Self {
        assert_eq!(self.ended, None, "the call is over; heard last: {}", self.said);
        self.said.clear();
        for key in keys.chars() {
            let step = self.call.pressed(Press::Key(key)).expect("a carrier takes the keys");
            self.follow(step).await;
        }
        self
    }

    /// Lets the line wait until its patience ends.
    pub async fn waits(mut self) -> Self {
        self.said.clear();
        let step = self.call.pressed(Press::Silence).expect("a carrier takes silence");
        self.follow(step).await;
        self
    }

    #[track_caller]
    pub fn was_hung_up_on(self) -> Self {
        assert_eq!(self.ended, Some(Ending::TheLineHungUp), "{}", self.said);
        self
    }

    #[track_caller]
    pub fn was_rejected(self) {
        assert!(matches!(self.ended, Some(Ending::Refused(_))), "{:?}", self.ended);
    }

    /// Puts the receiver down, and the carrier reports it.
    pub async fn hangs_up(self) {
        self.reports(CallStatus::Completed, 9).await;
    }

    /// The carrier reports how far the call has come.
    pub async fn reports(&self, status: CallStatus, sequence: u32) {
        let form = self.leg.form(status, &[("SequenceNumber", &sequence.to_string())]);
        let answer = self.line.post(&format!("{PUBLIC_URL}/voice/twilio/status"), &form).await;
        assert_eq!(answer.status, 204);
    }
}
