//! Phone calls, as they happen.

mod callers;
pub mod dial_in;
mod dispatch;
mod hanging;
mod identity;
mod replays;
mod timers;
mod webhooks;
