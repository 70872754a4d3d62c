//! What several benchmarks need.

pub(crate) mod fleet;
pub(crate) mod follower;
pub(crate) mod line;
pub(crate) mod server;
