//! What is tested from outside, in one binary with a module for each area.

mod architecture;
mod carrier;
mod harness;
mod store;
