//! A contact centre's view of a user, in the words that its clients know (A2.10).

use serde::Serialize;

use crate::domain::allocation::{self, AllocationMode, Standing};
use crate::domain::availability::Class;
use crate::domain::time::Instant;

/// What [`status`] makes of a user's standing: it is read, and never set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
    pub service_terminals: u32,
    pub serving: bool,
    pub serving_callback: bool,
    pub talking: bool,
    pub talking_status_changed: Option<Instant>,
    /// With the end none when no wrap-up is open.
    pub wrap_up_start: Option<Instant>,
    pub wrap_up_end: Option<Instant>,
    pub active_queue_id: Option<String>,
    pub parked_calls: u32,
}

pub fn status(standing: &Standing, now: Instant) -> UserStatus {
    let class = standing.availability.class();
    let wrap_up = standing.open_wrap_up(now);
    UserStatus {
        can_be_allocated_to: allocation::verdict(standing, now).is_ok(),
        fetch_mode: standing.allocation_mode == AllocationMode::Fetch,
        schedule: class != Class::OffWork,
        available: class != Class::NoServiceCalls,
        service_terminals: standing.service_terminals,
        serving: standing.serving,
        serving_callback: standing.serving_callback,
        talking: standing.talking,
        talking_status_changed: standing.talking_status_changed,
        wrap_up_start: wrap_up.map(|wrap_up| wrap_up.start),
        wrap_up_end: wrap_up.map(|wrap_up| wrap_up.end),
        active_queue_id: standing.active_queue_id.clone(),
        parked_calls: standing.parked_calls,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::allocation::tests::{at, ready};
    use crate::domain::availability::State;

    #[test]
    fn a_status_has_the_fields_that_clients_know() {
        let ready = serde_json::to_string(&status(&ready(), at(0))).expect("plain data");
        insta::assert_snapshot!(ready, @r#"{"CanBeAllocatedTo":true,"FetchMode":false,"Schedule":true,"Available":true,"ServiceTerminals":1,"Serving":true,"ServingCallback":false,"Talking":false,"TalkingStatusChanged":"1969-12-31T23:59:30Z","WrapUpStart":null,"WrapUpEnd":null,"ActiveQueueId":null,"ParkedCalls":0}"#);
    }

    #[test]
    fn a_status_shows_what_stands_against_a_call() {
        let standing = Standing {
            availability: State::Dnd,
            allocation_mode: AllocationMode::Fetch,
            serving: false,
            service_terminals: 0,
            active_queue_id: Some("support".to_owned()),
            parked_calls: 2,
            ..ready()
        };
        let busy = serde_json::to_string(&status(&standing, at(-5))).expect("plain data");
        insta::assert_snapshot!(busy, @r#"{"CanBeAllocatedTo":false,"FetchMode":true,"Schedule":true,"Available":false,"ServiceTerminals":0,"Serving":false,"ServingCallback":false,"Talking":false,"TalkingStatusChanged":"1969-12-31T23:59:30Z","WrapUpStart":"1969-12-31T23:59:30Z","WrapUpEnd":"1970-01-01T00:00:00Z","ActiveQueueId":"support","ParkedCalls":2}"#);
        let off_work = status(&Standing { availability: State::OffWork, ..ready() }, at(0));
        assert!(!off_work.schedule && off_work.available);
    }
}
