//! The admin's commands. A command reads its arguments, asks `app` (or, as a phone, the server itself), and
//! writes data to stdout and talk to stderr; no rule of the product lives here.

pub mod call;
pub mod phone;
