//! The server's face: reads requests, asks `app`, renders answers. It never sees the database, and no rule
//! of presence or of a flow lives here.

pub mod health;
pub mod media;
mod pace;
pub mod server;
pub mod signed;
pub mod v1;
pub mod voice;
