//! What is tested from outside, in one binary with a module for each area.

mod app;
mod architecture;
mod carrier;
mod cli;
