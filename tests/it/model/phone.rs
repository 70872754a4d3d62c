//! A telephone that sends whatever it likes, and an ear for what is said.

use dutyline::cli::phone::answer::Answer;
use dutyline::cli::phone::conversation::Request;
use dutyline::cli::phone::document::{Sound, Verb};
use dutyline::cli::phone::leg::Leg;
use dutyline::domain::call::CallStatus;
use dutyline::domain::time::{Instant, Zone};
use proptest::sample::Index;

use super::talk::Said;
use crate::harness::caller::leg;
use crate::harness::line::{DUTY_LINE, Line, PUBLIC_URL};

/// By what each sentence is told from the others.
const SENTENCES: [(Said, &str); 12] = [
    (Said::Welcome, "Welcome to"),
    (Said::Already, "you are online until"),
    (Said::Menu, "To go online for 8 hours, press 1."),
    (Said::Hours, "enter the number of hours"),
    (Said::Invalid, "not a valid choice"),
    (Said::OverCap, "at most 80 hours. Please choose"),
    (Said::Online, "You are now online"),
    (Said::Offline, "You are now offline"),
    (Said::Kept, "You stay online until"),
    (Said::Held, "taken you off duty. Reason: training"),
    (Said::Changed, "has changed in the meantime"),
    (Said::Goodbye, "Goodbye"),
];

/// What is heard in one turn.
pub struct Heard {
    text: String,
    /// Where the next keys go; none if the line hangs up.
    next: Option<String>,
}

impl Heard {
    pub fn of(answer: &Answer) -> Self {
        let mut heard = Self { text: String::new(), next: None };
        for verb in answer.document().expect("a carrier takes the answer") {
            match verb {
                Verb::Speak(sound) => heard.listen(sound),
                Verb::Gather(gather) => gather.prompt.into_iter().for_each(|sound| heard.listen(sound)),
                Verb::Redirect(next) => heard.next = Some(next),
                Verb::HangUp => {}
                Verb::Reject(refusal) => panic!("{refusal:?}"),
            }
        }
        heard
    }

    fn listen(&mut self, sound: Sound) {
        match sound {
            Sound::Say(text) => self.text.push_str(&text),
            Sound::Play(_) | Sound::Pause(_) => panic!("{sound:?}"),
        }
    }

    /// Exactly these sentences in this order, and the end of the window on the wall in Toronto.
    #[track_caller]
    pub fn check(&self, expected: &[Said], until: Option<Instant>) {
        let mut said: Vec<(usize, Said)> = SENTENCES
            .iter()
            .flat_map(|(said, words)| self.text.match_indices(words).map(|(place, _)| (place, *said)))
            .collect();
        said.sort_by_key(|(place, _)| *place);
        let said: Vec<Said> = said.into_iter().map(|(_, said)| said).collect();
        assert_eq!(said, expected, "{}", self.text);
        let names_the_end = |said: &Said| matches!(said, Said::Already | Said::Online | Said::Kept);
        if let Some(until) = until.filter(|_| said.iter().any(names_the_end)) {
            let wall = on_the_wall(until);
            assert!(self.text.contains(&wall), "no `{wall}` in: {}", self.text);
        }
        let asks = matches!(said.last(), Some(Said::Menu | Said::Hours));
        assert_eq!(self.next.is_some(), asks, "{}", self.text);
    }
}

fn on_the_wall(at: Instant) -> String {
    let local = "America/Toronto".parse::<Zone>().expect("a zone").local(at);
    let half = if local.hour < 12 { "AM" } else { "PM" };
    let hour = (local.hour + 11) % 12 + 1;
    let minute = if local.minute == 0 { String::new() } else { format!(":{:02}", local.minute) };
    format!(", {hour}{minute} {half}, Toronto time")
}

/// A call, by all its requests and answers.
pub struct Phone {
    leg: Leg,
    turns: Vec<(Request, Answer)>,
    next: Option<String>,
}

/// A request that was made again.
pub struct Sent {
    pub is_arrival: bool,
    /// What should be answered.
    pub answer: Answer,
    pub again: Answer,
}

impl Phone {
    pub fn new(from: &str) -> Self {
        Self { leg: leg(from, DUTY_LINE), turns: Vec::new(), next: None }
    }

    pub async fn dial(&mut self, line: &Line) -> Heard {
        let url = format!("{PUBLIC_URL}/voice/twilio/inbound");
        let form = self.leg.form(CallStatus::Ringing, &[]);
        self.send(line, Request { url, form }).await
    }

    /// Nothing if there is no question to answer any more. Who has hung up still may: requests come late.
    pub async fn answer(&mut self, line: &Line, keys: Option<&str>) -> Option<Heard> {
        let url = self.next.clone()?;
        let digits = keys.map(|keys| ("Digits", keys));
        let form = self.leg.form(CallStatus::InProgress, digits.as_slice());
        Some(self.send(line, Request { url, form }).await)
    }

    async fn send(&mut self, line: &Line, request: Request) -> Heard {
        let answer = line.post(&request.url, &request.form).await;
        let heard = Heard::of(&answer);
        self.next.clone_from(&heard.next);
        self.turns.push((request, answer));
        heard
    }

    /// The last request came to nothing: the turn was not taken.
    pub fn forget_last(&mut self) {
        self.turns.pop();
    }

    /// Makes one of the requests again, with other keys if there are any and it is not the first.
    pub async fn repeat(&self, line: &Line, which: Index, keys: Option<&str>) -> Option<Sent> {
        if self.turns.is_empty() {
            return None;
        }
        let place = which.index(self.turns.len());
        let (Request { url, form }, answer) = &self.turns[place];
        let (mut form, mut answer, is_arrival) = (form.clone(), answer, place == 0);
        let digits = form.iter_mut().find(|(name, _)| name == "Digits");
        if let (Some((_, digits)), Some(keys)) = (digits, keys)
            && digits != keys
        {
            keys.clone_into(digits);
            answer = &self.turns.last()?.1;
        }
        if is_arrival {
            answer = &self.turns.last()?.1;
        }
        let again = line.post(url, &form).await;
        Some(Sent { is_arrival, answer: answer.clone(), again })
    }

    pub async fn hang_up(&self, line: &Line) {
        let form = self.leg.form(CallStatus::Completed, &[("SequenceNumber", "9")]);
        let answer = line.post(&format!("{PUBLIC_URL}/voice/twilio/status"), &form).await;
        assert_eq!(answer.status, 204);
    }
}
