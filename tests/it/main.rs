//! What is tested from outside, in one binary with a module for each area.

#![expect(unreachable_pub, reason = "a test binary has no outside")]

mod architecture;
mod behaviour;
mod carrier;
mod crash;
mod documents;
mod harness;
mod store;
mod voice;
