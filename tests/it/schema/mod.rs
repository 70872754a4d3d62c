//! The schema's versions: binaries that follow upon each other, side by side on one database.

mod neighbours;
mod outgrown;
