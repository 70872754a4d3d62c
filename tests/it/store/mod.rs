//! The database, as the application sees it.

mod contract;
mod sqlite;
mod writer;
