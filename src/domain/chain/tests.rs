use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

const TENANT: &str = "ten_00000000000000000000000000000001";

/// An entry as it lies in the log, with its hash.
#[derive(Debug, Clone)]
struct Row {
    tenant: String,
    seq: i64,
    id: String,
    at: i64,
    kind: String,
    subject: String,
    data: String,
    cause: String,
    hash: Option<String>,
}

impl Row {
    fn content(&self) -> Content<'_> {
        let Self { tenant, seq, id, at, kind, subject, data, cause, hash: _ } = self;
        Content { tenant, seq: *seq, id, at: *at, kind, subject, data, cause }
    }
}

fn row() -> impl Strategy<Value = Row> {
    let text = || "[a-c\\PC]{0,4}";
    (text(), any::<i64>(), text(), text(), text(), text()).prop_map(|(id, at, kind, subject, data, cause)| {
        Row { tenant: TENANT.to_owned(), seq: 0, id, at, kind, subject, data, cause, hash: None }
    })
}

/// A log behind an entry, of which so many first ones have no hash, and its end.
fn written(begin: &End, rows: Vec<Row>, without_hash: usize) -> (Vec<Row>, End) {
    let mut end = begin.clone();
    let write = |(place, row): (usize, Row)| {
        end.seq += 1;
        let mut row = Row { seq: end.seq, ..row };
        if place >= without_hash {
            end.hash = link(&end.hash, &row.content());
            row.hash = Some(end.hash.to_string());
        }
        row
    };
    let rows = rows.into_iter().enumerate().map(write).collect();
    (rows, end)
}

fn verified(begin: &End, rows: &[Row], end: &End) -> Result<Verified, Fault> {
    let mut walk = Walk::between(begin.clone(), end.clone());
    for row in rows {
        walk.step(&row.content(), row.hash.as_deref())?;
    }
    walk.arrive()
}

fn begin() -> End {
    End { seq: 40, hash: Digest("ab".repeat(32)) }
}

fn at_fault(seq: i64, fault: Kind) -> Fault {
    Fault { seq, fault, without_hash_since: None }
}

/// Each field that an entry has.
fn changed(row: &Row, field: usize) -> Row {
    let mut row = row.clone();
    match field {
        0 => row.tenant.push('1'),
        1 => row.id.push('1'),
        2 => row.at = row.at.wrapping_add(1),
        3 => row.kind.push('1'),
        4 => row.subject.push('1'),
        5 => row.data.push('1'),
        6 => row.cause.push('1'),
        _ => row.hash = Some(row.hash.expect("it has one") + "1"),
    }
    row
}

proptest! {
    #[test]
    fn what_was_written_is_whole(rows in prop::collection::vec(row(), 0..12), without_hash in 0_usize..12) {
        let (rows, end) = written(&begin(), rows, without_hash);
        let without_hash = without_hash.min(rows.len()) as u64;
        let from = rows.first().map(|row| row.seq);
        let hashed_from = rows.iter().find(|row| row.hash.is_some()).map(|row| row.seq);
        let whole = Verified {
            entries: rows.len() as u64, from, to: end.seq, hashed_from, without_hash, hash: end.hash.clone()
        };
        prop_assert_eq!(verified(&begin(), &rows, &end), Ok(whole));
    }

    #[test]
    fn an_entry_that_was_changed_is_named(
        rows in prop::collection::vec(row(), 1..12), at in any::<Index>(), field in 0_usize..8
    ) {
        let (mut rows, end) = written(&begin(), rows, 0);
        let at = at.index(rows.len());
        rows[at] = changed(&rows[at], field);
        let named = at_fault(rows[at].seq, Kind::Changed);
        prop_assert_eq!(verified(&begin(), &rows, &end), Err(named));
    }

    #[test]
    fn an_entry_that_is_gone_is_named(rows in prop::collection::vec(row(), 1..12), at in any::<Index>()) {
        let (mut rows, end) = written(&begin(), rows, 0);
        let gone = rows.remove(at.index(rows.len()));
        prop_assert_eq!(verified(&begin(), &rows, &end), Err(at_fault(gone.seq, Kind::Missing)));
    }

    #[test]
    fn a_walk_with_rests_comes_to_the_same(
        rows in prop::collection::vec(row(), 1..12), without_hash in 0_usize..12, at in any::<Index>()
    ) {
        let (rows, end) = written(&begin(), rows, without_hash);
        let whole = verified(&begin(), &rows, &end);
        let (first, second) = rows.split_at(at.index(rows.len()));
        let mut walk = Walk::between(begin(), end.clone());
        for row in first {
            walk.step(&row.content(), row.hash.as_deref()).expect("it holds");
        }
        let rest: End = walk.at().to_string().parse().expect("an end");
        let told = walk.rest();
        let mut walk = Walk::onward(rest, end);
        for row in second {
            walk.step(&row.content(), row.hash.as_deref()).expect("it holds");
        }
        let arrived = walk.arrive().expect("it holds");
        let whole = whole.expect("it holds");
        prop_assert_eq!(told.entries + arrived.entries, whole.entries);
        prop_assert_eq!(told.hashed_from.or(arrived.hashed_from), whole.hashed_from);
        prop_assert_eq!(arrived.hash, whole.hash);
    }

    #[test]
    fn closing_the_gap_helps_nobody(rows in prop::collection::vec(row(), 2..12), at in any::<Index>()) {
        let (mut rows, end) = written(&begin(), rows, 0);
        let at = at.index(rows.len() - 1);
        let gone = rows.remove(at);
        rows[at..].iter_mut().for_each(|row| row.seq -= 1);
        let end = End { seq: end.seq - 1, ..end };
        prop_assert_eq!(verified(&begin(), &rows, &end), Err(at_fault(gone.seq, Kind::Changed)));
    }

    #[test]
    fn an_entry_that_was_put_in_is_named(
        rows in prop::collection::vec(row(), 1..12), strange in row(), at in any::<Index>()
    ) {
        let (mut rows, end) = written(&begin(), rows, 0);
        let at = at.index(rows.len() + 1);
        let hash = Some(link(&begin().hash, &strange.content()).to_string());
        let seq = rows.get(at).map_or(end.seq + 1, |row| row.seq);
        let strange = Row { seq, hash, ..strange };
        rows.insert(at, strange.clone());
        rows[at + 1..].iter_mut().for_each(|row| row.seq += 1);
        let end = End { seq: end.seq + 1, ..end };
        prop_assert_eq!(verified(&begin(), &rows, &end), Err(at_fault(strange.seq, Kind::Changed)));
    }

    #[test]
    fn entries_that_were_exchanged_are_named(
        rows in prop::collection::vec(row(), 2..12), one in any::<Index>(), other in any::<Index>()
    ) {
        let (mut rows, end) = written(&begin(), rows, 0);
        let (one, other) = (one.index(rows.len()), other.index(rows.len()));
        prop_assume!(one != other);
        let first = rows[one.min(other)].seq;
        let (its, others) = (rows[one].seq, rows[other].seq);
        rows.swap(one, other);
        (rows[one].seq, rows[other].seq) = (its, others);
        prop_assert_eq!(verified(&begin(), &rows, &end), Err(at_fault(first, Kind::Changed)));
    }

    #[test]
    fn a_hash_that_was_taken_away_is_found(
        rows in prop::collection::vec(row(), 1..12), at in any::<Index>(), field in 0_usize..7
    ) {
        let (mut rows, end) = written(&begin(), rows, 0);
        let at = at.index(rows.len());
        rows[at] = Row { hash: None, ..changed(&rows[at], field) };
        let (seq, since) = (rows[at].seq, Some(rows[at].seq));
        let named = match rows.get(at + 1) {
            Some(next) => Fault { seq: next.seq, fault: Kind::Changed, without_hash_since: since },
            None => Fault { seq, fault: Kind::Severed, without_hash_since: since },
        };
        prop_assert_eq!(verified(&begin(), &rows, &end), Err(named));
    }
}

#[test]
fn what_lies_outside_of_the_ends_is_named() {
    let row = Row { at: 7, ..empty() };
    let (rows, end) = written(&begin(), vec![row; 3], 0);
    let before = Row { seq: 40, ..rows[0].clone() };
    let with_one_before: Vec<Row> = [before].into_iter().chain(rows.clone()).collect();
    assert_eq!(verified(&begin(), &with_one_before, &end), Err(at_fault(40, Kind::Inserted)));
    let shorter = End { seq: 42, hash: Digest::kept(rows[1].hash.clone()) };
    assert_eq!(verified(&begin(), &rows, &shorter), Err(at_fault(43, Kind::Inserted)));
    let twice = [rows[0].clone(), rows[0].clone()];
    assert_eq!(verified(&begin(), &twice, &end), Err(at_fault(41, Kind::Inserted)));
    let cut_off = End { seq: 42, ..end };
    assert_eq!(verified(&begin(), &rows[..2], &cut_off), Err(at_fault(42, Kind::Severed)));
    assert_eq!(verified(&begin(), &rows[1..], &shorter), Err(at_fault(41, Kind::Missing)));
}

#[test]
fn a_dutyline_from_before_writes_without_a_hash_and_forgets_without_a_word() {
    let (mut rows, _) = written(&End::default(), vec![empty(); 3], 3);
    let (later, end) = written(&End { seq: 3, ..End::default() }, vec![empty(); 2], 0);
    rows.extend(later);
    let (between, _) = written(&End { seq: 5, ..End::default() }, vec![empty(); 2], 2);
    rows.extend(between);
    let (last, end) = written(&End { seq: 7, ..end }, vec![empty()], 0);
    rows.extend(last);
    let hash = end.hash.clone();
    let whole = Verified { entries: 8, from: Some(1), to: 8, hashed_from: Some(4), without_hash: 5, hash };
    assert_eq!(verified(&End::default(), &rows, &end), Ok(whole.clone()));
    let rest = Verified { entries: 6, from: Some(3), without_hash: 3, ..whole };
    assert_eq!(verified(&End::default(), &rows[2..], &end), Ok(rest));
    assert_eq!(verified(&End::default(), &rows[3..], &end), Err(at_fault(1, Kind::Missing)));
}

fn empty() -> Row {
    let none = String::new;
    Row {
        tenant: none(),
        seq: 0,
        id: none(),
        at: 0,
        kind: none(),
        subject: none(),
        data: none(),
        cause: none(),
        hash: None,
    }
}

#[test]
fn the_form_never_changes() {
    let first = Content {
        tenant: TENANT,
        seq: 1,
        id: "evt_00000000000000000000000000000001",
        at: 1_700_000_000_250,
        kind: "pin.alarm",
        subject: "user:ada",
        data: r#"{"dialled":"+15065550100","failures":20}"#,
        cause: r#"{"actor":"caller"}"#,
    };
    let one = link(&Digest::default(), &first);
    let other = link(&one, &Content { seq: 2, data: "{}", ..first });
    // Python's `hashlib` comes to the same.
    insta::assert_snapshot!(one, @"7f1225a95e174f7a3b8ce92512978b1b142695efc673c2056a83a7fc73f8c8d2");
    insta::assert_snapshot!(other, @"d22c94e450257af0f43d8a76d9a6e76cd0aef2e2a512843d24351818aa32ba3f");
}
