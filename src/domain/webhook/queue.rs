//! In which order an endpoint's events are sent: those about one subject one after the other, and those about
//! different ones side by side.

use std::collections::BTreeMap;

use crate::domain::time::Instant;

/// An event that was not delivered at once, and waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub seq: u64,
    pub subject: String,
    /// So many have failed.
    pub attempts: u32,
    /// When the next is; none while an earlier event about the subject waits.
    pub due_at: Option<Instant>,
}

/// Events about one subject, to be sent in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    pub subject: String,
    pub jobs: Vec<Job>,
}

/// An event to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job {
    pub seq: u64,
    /// So many have failed.
    pub attempts: u32,
    /// It has waited, and is kept as such.
    pub is_kept: bool,
}

/// What is to be sent now, and what of the new has to wait behind what has not been delivered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    pub queues: Vec<Queue>,
    /// New events that wait behind earlier ones.
    pub behind: Vec<u64>,
    /// Events that would be due, and wait behind earlier ones: they were dead, and are to be sent again.
    pub held: Vec<u64>,
}

/// Orders what waits, and what is new, `(seq, subject)`; both in the order of the log.
pub fn plan<'s>(waiting: &'s [Waiting], new: impl IntoIterator<Item = (u64, &'s str)>, now: Instant) -> Plan {
    let (mut lines, mut plan) = (BTreeMap::<&str, Line>::new(), Plan::default());
    for Waiting { seq, subject, attempts, due_at } in waiting {
        let line = lines.entry(subject).or_default();
        let is_due = due_at.is_none_or(|due_at| due_at <= now);
        match (line.is_held, is_due) {
            (false, true) => line.jobs.push(Job { seq: *seq, attempts: *attempts, is_kept: true }),
            (true, true) if due_at.is_some() => plan.held.push(*seq),
            (true, true) => {}
            (_, false) => line.is_held = true,
        }
    }
    for (seq, subject) in new {
        let line = lines.entry(subject).or_default();
        if line.is_held {
            plan.behind.push(seq);
        } else {
            line.jobs.push(Job { seq, attempts: 0, is_kept: false });
        }
    }
    let queues = lines.into_iter().filter(|(_, line)| !line.jobs.is_empty());
    plan.queues =
        queues.map(|(subject, Line { jobs, .. })| Queue { subject: subject.to_owned(), jobs }).collect();
    // Who has waited longest comes first.
    plan.queues.sort_by_key(|queue| queue.jobs[0].seq);
    plan
}

/// What there is about one subject.
#[derive(Default)]
struct Line {
    jobs: Vec<Job>,
    /// An event waits whose time has not come, and with it all behind it.
    is_held: bool,
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;

    fn noon() -> Instant {
        "2026-11-20T12:00:00Z".parse().expect("an instant")
    }

    fn waits(seq: u64, subject: &str, due_in: Option<i64>) -> Waiting {
        let due_at = due_in.map(|seconds| noon() + TimeDelta::seconds(seconds));
        Waiting { seq, subject: subject.to_owned(), attempts: 1, due_at }
    }

    /// A plan in short: queues, what is behind, what is held.
    fn planned(waiting: &[Waiting], new: &[(u64, &str)]) -> String {
        let plan = plan(waiting, new.iter().copied(), noon());
        let seqs = |seqs: Vec<u64>| seqs.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
        let queue = |queue: &Queue| {
            format!("{}:{}", queue.subject, seqs(queue.jobs.iter().map(|job| job.seq).collect()))
        };
        let queues: Vec<String> = plan.queues.iter().map(queue).collect();
        format!("{} | {} | {}", queues.join(" "), seqs(plan.behind), seqs(plan.held))
    }

    #[test]
    fn a_later_event_about_a_subject_waits_for_the_earlier_one() {
        for (waiting, new, wanted) in [
            (&[][..], &[(1, "a"), (2, "b"), (3, "a")][..], "a:1,3 b:2 |  | "),
            (&[waits(1, "a", Some(9))], &[(2, "a"), (3, "b")], "b:3 | 2 | "),
            (&[waits(1, "a", Some(0))], &[(2, "a"), (3, "b")], "a:1,2 b:3 |  | "),
            (&[waits(1, "a", Some(0)), waits(2, "a", None)], &[(3, "a")], "a:1,2,3 |  | "),
            (&[waits(1, "a", Some(9)), waits(2, "a", None)], &[(3, "a")], " | 3 | "),
            // One was dead and is sent again, and before it gets to the next, that has to be due.
            (
                &[waits(1, "a", Some(0)), waits(2, "a", Some(9)), waits(3, "a", None)],
                &[(4, "a")],
                "a:1 | 4 | ",
            ),
            (&[waits(1, "a", Some(9)), waits(2, "a", None), waits(3, "a", Some(0))], &[], " |  | 3"),
            (&[waits(1, "b", Some(0)), waits(2, "a", Some(0))], &[], "b:1 a:2 |  | "),
        ] {
            assert_eq!(planned(waiting, new), wanted, "{waiting:?} {new:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_overtakes_and_nothing_is_left_out(
            log in prop::collection::vec((0..4_u8, prop::option::of(-5..5_i64)), 0..20),
            kept in 0..20_usize,
        ) {
            let events: Vec<(u64, String, Option<i64>)> = (1..)
                .zip(log)
                .map(|(seq, (subject, due_in))| (seq, subject.to_string(), due_in))
                .collect();
            let kept = kept.min(events.len());
            let waiting: Vec<Waiting> =
                events[..kept].iter().map(|(seq, subject, due_in)| waits(*seq, subject, *due_in)).collect();
            let new = events[kept..].iter().map(|(seq, subject, _)| (*seq, subject.as_str()));
            let plan = plan(&waiting, new, noon());
            let sent: BTreeMap<u64, &str> = plan.queues.iter()
                .flat_map(|queue| queue.jobs.iter().map(|job| (job.seq, queue.subject.as_str())))
                .collect();
            for queue in &plan.queues {
                prop_assert!(queue.jobs.is_sorted_by_key(|job| job.seq));
            }
            for (seq, subject, _) in &events {
                let is_kept = *seq <= kept as u64;
                if let Some(about) = sent.get(seq) {
                    prop_assert_eq!(about, subject);
                    let earlier = events.iter().filter(|(other, about, _)| other < seq && about == subject);
                    for (other, ..) in earlier {
                        prop_assert!(sent.contains_key(other), "{} before {}", seq, other);
                    }
                } else {
                    prop_assert!(is_kept || plan.behind.contains(seq), "{} is lost", seq);
                }
            }
        }
    }
}
