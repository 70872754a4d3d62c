//! The database, as the application sees it.

mod disk;
mod writer;
