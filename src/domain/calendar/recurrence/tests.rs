use super::*;

fn when(text: &str) -> When {
    When::read(text, None).expect("a time")
}

fn date(text: &str) -> Date {
    text.parse().expect("a date")
}

/// The occurrences from 2026-11-20 to 2028-11-20, the first few of them, and whether there are no more.
fn starts(rule: &str, start: &str) -> (Vec<String>, bool) {
    let recurrence = Recurrence::read(rule).expect("a rule");
    let span = (date("2026-11-20"), date("2028-11-20"));
    let zone = "America/Toronto".parse().expect("a zone");
    let Starts { days, is_all } = recurrence.starts(&when(start), &zone, span);
    (days.iter().take(4).map(ToString::to_string).collect(), is_all)
}

#[test]
fn occurrences_are_counted_as_the_standard_does() {
    for (rule, start, days, is_all) in [
        ("FREQ=YEARLY", "19701225", &["2026-12-25", "2027-12-25"][..], false),
        ("FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO", "20200525", &["2027-05-31", "2028-05-29"], false),
        ("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "20201126", &["2026-11-26", "2027-11-25"], false),
        ("FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1", "20200101", &["2027-01-01", "2028-01-01"], false),
        // A day that most years have not.
        ("FREQ=YEARLY", "20240229", &["2028-02-29"], false),
        ("FREQ=YEARLY;INTERVAL=2", "20251225", &["2027-12-25"], false),
        ("FREQ=YEARLY;COUNT=3", "20241225", &["2026-12-25"], true),
        ("FREQ=DAILY;COUNT=3", "20261119", &["2026-11-20", "2026-11-21"], true),
        (
            "FREQ=DAILY;COUNT=4000000000",
            "20261119",
            &["2026-11-20", "2026-11-21", "2026-11-22", "2026-11-23"],
            false,
        ),
        (
            "FREQ=DAILY;INTERVAL=3;UNTIL=20261130",
            "20261119",
            &["2026-11-22", "2026-11-25", "2026-11-28"],
            true,
        ),
        (
            "FREQ=DAILY;BYDAY=SA,SU;UNTIL=20261129",
            "20261101",
            &["2026-11-21", "2026-11-22", "2026-11-28", "2026-11-29"],
            true,
        ),
        ("FREQ=WEEKLY;COUNT=2", "20261118T080000", &["2026-11-25"], true),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;COUNT=4",
            "20261116T080000",
            &["2026-11-30", "2026-12-03"],
            true,
        ),
        // The example of the standard: which day begins the week decides.
        (
            "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO",
            "20261124T080000",
            &["2026-11-24", "2026-11-29", "2026-12-08", "2026-12-13"],
            true,
        ),
        (
            "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU",
            "20261124T080000",
            &["2026-11-24", "2026-12-06", "2026-12-08", "2026-12-20"],
            true,
        ),
        // 03:59:59 in UTC is the evening before, and after that day's start; 12:59 is before the start at 08:00.
        ("FREQ=WEEKLY;UNTIL=20261203T035959Z", "20261125T080000", &["2026-11-25", "2026-12-02"], true),
        ("FREQ=WEEKLY;UNTIL=20261202T125900Z", "20261125T080000", &["2026-11-25"], true),
        ("FREQ=DAILY;UNTIL=20200101", "20261125", &[], true),
        (
            "FREQ=WEEKLY;UNTIL=40001231",
            "20261125",
            &["2026-11-25", "2026-12-02", "2026-12-09", "2026-12-16"],
            false,
        ),
        ("FREQ=YEARLY;INTERVAL=4000000000", "20201225", &[], false),
    ] {
        let days = days.iter().map(|day| (*day).to_owned()).collect();
        assert_eq!(starts(rule, start), (days, is_all), "{rule} from {start}");
    }
}

#[test]
fn what_goes_on_every_week_is_told_from_what_ends() {
    let days = |rule: &str| {
        let weekly = Recurrence::read(rule).expect("a rule").weekly(date("2026-11-18"));
        weekly.map(|days| days.into_iter().map(spelled).collect::<Vec<_>>().join(","))
    };
    for (rule, weekdays) in [
        ("FREQ=WEEKLY", Some("WE")),
        ("FREQ=WEEKLY;BYDAY=MO,FR;WKST=SU", Some("MO,FR")),
        ("freq=weekly;byday=we,mo,we;interval=1", Some("MO,WE")),
        ("FREQ=DAILY", Some("MO,TU,WE,TH,FR,SA,SU")),
        ("FREQ=DAILY;BYDAY=SA", Some("SA")),
        ("FREQ=WEEKLY;COUNT=2", None),
        ("FREQ=WEEKLY;UNTIL=20270101", None),
        ("FREQ=WEEKLY;INTERVAL=2", None),
        ("FREQ=YEARLY", None),
    ] {
        assert_eq!(days(rule).as_deref(), weekdays, "{rule}");
    }
}

#[test]
fn a_rule_that_hours_of_work_cannot_follow_is_refused() {
    for rule in [
        "",
        "FREQ",
        "FREQ=MONTHLY;BYMONTHDAY=1",
        "FREQ=HOURLY",
        "FREQ=WEEKLY;BYSETPOS=1",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=WEEKLY;BYDAY=",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;BYDAY=é",
        "FREQ=WEEKLY;BYMONTH=1",
        "FREQ=WEEKLY;INTERVAL=0",
        "FREQ=WEEKLY;COUNT=-1",
        "FREQ=WEEKLY;COUNT=99999999999999999999",
        "FREQ=WEEKLY;UNTIL=tomorrow",
        "FREQ=YEARLY;BYDAY=MO",
        "FREQ=YEARLY;BYMONTH=1;BYDAY=20MO",
        "FREQ=YEARLY;BYMONTH=1;BYDAY=0MO",
        "FREQ=YEARLY;BYMONTH=1;BYDAY=-2147483648MO",
        "FREQ=YEARLY;BYMONTH=1;BYDAY=1MO,2MO",
        "FREQ=YEARLY;BYMONTH=1,2",
        "FREQ=YEARLY;BYMONTHDAY=-1",
        "FREQ=YEARLY;BYWEEKNO=20",
    ] {
        assert!(Recurrence::read(rule).is_err(), "{rule}");
    }
}
