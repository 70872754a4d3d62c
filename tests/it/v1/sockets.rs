//! The log over a WebSocket, to a real client on a real server (A2.15, D82 to D85).

mod ending;
mod opening;
mod served;
mod telling;
