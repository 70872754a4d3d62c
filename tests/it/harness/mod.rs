//! What tests are written with: a line with a real database and a clock of its own, and callers.

pub mod caller;
pub mod database;
pub mod exchange;
pub mod future;
pub mod line;
pub mod peer;
pub mod postgres;
pub mod preload;
pub mod process;
pub mod python;
pub mod receiver;
pub mod recording;
pub mod rows;
pub mod shift;
pub mod store;
