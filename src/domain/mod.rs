//! The rules of being on duty. Pure: no clock, no randomness, no database, no HTTP; `now` is an argument.

#[macro_use]
pub mod described;
#[macro_use]
mod spelled;

pub mod access;
pub mod call;
pub mod chain;
pub mod dispatch;
pub mod event;
pub mod ids;
pub mod phone;
pub mod presence;
pub mod tenant;
pub mod time;
pub mod token;
pub mod trust;
pub mod user;
