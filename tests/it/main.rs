//! What is tested from outside, in one binary with a module for each area.

#![expect(unreachable_pub, reason = "a test binary has no outside")]
#![expect(clippy::wildcard_enum_match_arm, reason = "tests look for one event among many")]

mod admin;
mod app;
mod architecture;
mod behaviour;
mod carrier;
mod cli;
mod crash;
mod documents;
mod events;
mod harness;
mod model;
mod moving;
mod nodes;
mod postgres;
mod schema;
mod store;
mod v1;
mod voice;
mod webhooks;
