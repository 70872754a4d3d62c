//! A contact centre's view of a user, in the words that its clients know (A2.10).

use serde::{Deserialize, Serialize};

use crate::domain::allocation::{self, DefaultAvailability};
use crate::domain::availability::Class;
use crate::domain::desk::{AllocationMode, Queue};
use crate::domain::presence::Presence;
use crate::domain::time::Instant;

/// What [`status`] makes of a user's presence: it is read, and never set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_excessive_bools, reason = "the fields are those that clients read")]
pub struct UserStatus {
    /// The verdict of [`allocation::verdict`].
    pub can_be_allocated_to: bool,
    pub fetch_mode: bool,
    /// Whether the user is not off work.
    pub schedule: bool,
    /// Whether the user may be disturbed.
    pub available: bool,
    pub service_terminals: u8,
    pub serving: bool,
    pub serving_callback: bool,
    pub talking: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub talking_status_changed: Option<Instant>,
    /// With the end none when no wrap-up is open.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub wrap_up_start: Option<Instant>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub wrap_up_end: Option<Instant>,
    pub active_queue_id: Option<Queue>,
    pub parked_calls: usize,
}

pub fn status(presence: &Presence, default: DefaultAvailability, now: Instant) -> UserStatus {
    let (class, desk) = (presence.availability(now).class(), &presence.desk);
    let wrap_up = desk.wrap_up(now);
    UserStatus {
        can_be_allocated_to: allocation::verdict(presence, default, now).is_ok(),
        fetch_mode: desk.settings.allocation_mode == AllocationMode::Fetch,
        schedule: class != Class::OffWork,
        available: class != Class::NoServiceCalls,
        service_terminals: allocation::service_terminals(presence, default, now),
        serving: desk.settings.serving,
        serving_callback: desk.settings.serving_callback,
        talking: desk.is_talking(),
        talking_status_changed: desk.talking_status_changed(),
        wrap_up_start: wrap_up.map(|wrap_up| wrap_up.start),
        wrap_up_end: wrap_up.map(|wrap_up| wrap_up.end),
        active_queue_id: desk.active_queue().cloned(),
        parked_calls: desk.parked_calls(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::allocation::tests::{at, desk, ready, saying, talking};
    use crate::domain::availability::State;

    fn shown(presence: &Presence, now: i64) -> String {
        serde_json::to_string(&status(presence, DefaultAvailability::Offline, at(now))).expect("plain data")
    }

    #[test]
    fn a_status_has_the_fields_that_clients_know() {
        insta::assert_snapshot!(shown(&ready(), 0), @r#"{"CanBeAllocatedTo":true,"FetchMode":false,"Schedule":true,"Available":true,"ServiceTerminals":1,"Serving":true,"ServingCallback":true,"Talking":false,"TalkingStatusChanged":null,"WrapUpStart":null,"WrapUpEnd":null,"ActiveQueueId":null,"ParkedCalls":0}"#);
    }

    #[test]
    fn a_status_shows_what_stands_against_a_call() {
        let busy = talking(&desk(saying(&ready(), State::Dnd), |settings| {
            settings.allocation_mode = AllocationMode::Fetch;
            settings.serving = false;
            settings.service_terminals = Some(0);
        }));
        insta::assert_snapshot!(shown(&busy, -5), @r#"{"CanBeAllocatedTo":false,"FetchMode":true,"Schedule":true,"Available":false,"ServiceTerminals":0,"Serving":false,"ServingCallback":true,"Talking":true,"TalkingStatusChanged":"1969-12-31T23:59:20Z","WrapUpStart":null,"WrapUpEnd":null,"ActiveQueueId":"support","ParkedCalls":0}"#);
        let off_work = status(&saying(&ready(), State::OffWork), DefaultAvailability::Offline, at(0));
        assert!(!off_work.schedule && off_work.available);
    }
}
