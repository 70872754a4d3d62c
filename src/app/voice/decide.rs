//! From a loaded call to its next turn: nothing here waits or looks anything up.

use super::Request;
use crate::app::tenancy::Tenancy;
use crate::domain::time::Instant;
use crate::domain::user::Agent;
use crate::flow::engine::{self, Asked, Effect, Input, Scene, Turn};
use crate::flow::program::Program;
use crate::flow::reply::Reply;
use crate::store::calls::Call;
use crate::store::steps::Step;

/// What a turn is decided with besides the call.
pub(super) struct World<'a> {
    pub(super) tenancy: &'a Tenancy,
    pub(super) program: &'a Program,
}

impl World<'_> {
    pub(super) fn step(
        &self,
        call: &Call,
        agent: Option<&Agent>,
        request: &Request,
        pin_matches: Option<bool>,
        now: Instant,
    ) -> Turn {
        let scene = Scene {
            program: self.program,
            catalogue: &self.tenancy.catalogue,
            tenant: &self.tenancy.tenant,
            call: &call.id,
            turn: call.turn,
            dialled: &call.dialled,
            agent,
            attestation: request.attestation,
            pin_matches,
            menu_since: call.menu_since,
            now,
        };
        let input = if call.turn == 0 { &Input::Started } else { &request.input };
        engine::step(&scene, call.cursor.clone(), input)
    }
}

/// What a turn did besides speaking.
#[derive(Debug)]
pub(super) struct Decision {
    pub(super) turn: u32,
    pub(super) input: Input,
    /// In words.
    pub(super) decided: Vec<String>,
    pub(super) effects: Vec<Effect>,
}

/// Moves the call past the turn, of which it keeps the step.
pub(super) fn advance(call: &mut Call, turn: Turn, input: Input, now: Instant) -> (Reply, Decision) {
    let Turn { cursor, reply, effects, decided, outcome } = turn;
    let step = Step { turn: call.turn, at: now, input: kept(&call.cursor.asked, input), decided, reply };
    call.steps.push(&step);
    call.turn += 1;
    call.menu_since = cursor.is_menu_open().then(|| call.menu_since.unwrap_or(now));
    call.cursor = cursor;
    call.outcome = outcome.or(call.outcome);
    let Step { turn, input, decided, reply, .. } = step;
    (reply, Decision { turn, input, decided, effects })
}

/// What is kept of a PIN: that one was typed.
const PIN_MASK: &str = "****";

/// What is kept of an answer, in the step and in the log.
fn kept(asked: &Asked, input: Input) -> Input {
    match (asked, input) {
        (Asked::Pin, Input::Keys(_)) => Input::Keys(PIN_MASK.parse().expect("stars are keys")),
        (_, input) => input,
    }
}

/// Whether `input` is what was answered before, as far as is known of it: any PIN may be the one that was
/// typed, since none is kept (D51, I12).
pub(super) fn is_repetition(input: &Input, kept: &Input) -> bool {
    match (input, kept) {
        (Input::Keys(_), Input::Keys(keys)) if keys.as_str() == PIN_MASK => true,
        (input, kept) => input == kept,
    }
}
