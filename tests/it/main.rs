//! What is tested from outside, in one binary with a module for each area.
#![expect(unreachable_pub, reason = "a test binary has no outside")]

mod app;
mod architecture;
mod carrier;
mod cli;
mod harness;
mod store;
mod voice;
