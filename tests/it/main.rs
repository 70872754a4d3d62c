//! The integration tests, one binary with a module for each area.

mod carrier;
