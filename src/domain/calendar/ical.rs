//! iCalendar texts, read and written with the `icalendar` crate, which is used nowhere else.

mod read;
mod write;

pub use read::read;
pub(super) use write::{Component, Property, text};
