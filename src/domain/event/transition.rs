//! What the presence machine has done, as events.

use crate::domain::event::Event;
use crate::domain::presence::Transition;

impl From<Transition> for Event {
    fn from(transition: Transition) -> Self {
        match transition {
            Transition::WentOnline(window) => Self::PresenceOnline(window),
            Transition::Extended(window) => Self::PresenceExtended(window),
            Transition::WentOffline(ending) => Self::PresenceOffline(ending),
            Transition::Held { generation, at, reason } => Self::PresenceHeld { generation, at, reason },
            Transition::Released { generation, at } => Self::PresenceReleased { generation, at },
            Transition::Said { generation, at, availability } => {
                Self::AvailabilitySaid { generation, at, availability }
            }
            Transition::Withdrawn { generation, at, id } => {
                Self::AvailabilityWithdrawn { generation, at, id }
            }
            Transition::Turned { generation, at } => Self::AvailabilityTurned { generation, at },
            Transition::DeskChanged { generation, at, desk } => Self::DeskChanged { generation, at, desk },
        }
    }
}
