//! What the nodes do, but for the timed-presence activity, which has a file of its own.

use super::walk::{Go, Question, Walk};
use super::{Asked, Input};
use crate::domain::ids::Name;
use crate::domain::presence::Command;
use crate::domain::time::{Hours, Instant, Zone};
use crate::domain::trust::PinPolicy;
use crate::flow::model::{Branch, Case, Condition, GatherNode, PresenceChange, SetPresence, WeeklyTime};
use crate::flow::prompt::speaker::Args;
use crate::flow::prompt::{Line, Slot};

impl<'a> Walk<'a> {
    pub(super) fn ask_gather(&mut self, gather: &GatherNode) -> Go {
        self.play(&gather.prompt);
        let question = Question {
            max_digits: gather.max_digits,
            hash_finishes: gather.hash_finishes(),
            timeout_s: gather.timeout_s,
        };
        Go::Ask(Asked::Keys, question)
    }

    pub(super) fn answer_gather(&mut self, gather: &GatherNode, input: &Input) -> Go {
        if let Input::Keys(keys) = input
            && let Some(next) = gather.keys.get(keys)
        {
            self.note(format!("pressed {keys}: to `{next}`"));
            return Go::To(next.clone());
        }
        if !self.may_try_again(gather.tries) {
            self.note(format!("no answer that fits: to `{}`", gather.otherwise));
            return Go::To(gather.otherwise.clone());
        }
        match (&gather.invalid, input) {
            (_, Input::Silence | Input::Started) => {}
            (Some(own), Input::Keys(_) | Input::Garbled) => self.play(own),
            (None, Input::Keys(_) | Input::Garbled) => {
                self.say(Line::Slot(Slot::InvalidInput), None, &Args::default());
            }
        }
        self.ask_gather(gather)
    }

    pub(super) fn choose(&mut self, branch: &'a Branch) -> &'a Name {
        let holds = |case: &&Case| case.when.iter().all(|condition| self.holds(condition));
        let next = branch.cases.iter().find(holds).map_or(&branch.otherwise, |case| &case.next);
        self.note(format!("branch `{}`: to `{next}`", self.frame().node));
        next
    }

    fn holds(&self, condition: &Condition) -> bool {
        match condition {
            Condition::CallerKnown(known) => self.agent().is_some() == *known,
            Condition::Online(online) => {
                (self.agent().is_some() && self.presence.is_online(self.scene.now)) == *online
            }
            Condition::Dialled(numbers) => numbers.contains(self.scene.dialled),
            Condition::Time(time) => time.holds(&self.scene.tenant.zone, self.scene.now),
        }
    }

    pub(super) fn set_presence(&mut self, set: &'a SetPresence) -> &'a Name {
        let trusted = self.agent().is_some_and(|agent| !self.wants_pin(agent, PinPolicy::Unattested));
        if !trusted {
            self.note("presence left alone: the caller is not a known agent, or owes a PIN");
            return &set.otherwise;
        }
        let command = match set.change {
            PresenceChange::Online { hours, when_online } => {
                Command::GoOnline { hours, when_online, cap: Hours::LONGEST }
            }
            PresenceChange::Offline => Command::GoOffline,
        };
        match self.command(&command) {
            Ok(()) => &set.next,
            Err(why) => {
                self.note(format!("presence left alone: {why}"));
                &set.otherwise
            }
        }
    }
}

impl WeeklyTime {
    /// Whether the wall clock stands within the span; past midnight it is still the day it began on.
    fn holds(&self, tenant_zone: &Zone, now: Instant) -> bool {
        let local = self.zone.as_ref().unwrap_or(tenant_zone).local(now);
        let (time, today) = (local.time_of_day(), self.days.contains(&local.weekday));
        if self.from < self.to {
            return today && self.from <= time && time < self.to;
        }
        let yesterday = self.days.contains(&local.weekday.pred());
        (today && self.from <= time) || (yesterday && time < self.to)
    }
}
