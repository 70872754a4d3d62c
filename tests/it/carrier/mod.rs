//! The carrier side against others' code: Twilio's own library, and HTTP over a socket.

mod exchange;
mod second_opinion;
