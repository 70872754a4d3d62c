//! `dutyline top`: the board, live in the terminal.

use std::fmt::Write as _;
use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::Duration;

use chrono::TimeDelta;
use clap::ValueEnum;
use tokio::time::sleep;

use crate::app::App;
use crate::app::availability::BoardLine;
use crate::cli::desk::Desk;
use crate::cli::output::line;
use crate::domain::ids::Skill;
use crate::domain::presence::Duty;
use crate::domain::presence_code::PresenceCode;
use crate::domain::skills::Skills;
use crate::domain::tenant::Tenant;
use crate::domain::time::Instant;

/// Watch who is on duty, live: state, time in it, time left, skills, reason
///
/// Ends with Ctrl-C. Where the output is no terminal it is written once.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What comes first
    #[arg(long, value_enum, default_value = "user")]
    sort: Sort,

    /// Only users in this state: `online`, `offline`, `away`, `dnd`, `busy`, `on_a_call` or `logout`
    #[arg(long, value_name = "STATE")]
    state: Option<PresenceCode>,

    /// Only users who have this skill
    #[arg(long)]
    skill: Option<Skill>,

    /// Only users whose login or name has this in it
    #[arg(long, value_name = "TEXT")]
    find: Option<String>,

    /// Write the board once
    #[arg(long)]
    once: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Sort {
    /// By login
    User,
    /// Who has been in their state longest
    Longest,
    /// Whose time on duty ends next
    Left,
}

const EVERY: Duration = Duration::from_secs(1);

/// Clears the screen and goes to its first place (ECMA-48).
const CLEAR: &str = "\x1b[2J\x1b[H";

pub(super) async fn run(desk: &Desk, args: Args) -> anyhow::Result<ExitCode> {
    let app = desk.app().await?;
    let tenant = desk.tenant(&app).await?;
    if args.once || !io::stdout().is_terminal() {
        line(args.board(&app, &tenant).await?)?;
        return Ok(ExitCode::SUCCESS);
    }
    loop {
        line(CLEAR.to_owned() + &args.board(&app, &tenant).await?)?;
        tokio::select! {
            () = sleep(EVERY) => {}
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                return Ok(ExitCode::SUCCESS);
            }
        }
    }
}

impl Args {
    async fn board(&self, app: &App, tenant: &Tenant) -> anyhow::Result<String> {
        let (board, now) = app.board(tenant).await?;
        Ok(self.drawn(board, now))
    }

    fn drawn(&self, mut board: Vec<BoardLine>, now: Instant) -> String {
        let on_duty = board.iter().filter(|one| one.duty == Duty::Online).count();
        let mut text = format!("{on_duty} of {} on duty\n\n", board.len());
        board.retain(|one| self.shows(one));
        match self.sort {
            Sort::User => board.sort_by(|one, other| one.user.cmp(&other.user)),
            Sort::Longest => board.sort_by_key(|one| (one.since.is_none(), one.since)),
            Sort::Left => board.sort_by_key(|one| (one.until.is_none(), one.until)),
        }
        row(&mut text, ["USER", "NAME", "STATE", "FOR", "LEFT", "SKILLS", "REASON"]);
        for one in &board {
            let reason = one.hold.as_ref().map_or_else(|| one.reason.clone(), |hold| format!("held: {hold}"));
            row(
                &mut text,
                [
                    one.user.as_str(),
                    &one.name,
                    &one.shown(),
                    &span(one.since.map(|since| now - since)),
                    &span(one.until.map(|until| until - now)),
                    &brief(&one.skills),
                    &reason,
                ],
            );
        }
        text
    }

    fn shows(&self, one: &BoardLine) -> bool {
        let has = |text: &str| one.user.as_str().contains(text) || one.name.contains(text);
        self.state.is_none_or(|state| one.code == state)
            && one.skills.fit(self.skill.as_ref())
            && self.find.as_deref().is_none_or(has)
    }
}

/// Eighty columns, whatever is in them.
const WIDTHS: [usize; 7] = [12, 14, 12, 7, 7, SKILLS, 12];
const SKILLS: usize = 16;

fn row(text: &mut String, cells: [&str; 7]) {
    let mut drawn = String::new();
    for (cell, width) in cells.iter().zip(WIDTHS) {
        let shown: String = cell.chars().filter(|c| !c.is_control()).take(width - 1).collect();
        write!(drawn, "{shown:<width$}").expect("memory takes it");
    }
    text.push_str(drawn.trim_end());
    text.push('\n');
}

/// As many skills as there is room for, and how many there are more: `billing +2`.
fn brief(skills: &Skills) -> String {
    let names: Vec<&str> = skills.names().collect();
    let told = |shown: usize| match names.len() - shown {
        0 => names.join(" "),
        more => format!("{} +{more}", names[..shown].join(" ")),
    };
    let fitting = (1..=names.len()).rev().map(told).find(|told| told.len() < SKILLS);
    fitting.unwrap_or_else(|| names.first().copied().unwrap_or("-").to_owned())
}

/// `3:05` hours, or `12 d`.
fn span(length: Option<TimeDelta>) -> String {
    match length {
        None => "-".to_owned(),
        Some(length) if length.num_hours() >= 100 => format!("{} d", length.num_days()),
        Some(length) => format!("{}:{:02}", length.num_hours(), length.num_minutes().rem_euclid(60)),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    fn skills(text: &str) -> Skills {
        text.parse().expect("skills")
    }

    fn at(minute: i64) -> Instant {
        Instant::from_timestamp(minute * 60, 0).expect("in range")
    }

    fn one(user: &str, code: PresenceCode, since: i64, until: Option<i64>) -> BoardLine {
        BoardLine {
            user: user.parse().expect("a login"),
            name: format!("{} Agent", user.to_uppercase()),
            skills: Skills::default(),
            duty: if until.is_some() { Duty::Online } else { Duty::Offline },
            code,
            label: None,
            since: Some(at(since)),
            until: until.map(at),
            reason: "logged_in".to_owned(),
            hold: None,
        }
    }

    /// As the arguments after `top` ask for it.
    fn drawn(asked: &str) -> String {
        #[derive(clap::Parser)]
        struct Top {
            #[command(flatten)]
            args: Args,
        }
        let Top { args } = Top::parse_from(format!("top {asked}").split_whitespace());
        let mut held = one("cyd", PresenceCode::Offline, -20_000, None);
        held.hold = Some("training, a whole week of it and more".to_owned());
        held.name = "A name that is longer\nthan its place".to_owned();
        let mut lunch = one("bob", PresenceCode::Away, 95, Some(300));
        lunch.label = Some("Lunch".parse().expect("a label"));
        lunch.skills = skills("billing french");
        args.drawn(vec![held, lunch, one("ada", PresenceCode::Online, 0, Some(480))], at(100))
    }

    #[test]
    fn the_board_is_eighty_columns_wide() {
        let board = drawn("");
        insta::assert_snapshot!(board, @r"
        2 of 3 on duty

        USER        NAME          STATE       FOR    LEFT   SKILLS          REASON
        ada         ADA Agent     Online      1:40   6:20   -               logged_in
        bob         BOB Agent     Lunch       0:05   3:20   billing french  logged_in
        cyd         A name that i Offline     13 d   -      -               held: train
        ");
        assert!(board.lines().all(|line| line.chars().count() <= 80));
    }

    #[test]
    fn the_board_is_sorted_and_filtered() {
        let users = |board: String| -> Vec<String> {
            board.lines().skip(3).map(|line| line.split(' ').next().unwrap_or_default().to_owned()).collect()
        };
        for (asked, found) in [
            ("", &["ada", "bob", "cyd"][..]),
            ("--sort longest", &["cyd", "ada", "bob"]),
            ("--sort left", &["bob", "ada", "cyd"]),
            ("--state away", &["bob"]),
            ("--find ADA", &["ada"]),
            ("--find nobody", &[]),
            ("--skill french", &["bob"]),
            ("--skill spanish", &[]),
        ] {
            assert_eq!(users(drawn(asked)), found, "{asked}");
        }
    }

    #[test]
    fn skills_that_have_no_room_are_counted() {
        for (has, told) in [
            ("", "-"),
            ("billing french", "billing french"),
            ("billing french gas", "billing +2"),
            ("a b c d e f g h", "a b c d e f g h"),
            ("a-skill-that-is-too-long b", "a-skill-that-is-too-long"),
        ] {
            assert_eq!(brief(&skills(has)), told);
        }
    }
}
