//! What several benchmarks need.

pub(crate) mod server;
