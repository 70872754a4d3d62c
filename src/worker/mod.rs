//! Loops around `app`. Each asks it what to do, and until when there is nothing to do; no rule lives here.

pub mod coverage;
pub mod gauges;
pub mod health;
pub mod ledger;
pub mod threads;
pub mod timers;
pub mod upkeep;
pub mod webhooks;
