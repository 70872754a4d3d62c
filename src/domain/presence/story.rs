//! The way of a presence through one command: first what time alone has brought about, then what is asked.

use super::{
    Cause, Command, Ending, Presence, Reason, Rejected, Source, State, Transition, WhenOnline, Window, lapse,
};
use crate::domain::availability::{self, Availability};
use crate::domain::desk::{Desk, Report};
use crate::domain::ids::AvailabilityId;
use crate::domain::plan;
use crate::domain::time::{Hours, Instant};
use crate::domain::wrap_up::{self, Length};

/// A presence, and what happened to it so far.
pub(super) struct Story {
    pub(super) presence: Presence,
    pub(super) transitions: Vec<Transition>,
    now: Instant,
}

impl Story {
    /// From here on all that was to begin or to end by `now` has done so.
    pub(super) fn begin(before: &Presence, menu_since: Option<Instant>, now: Instant) -> Self {
        let mut story = Self { presence: before.clone(), transitions: Vec::new(), now };
        while let Some(duty) = story.next_duty() {
            story.expire(menu_since, duty.terms.starts_at);
            story.take_up(duty);
        }
        story.expire(menu_since, now);
        let has_turned = before.turns_at().is_some_and(|at| at <= now);
        if story.transitions.is_empty() && has_turned {
            let (generation, at) = story.touch();
            story.transitions.push(Transition::Turned { generation, at });
        }
        story
    }

    pub(super) fn carry_out(&mut self, command: &Command, cause: &Cause) -> Result<(), Rejected> {
        match command {
            Command::GoOnline { hours, when_online, cap } => {
                self.go_online(*hours, *when_online, *cap, cause)?;
            }
            Command::GoOffline => self.go_offline(cause),
            Command::Hold(reason) => self.hold(reason, cause),
            Command::Release => self.release(),
            Command::Say(availability) => self.say(availability, cause)?,
            Command::Withdraw(id) => self.withdraw(id, cause)?,
            Command::Adjust(patch) => self.at_desk(|desk, _| {
                desk.settings = patch.clone().of(desk.settings.clone());
                Ok(())
            })?,
            Command::Report(report, length) => self.report(report, *length)?,
            Command::DialOut(report, length, id) => {
                if self.presence.desk.is_begun_by(report) {
                    self.end_dnd(id, cause);
                }
                self.report(report, *length)?;
            }
            Command::ExtendWrapUp { by, most } => {
                self.at_desk(|desk, now| desk.extend_wrap_up(*by, *most, now))?;
            }
            Command::EndWrapUp => self.at_desk(Desk::end_wrap_up)?,
        }
        Ok(())
    }

    /// The time on duty that was said beforehand and begins by now.
    fn next_duty(&self) -> Option<Availability> {
        self.presence.plan.next_duty().filter(|duty| duty.terms.starts_at <= self.now).cloned()
    }

    /// Ends the window if its time is up by `by`.
    fn expire(&mut self, menu_since: Option<Instant>, by: Instant) {
        match self.presence.state {
            State::Online { until, .. } if lapse(until, menu_since) <= by => {
                self.end(until, Cause { source: Source::Timer, reason: Reason::Expired, call: None });
            }
            State::Online { .. } | State::Offline { .. } => {}
        }
    }

    /// What was to be time on duty becomes the window, or a part of it; nothing comes of it for who is held off duty,
    /// and if its time has passed meanwhile.
    fn take_up(&mut self, duty: Availability) {
        self.presence.plan.withdraw(&duty.id);
        let cause = Cause { source: duty.source, reason: Reason::LoggedIn, call: None };
        let id = duty.id.clone();
        if duty.terms.ends_at <= Some(self.now) || self.serve(duty, WhenOnline::Max, &cause).is_err() {
            let (generation, at) = self.touch();
            self.transitions.push(Transition::Withdrawn { generation, at, id });
        }
    }

    fn go_online(
        &mut self,
        hours: Hours,
        when_online: WhenOnline,
        cap: Hours,
        cause: &Cause,
    ) -> Result<(), Rejected> {
        let at = self.next_at();
        let until = at + hours.span();
        let until = match (self.presence.state, when_online) {
            (State::Online { until: old, .. }, WhenOnline::Extend) => old + hours.span(),
            (State::Online { until: old, .. }, WhenOnline::Max) => old.max(until),
            (State::Online { .. }, WhenOnline::Replace) | (State::Offline { .. }, _) => until,
        };
        // What was said before counts no longer, for as long as the window is open (D29).
        let is_all = self.presence.plan.said().is_empty();
        self.open(until, cap, cause, (!is_all).then(|| plan::plain(at, cause.source)))
    }

    /// Makes the window of an availability that is time on duty, and begins now.
    fn serve(&mut self, duty: Availability, when_online: WhenOnline, cause: &Cause) -> Result<(), Rejected> {
        let Some(end) = duty.terms.ends_at else { return Ok(()) };
        let until = match (self.presence.state, when_online) {
            (State::Online { until, .. }, WhenOnline::Max | WhenOnline::Extend) => until.max(end),
            (State::Online { .. }, WhenOnline::Replace) | (State::Offline { .. }, _) => end,
        };
        self.open(until, Hours::LONGEST, cause, Some(duty))
    }

    fn open(
        &mut self,
        until: Instant,
        cap: Hours,
        cause: &Cause,
        duty: Option<Availability>,
    ) -> Result<(), Rejected> {
        if let Some(reason) = &self.presence.hold {
            return Err(Rejected::Held(reason.clone()));
        }
        let at = self.next_at();
        if until - at > cap.span() {
            return Err(Rejected::TooFar(cap));
        }
        let (since, is_open) = match self.presence.state {
            State::Online { since, .. } => (since, true),
            State::Offline { .. } => (at, false),
        };
        self.presence.plan.take_up(duty.clone());
        let generation = self.advance(at, State::Online { since, until }, cause.clone());
        let window = Window { generation, at, since, until, cause: cause.clone(), duty };
        self.transitions.push(if is_open {
            Transition::Extended(window)
        } else {
            Transition::WentOnline(window)
        });
        Ok(())
    }

    fn go_offline(&mut self, cause: &Cause) {
        match self.presence.state {
            // While a menu holds the end, the agent is off duty already.
            State::Online { until, .. } => self.end(self.next_at().min(until), cause.clone()),
            State::Offline { .. } => {}
        }
    }

    fn hold(&mut self, reason: &str, cause: &Cause) {
        self.go_offline(cause);
        if self.presence.hold.as_deref() != Some(reason) {
            self.presence.hold = Some(reason.to_owned());
            let (generation, at) = self.touch();
            self.transitions.push(Transition::Held { generation, at, reason: reason.to_owned() });
        }
    }

    fn release(&mut self) {
        if self.presence.hold.take().is_some() {
            let (generation, at) = self.touch();
            self.transitions.push(Transition::Released { generation, at });
        }
    }

    /// What has the same identifier gives way.
    fn say(&mut self, availability: &Availability, cause: &Cause) -> Result<(), Rejected> {
        let terms = &availability.terms;
        self.presence.plan.withdraw(&availability.id);
        if terms.is_duty() && terms.starts_at <= self.now {
            return self.serve(availability.clone(), WhenOnline::Replace, cause);
        }
        if self.presence.is_window(&availability.id) {
            self.go_offline(cause);
        }
        if terms.is_duty() && terms.ends_at.is_some_and(|end| end - terms.starts_at > Hours::LONGEST.span()) {
            return Err(Rejected::TooFar(Hours::LONGEST));
        }
        if !self.presence.plan.say(availability.clone()) {
            return Err(Rejected::Full);
        }
        let (generation, at) = self.touch();
        self.transitions.push(Transition::Said { generation, at, availability: availability.clone() });
        Ok(())
    }

    fn withdraw(&mut self, id: &AvailabilityId, cause: &Cause) -> Result<(), Rejected> {
        if self.presence.is_window(id) {
            self.go_offline(cause);
            return Ok(());
        }
        self.presence.plan.withdraw(id).ok_or_else(|| Rejected::NotSaid(id.clone()))?;
        let (generation, at) = self.touch();
        self.transitions.push(Transition::Withdrawn { generation, at, id: id.clone() });
        Ok(())
    }

    fn report(&mut self, report: &Report, length: Length) -> Result<(), Rejected> {
        self.at_desk(|desk, now| {
            desk.report(report, length, now);
            Ok(())
        })
    }

    /// Who is not to be disturbed says that they are available. A user for whom no more can be said stays as they are:
    /// that they make a call is a fact.
    fn end_dnd(&mut self, id: &AvailabilityId, cause: &Cause) {
        if self.presence.availability(self.now) == availability::State::Dnd {
            let available = plan::plain(self.next_at(), cause.source);
            drop(self.say(&Availability { id: id.clone(), ..available }, cause));
        }
    }

    /// Does something at the desk, which is a transition if it changes anything.
    fn at_desk(
        &mut self,
        change: impl FnOnce(&mut Desk, Instant) -> Result<(), wrap_up::Rejected>,
    ) -> Result<(), Rejected> {
        let mut desk = self.presence.desk.clone();
        change(&mut desk, self.next_at())?;
        if desk != self.presence.desk {
            self.presence.desk = desk.clone();
            let (generation, at) = self.touch();
            self.transitions.push(Transition::DeskChanged { generation, at, desk });
        }
        Ok(())
    }

    fn end(&mut self, ended: Instant, cause: Cause) {
        let at = self.next_at();
        self.presence.plan.take_up(None);
        let generation = self.advance(at, State::Offline { since: Some(ended) }, cause.clone());
        self.transitions.push(Transition::WentOffline(Ending { generation, at, ended, cause }));
    }

    fn advance(&mut self, at: Instant, state: State, cause: Cause) -> u64 {
        self.presence.state = state;
        self.presence.cause = Some(cause);
        self.touch_at(at)
    }

    /// A transition that leaves the state and its cause as they are.
    fn touch(&mut self) -> (u64, Instant) {
        let at = self.next_at();
        (self.touch_at(at), at)
    }

    fn touch_at(&mut self, at: Instant) -> u64 {
        self.presence.plan.forget(at);
        self.presence.at = Some(at);
        self.presence.generation += 1;
        self.presence.generation
    }

    /// Time does not run backwards in an agent's log, whatever the clock does (I9).
    fn next_at(&self) -> Instant {
        self.presence.at.map_or(self.now, |last| last.max(self.now))
    }
}
