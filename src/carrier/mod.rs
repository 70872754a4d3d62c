//! What carriers say and expect. A carrier's request is read into our words here, its signature is checked,
//! and a [`Reply`](crate::flow::reply::Reply) is written in the carrier's.
//!
//! Pure: it knows no clock, no database and no web server. It gets bytes and texts, and gives back values.

pub mod twilio;
pub mod twiml;
