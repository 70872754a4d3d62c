//! The database, as the application sees it.

mod contract;
mod disk;
mod writer;
