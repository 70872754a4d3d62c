//! The flow language: files, checked flows, and the engine that runs them. Pure, as `domain` is, and deaf
//! to carriers: it yields a [`reply::Reply`] and never knows who renders it.

pub mod check;
pub mod document;
mod duty;
pub mod engine;
pub mod file;
#[cfg(test)]
mod fixtures;
pub mod issue;
pub mod keys;
pub mod model;
pub mod program;
pub mod prompt;
pub mod recording;
pub mod rehearsal;
pub mod reply;
pub mod schema;
pub mod script;
pub mod setting;
mod speech;
