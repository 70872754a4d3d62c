//! What only SQLite has: a file, a log beside it, a disk that we see fail, and answers ahead of it.

mod copy;
mod damage;
mod disk;
mod log;
mod relaxed;
