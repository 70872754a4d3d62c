//! The rules of being on duty. Pure: no clock, no randomness, no database, no HTTP; `now` is an argument.

#[macro_use]
pub mod described;
#[macro_use]
mod spelled;

pub mod access;
pub mod allocation;
pub mod attendance;
pub mod availability;
pub mod calendar;
pub mod call;
pub mod chain;
pub mod chosen;
pub mod claim;
pub mod coverage;
pub mod demand;
pub mod desk;
pub mod dial_command;
pub mod dispatch;
pub mod edit;
pub mod event;
pub mod filter;
pub mod ids;
pub mod ledger;
pub mod origin;
pub mod outlook;
pub mod phone;
pub mod plan;
pub mod policy;
pub mod presence;
pub mod presence_code;
pub mod quick;
pub mod reason_list;
pub mod schedule;
pub mod skills;
pub mod tenant;
pub mod time;
pub mod token;
pub mod trust;
pub mod user;
pub mod user_status;
pub mod webhook;
pub mod wrap_up;
