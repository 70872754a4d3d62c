//! What a caller should hear, told a second time, as [`super::duty`] tells what comes of it.

use chrono::TimeDelta;
use dutyline::domain::time::Instant;

use super::duty::{Duty, Refusal, Wish};

/// The hours on keys 1 to 4.
pub const PRESETS: [i64; 4] = [8, 24, 48, 72];
/// The most hours that may be typed in.
pub const MOST_TYPED: i64 = 80;
/// Wrong answers to one question.
const TRIES: u8 = 3;

/// A sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    Welcome,
    Already,
    Menu,
    Hours,
    Invalid,
    OverCap,
    Online,
    Offline,
    Kept,
    Held,
    Changed,
    Goodbye,
}

/// A call.
#[derive(Debug, Clone)]
pub struct Talk {
    pub who: usize,
    pub began: Instant,
    /// The last question, [`Said::Menu`] or [`Said::Hours`]; none once the call is over.
    asked: Option<Said>,
    /// The agent's generation when it was asked.
    seen: usize,
    tries: u8,
}

impl Talk {
    pub fn dial(who: usize, duty: &Duty, now: Instant) -> (Self, Vec<Said>) {
        let talk = Self { who, began: now, asked: Some(Said::Menu), seen: duty.generation(), tries: 0 };
        let already = duty.online_until(now).map(|_| Said::Already);
        (talk, [Said::Welcome].into_iter().chain(already).chain([Said::Menu]).collect())
    }

    pub fn hang_up(&mut self) {
        self.asked = None;
    }

    /// Whether the addresses that the call was given are of no use any more.
    pub fn is_stale(&self, now: Instant) -> bool {
        now - self.began > TimeDelta::hours(4)
    }

    /// Whether it takes answers.
    pub fn is_live(&self, now: Instant) -> bool {
        self.asked.is_some() && !self.is_stale(now)
    }

    /// Since when the call holds the end of a window.
    pub fn menu(&self) -> Option<Instant> {
        self.asked.map(|_| self.began)
    }

    /// Keys, or silence, in answer to the last question.
    pub fn answer(&mut self, keys: Option<&str>, duty: &mut Duty, now: Instant) -> Vec<Said> {
        if !self.is_live(now) {
            return vec![Said::Goodbye];
        }
        let said = self.decide(keys, duty, now);
        let question = said.last().copied().filter(|last| matches!(last, Said::Menu | Said::Hours));
        if question != self.asked {
            self.tries = 0;
        }
        self.asked = question;
        self.seen = duty.generation();
        said
    }

    fn decide(&mut self, keys: Option<&str>, duty: &mut Duty, now: Instant) -> Vec<Said> {
        let open = duty.online_until(now);
        if duty.generation() != self.seen {
            return vec![
                Said::Changed,
                if open.is_some() { Said::Already } else { Said::Offline },
                Said::Menu,
            ];
        }
        let is_number = |keys: &&str| keys.len() <= 2 && keys.bytes().all(|key| key.is_ascii_digit());
        let typed = keys.filter(is_number).filter(|_| self.asked == Some(Said::Hours));
        let typed = typed.and_then(|keys| keys.parse::<i64>().ok());
        match (keys, typed) {
            (Some("*"), _) => vec![Said::Menu],
            (Some("0"), None) | (_, Some(0)) => self.wish(Wish::Offline, duty, now),
            (_, Some(hours)) if hours > MOST_TYPED => self.miss(Some(Said::OverCap)),
            (_, Some(hours)) => self.wish(Wish::Online(hours), duty, now),
            (Some(keys), None) if self.asked == Some(Said::Menu) => match (keys, open) {
                ("9", _) => vec![Said::Hours],
                ("#", Some(_)) => vec![Said::Kept],
                ("1" | "2" | "3" | "4", _) => {
                    let key: usize = keys.parse().expect("a digit");
                    self.wish(Wish::Online(PRESETS[key - 1]), duty, now)
                }
                _ => self.miss(Some(Said::Invalid)),
            },
            (Some(_), None) => self.miss(Some(Said::Invalid)),
            (None, None) => self.miss(None),
        }
    }

    fn wish(&mut self, wish: Wish, duty: &mut Duty, now: Instant) -> Vec<Said> {
        match (duty.wish(wish, self.menu(), now), wish) {
            (Ok(()), Wish::Online(_)) => vec![Said::Online],
            (Ok(()), Wish::Offline | Wish::Hold | Wish::Release) => vec![Said::Offline],
            (Err(Refusal::Held), _) => vec![Said::Held],
            (Err(Refusal::TooFar), _) => self.miss(Some(Said::OverCap)),
        }
    }

    /// Says why, and asks again, unless that was the last time.
    fn miss(&mut self, why: Option<Said>) -> Vec<Said> {
        self.tries += 1;
        if self.tries == TRIES { vec![Said::Goodbye] } else { why.into_iter().chain(self.asked).collect() }
    }
}
