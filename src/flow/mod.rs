//! The flow language: files, checked flows, and the engine that runs them. Pure, as `domain` is, and deaf
//! to carriers: it yields a [`reply::Reply`] and never knows who renders it.

pub mod keys;
pub mod model;
pub mod prompt;
pub mod recording;
pub mod reply;
mod speech;
