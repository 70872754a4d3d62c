//! The database, as the application sees it.

mod writer;
