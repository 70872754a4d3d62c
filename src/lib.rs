//! Dutyline: the line that agents call to go on duty.
//!
//! A carrier posts an agent's call to [`http`], which asks [`app`] what happens next. `app` loads the
//! call from [`store`], lets the pure [`flow`] engine and the presence machine in [`domain`] decide,
//! saves the decision in one transaction, and hands back a reply that [`carrier`] writes as TwiML.
//! [`worker`] ends duty windows when their time is up, and [`cli`] is the admin's door to the same `app`.
//!
//! Directions of use: `domain <- flow <- store <- app <- {worker, http} <- cli`; `carrier` hangs off
//! `flow` and is used by `http` and `cli` only.

#[macro_use]
pub mod domain;
pub mod app;
pub mod carrier;
pub mod cli;
pub mod config;
pub mod flow;
pub mod http;
pub mod store;
pub mod telemetry;
pub mod worker;
