//! One turn's way through the nodes of its flows.

use std::mem;

use super::{Asked, Cursor, Effect, Frame, Identity, MOST_TURNS, Scene, Turn};
use crate::domain::call::Outcome;
use crate::domain::ids::{Language, Name};
use crate::domain::presence::{self, Cause, Command, Presence, Reason, Rejected, Source};
use crate::domain::time::Zone;
use crate::domain::trust::PinPolicy;
use crate::domain::user::Agent;
use crate::flow::duty;
use crate::flow::engine::Input;
use crate::flow::model::Node;
use crate::flow::prompt::Line;
use crate::flow::prompt::speaker::{Args, Voice};
use crate::flow::prompt::spoken::Spoken;
use crate::flow::reply::{Gather, Reply, Then};

/// Where a call goes next.
#[derive(Debug)]
pub(in crate::flow) enum Go {
    To(Name),
    /// Out of this flow.
    Leave,
    Ask(Asked, Question),
    HangUp,
}

/// How keys are asked for.
#[derive(Debug)]
pub(in crate::flow) struct Question {
    pub(in crate::flow) max_digits: u8,
    pub(in crate::flow) hash_finishes: bool,
    pub(in crate::flow) timeout_s: u8,
}

/// One turn under way.
#[derive(Debug)]
pub(in crate::flow) struct Walk<'a> {
    pub(in crate::flow) scene: &'a Scene<'a>,
    pub(in crate::flow) cursor: Cursor,
    /// The agent's, as it is after what was decided so far.
    pub(in crate::flow) presence: Presence,
    spoken: Spoken,
    pub(in crate::flow) effects: Vec<Effect>,
    decided: Vec<String>,
    pub(in crate::flow) outcome: Option<Outcome>,
}

impl<'a> Walk<'a> {
    /// A turn that has not taken a step yet.
    pub(super) fn begin(scene: &'a Scene<'a>, cursor: Cursor) -> Self {
        let presence = scene.agent.map(|agent| agent.presence.clone()).unwrap_or_default();
        let (spoken, effects, decided) = (Spoken::default(), Vec::new(), Vec::new());
        Self { scene, cursor, presence, spoken, effects, decided, outcome: None }
    }

    pub(super) fn answer(&mut self, input: &Input) -> Go {
        match (&self.cursor.asked, self.node()) {
            (_, None) => {
                self.note("stopped: the flow has no such node any more");
                Go::HangUp
            }
            (Asked::Nothing, Some(_)) => Go::To(self.frame().node.clone()),
            (Asked::Keys, Some(Node::Gather(gather))) => self.answer_gather(gather, input),
            (_, Some(Node::TimedPresence(settings))) => duty::answer(self, settings, input),
            (_, Some(_)) => Go::To(self.frame().node.clone()),
        }
    }

    /// Ends a call that would go on for ever, changing nothing.
    pub(super) fn give_up(&mut self) -> Go {
        self.note(format!("ended after {MOST_TURNS} turns"));
        self.say(Line::Goodbye, None, &Args::default());
        self.outcome = Some(Outcome::GaveUp);
        Go::HangUp
    }

    pub(super) fn enter(&mut self, name: Name) -> Go {
        self.frame_mut().node = name;
        self.cursor.tries = 0;
        match self.node() {
            Some(Node::TimedPresence(settings)) => duty::enter(self, settings),
            Some(Node::Play(play)) => {
                for prompt in &play.prompts {
                    self.play(prompt);
                }
                Go::To(play.next.clone())
            }
            Some(Node::Gather(gather)) => self.ask_gather(gather),
            Some(Node::Branch(branch)) => Go::To(self.choose(branch).clone()),
            Some(Node::SetPresence(set)) => Go::To(self.set_presence(set).clone()),
            Some(Node::Subflow(subflow)) => {
                let Some(flow) = self.scene.program.flow(&subflow.flow) else { return Go::HangUp };
                self.cursor.frames.push(Frame { flow: flow.name.clone(), node: flow.start.clone() });
                Go::To(flow.start.clone())
            }
            Some(Node::HangUp) | None => Go::HangUp,
            Some(Node::Exit) => Go::Leave,
        }
    }

    /// Back to the flow that called this one, behind the node that did; the end of the call if none did.
    pub(super) fn leave(&mut self) -> Go {
        if self.cursor.frames.len() == 1 {
            return Go::HangUp;
        }
        self.cursor.frames.pop();
        match self.node() {
            Some(Node::Subflow(subflow)) => Go::To(subflow.next.clone()),
            Some(_) | None => Go::HangUp,
        }
    }

    pub(super) fn ask(mut self, asked: Asked, question: &Question) -> Turn {
        if mem::discriminant(&asked) != mem::discriminant(&self.cursor.asked) {
            // Another question: each bears its own wrong answers (D9).
            self.cursor.tries = 0;
        }
        self.cursor.asked = asked;
        let gather = Gather {
            prompt: mem::take(&mut self.spoken.speech),
            max_digits: question.max_digits,
            hash_finishes: question.hash_finishes,
            timeout_s: question.timeout_s,
        };
        self.turn(Then::Gather(gather))
    }

    pub(super) fn end(mut self) -> Turn {
        self.cursor.asked = Asked::Nothing;
        self.outcome = self.outcome.or(Some(Outcome::Finished));
        self.turn(Then::HangUp)
    }

    fn turn(self, then: Then) -> Turn {
        let Self { cursor, spoken: Spoken { speech, fallbacks }, mut effects, decided, outcome, .. } = self;
        effects.extend(fallbacks.into_iter().map(Effect::PromptFallback));
        Turn { cursor, reply: Reply { speech, then }, effects, decided, outcome }
    }

    pub(super) fn frame(&self) -> &Frame {
        self.cursor.frames.last().expect("a call is always in a flow")
    }

    fn frame_mut(&mut self) -> &mut Frame {
        self.cursor.frames.last_mut().expect("a call is always in a flow")
    }

    fn node(&self) -> Option<&'a Node> {
        let frame = self.frame();
        self.scene.program.node(&frame.flow, &frame.node)
    }

    /// The agent whom the call speaks for, once that is known.
    pub(in crate::flow) fn agent(&self) -> Option<&'a Agent> {
        match self.cursor.identity {
            Identity::Known => self.scene.agent,
            Identity::Shared | Identity::Nobody(_) => None,
        }
    }

    pub(in crate::flow) fn language(&self) -> &'a Language {
        let own = self.agent().and_then(|agent| agent.language.as_ref());
        own.unwrap_or(&self.scene.tenant.language)
    }

    fn zone(&self) -> &'a Zone {
        self.agent().and_then(|agent| agent.zone.as_ref()).unwrap_or(&self.scene.tenant.zone)
    }

    pub(in crate::flow) fn note(&mut self, what: impl Into<String>) {
        self.decided.push(what.into());
    }

    /// Whether `agent` must still give a PIN before their presence is touched.
    pub(in crate::flow) fn wants_pin(&self, agent: &Agent, policy: PinPolicy) -> bool {
        !self.cursor.proven && agent.pin_hash.is_some() && policy.asks(self.scene.attestation)
    }

    /// Counts an answer that led nowhere; whether there may be another one.
    pub(in crate::flow) fn may_try_again(&mut self, tries: u8) -> bool {
        self.cursor.tries = self.cursor.tries.saturating_add(1);
        self.cursor.tries < tries
    }

    /// Says a line, with the flow's own prompt in its place if `own` names one.
    pub(in crate::flow) fn say(&mut self, line: Line, own: Option<&Name>, args: &Args<'_>) {
        let spoken = self.scene.catalogue.speak(line, own, &self.voice(), args);
        self.hear(spoken);
    }

    pub(super) fn play(&mut self, prompt: &Name) {
        let spoken = self.scene.catalogue.play(prompt, &self.voice(), &Args::default());
        self.hear(spoken);
    }

    fn voice(&self) -> Voice<'a> {
        Voice { language: self.language(), zone: self.zone(), now: self.scene.now }
    }

    fn hear(&mut self, spoken: Spoken) {
        self.spoken = mem::take(&mut self.spoken).then(spoken);
    }

    /// Applies a command of the caller's to their presence; what was decided becomes an effect, and the call's
    /// outcome.
    pub(in crate::flow) fn command(&mut self, command: &Command) -> Result<(), Rejected> {
        let (reason, outcome, what) = match command {
            Command::GoOnline { hours, .. } => {
                (Reason::LoggedIn, Outcome::Online, format!("online for {} h", hours.get()))
            }
            Command::GoOffline
            | Command::Hold(_)
            | Command::Release
            | Command::Say(_)
            | Command::Withdraw(_)
            | Command::Adjust(_)
            | Command::Report(..)
            | Command::DialOut(..)
            | Command::ExtendWrapUp { .. }
            | Command::EndWrapUp => (Reason::LoggedOut, Outcome::Offline, "offline".to_owned()),
        };
        let cause = Cause { source: Source::Phone, reason, call: Some(self.scene.call.clone()) };
        let (presence, transitions) =
            presence::decide(&self.presence, command, &cause, self.scene.menu_since, self.scene.now)?;
        self.presence = presence.clone();
        self.effects.push(Effect::Presence { presence: Box::new(presence), transitions });
        let until =
            self.presence.window(self.scene.now).map(|until| format!(", until {}", until.to_rfc3339()));
        self.note(what + until.as_deref().unwrap_or_default());
        self.outcome = Some(outcome);
        Ok(())
    }
}
