//! Ways to build it wrong, one at a time. A search that finds none of these would find nothing.

use super::laws::Law;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Units do not wait for each other: they read, and some time later they write what they decided.
    NoLock,
    /// The statement that waits for the lock reads the rows too, and gets them as they were before it waited.
    OldSnapshot,
    /// A unit's time is that of its beginning, before it waited for the lock.
    OldTime,
    /// A unit's time is its node's own. One node's clock is right, the other's an hour fast.
    OwnClock,
    /// A timer that has seen a window whose time is up ends whatever window it then finds.
    BlindExpiry,
    /// Whether a turn was answered before is not looked up.
    TurnForgotten,
    /// The step of the call is left for another unit to write.
    TornCommit,
    /// The answer goes out as soon as it is decided.
    EarlyReply,
    /// A node whose session was ended takes a new one, and commits what it still has in hand.
    NoFence,
    /// The server lets a node sit on the lock for ever.
    EndlessSession,
    /// Readers take the row's word for it that a window is open.
    RowBelieved,
}

/// Each with the laws that it breaks.
pub const FAULTS: [(Fault, &[Law]); 11] = [
    (Fault::NoLock, &[Law::Alternation, Law::OneTruth]),
    (Fault::OldSnapshot, &[Law::Alternation, Law::OneTruth]),
    (Fault::OldTime, &[Law::Race, Law::AddressHolds]),
    (Fault::OwnClock, &[Law::NeverEarly, Law::Horizon, Law::TimeRises, Law::AddressHolds]),
    (Fault::BlindExpiry, &[Law::NeverEarly, Law::EndsOnce]),
    (Fault::TurnForgotten, &[Law::AnsweredOnce]),
    (Fault::TornCommit, &[Law::Together]),
    (Fault::EarlyReply, &[Law::SaidIsSo]),
    (Fault::NoFence, &[Law::Fence, Law::Alternation, Law::OneTruth]),
    (Fault::EndlessSession, &[Law::OneIsEnough]),
    (Fault::RowBelieved, &[Law::OverIsOver]),
];
