//! The database, as the application sees it.

mod chain;
mod contract;
mod sqlite;
mod writer;
