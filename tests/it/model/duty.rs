//! What an agent's duty should be, told a second time: short enough to be judged at a glance, and without
//! a line of the code that it judges.

use chrono::TimeDelta;
use dutyline::domain::presence::WhenOnline;
use dutyline::domain::time::Instant;

/// Hours from now that nobody's window may go beyond.
pub const MAX_HOURS: i64 = 80;

#[derive(Debug, Clone, Copy)]
pub enum Wish {
    Online(i64),
    Offline,
    Hold,
    Release,
}

/// What a wish, or the time, comes to: an entry in the agent's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Online { until: Instant },
    Extended { until: Instant },
    Offline { ended: Instant },
    Expired { ended: Instant },
    Held,
    Released,
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    Held,
    TooFar,
}

#[derive(Debug, Clone, Default)]
pub struct Duty {
    pub rule: WhenOnline,
    /// The end of the window, which may be over already.
    pub until: Option<Instant>,
    is_held: bool,
    /// When the last change was.
    at: Option<Instant>,
    pub log: Vec<Change>,
}

impl Duty {
    pub fn by(rule: WhenOnline) -> Self {
        Self { rule, ..Self::default() }
    }

    pub fn online_until(&self, now: Instant) -> Option<Instant> {
        self.until.filter(|until| now < *until)
    }

    pub fn generation(&self) -> usize {
        self.log.iter().filter(|change| **change != Change::Nothing).count()
    }

    /// The end of a window that is over, unless a menu that was opened before holds it for a minute.
    pub fn over(&self, menus: impl IntoIterator<Item = Instant>, now: Instant) -> Option<Instant> {
        let until = self.until.filter(|until| *until <= now)?;
        let has_menu = menus.into_iter().any(|opened| opened < until);
        (!has_menu || until + TimeDelta::seconds(60) <= now).then_some(until)
    }

    /// The time is up for whoever has no menu open.
    pub fn pass(&mut self, menus: impl IntoIterator<Item = Instant>, now: Instant) {
        if let Some(ended) = self.over(menus, now) {
            self.set(None, Change::Expired { ended }, now);
        }
    }

    pub fn wish(&mut self, wish: Wish, menu: Option<Instant>, now: Instant) -> Result<(), Refusal> {
        let (mut then, at) = (self.clone(), self.at.map_or(now, |last| last.max(now)));
        then.pass(menu, now);
        match (wish, then.until) {
            (Wish::Online(_), _) if self.is_held => return Err(Refusal::Held),
            (Wish::Online(hours), open) => {
                let (old, fresh) = (open.unwrap_or(at), at + TimeDelta::hours(hours));
                let until = match self.rule {
                    WhenOnline::Replace => fresh,
                    WhenOnline::Extend => old + TimeDelta::hours(hours),
                    WhenOnline::Max => old.max(fresh),
                };
                if until > at + TimeDelta::hours(MAX_HOURS) {
                    return Err(Refusal::TooFar);
                }
                let change = open.map_or(Change::Online { until }, |_| Change::Extended { until });
                then.set(Some(until), change, now);
            }
            (Wish::Offline | Wish::Hold, Some(until)) => {
                then.set(None, Change::Offline { ended: at.min(until) }, now);
            }
            (Wish::Offline | Wish::Hold | Wish::Release, _) => {}
        }
        match (wish, then.is_held) {
            (Wish::Hold, false) => {
                then.is_held = true;
                then.set(None, Change::Held, now);
            }
            (Wish::Release, true) => {
                then.is_held = false;
                then.set(None, Change::Released, now);
            }
            (Wish::Online(_) | Wish::Offline | Wish::Hold | Wish::Release, _) => {}
        }
        if then.log.len() == self.log.len() {
            then.log.push(Change::Nothing);
        }
        *self = then;
        Ok(())
    }

    fn set(&mut self, until: Option<Instant>, change: Change, now: Instant) {
        self.until = until;
        self.at = self.at.max(Some(now));
        self.log.push(change);
    }
}
