//! The keys of the phone: pressed by a person line by line, or written down beforehand.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::str::FromStr;
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::time;

/// What a person does at a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Press {
    /// `0`-`9`, `*` or `#`.
    Key(char),
    /// Waits until the line gives up waiting.
    Silence,
    HangUp,
}

/// What is pressed at one prompt, in order.
type Presses = VecDeque<Press>;

/// What is pressed at each prompt of a call: `9,08#,-,2!` presses 9 at the first and 08# at the second,
/// says nothing at the third, and at the fourth presses 2 and hangs up without hearing what comes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script(VecDeque<Presses>);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadScript {
    #[error(
        "`{0}` is no key; press 0-9, * and #, a comma for the next prompt, `-` for silence, `!` to hang up"
    )]
    NoKey(char),
    #[error("nothing can be pressed after `!` has hung up")]
    AfterHangUp,
}

impl FromStr for Script {
    type Err = BadScript;
    fn from_str(text: &str) -> Result<Self, BadScript> {
        if text.trim_end().trim_end_matches('!').contains('!') {
            return Err(BadScript::AfterHangUp);
        }
        text.split(',')
            .map(|prompt| prompt.trim().chars().map(press).collect())
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

fn press(key: char) -> Result<Press, BadScript> {
    match key {
        '0'..='9' | '*' | '#' => Ok(Press::Key(key)),
        '-' => Ok(Press::Silence),
        '!' => Ok(Press::HangUp),
        _ => Err(BadScript::NoKey(key)),
    }
}

/// When a key is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A prompt begins; what was left over from the one before is heard by nobody.
    Prompt,
    /// A key was pressed, and more may follow.
    Gap,
}

/// How long the silences of a written call last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// As long as they would on a phone.
    Real,
    /// No time at all.
    Hurried,
}

/// Where presses come from.
#[derive(Debug)]
pub struct Keypad {
    /// What is left to press at this prompt.
    now: Presses,
    later: VecDeque<Presses>,
    source: Source,
}

#[derive(Debug)]
enum Source {
    /// After the last prompt that was written down, there is silence.
    Script(Pace),
    /// Lines as they are typed, each a script of its own. Their end hangs up.
    Person(UnboundedReceiver<String>),
}

impl Keypad {
    pub fn script(script: Script, pace: Pace) -> Self {
        Self { now: Presses::new(), later: script.0, source: Source::Script(pace) }
    }

    pub fn lines(lines: UnboundedReceiver<String>) -> Self {
        Self { now: Presses::new(), later: VecDeque::new(), source: Source::Person(lines) }
    }

    /// The next press, or silence after `patience`.
    pub async fn press(&mut self, moment: Moment, patience: Duration) -> Press {
        match moment {
            Moment::Prompt => self.now = self.later.pop_front().unwrap_or_default(),
            Moment::Gap => {}
        }
        let press = match self.now.pop_front() {
            None => self.typed(patience).await,
            Some(press) => press,
        };
        if press == Press::Silence {
            self.wait(patience).await;
        }
        press
    }

    /// Whether the person, having answered this prompt, hangs up on what comes of it.
    pub fn is_hung_up(&self) -> bool {
        self.now.contains(&Press::HangUp)
    }

    /// Lets time pass in a written call of real time. A person who waits has done so already.
    async fn wait(&self, time: Duration) {
        match self.source {
            Source::Script(Pace::Real) => time::sleep(time).await,
            Source::Script(Pace::Hurried) | Source::Person(_) => {}
        }
    }

    async fn typed(&mut self, patience: Duration) -> Press {
        let Source::Person(lines) = &mut self.source else { return Press::Silence };
        if !self.later.is_empty() {
            return Press::Silence;
        }
        loop {
            let Ok(line) = time::timeout(patience, lines.recv()).await else { return Press::Silence };
            let Some(line) = line else { return Press::HangUp };
            match line.parse::<Script>() {
                Ok(script) => self.later = script.0,
                // Nothing depends on whether stderr is read.
                Err(error) => drop(writeln!(io::stderr(), "hint: {error}")),
            }
            self.now = self.later.pop_front().unwrap_or_default();
            if let Some(press) = self.now.pop_front() {
                return press;
            }
        }
    }
}

/// The lines of stdin as they come. They are read on a thread of their own: a read cannot be cancelled, and
/// tokio's would hold up the end of the program until Enter is pressed.
pub fn stdin_lines() -> UnboundedReceiver<String> {
    let (sender, receiver) = mpsc::unbounded_channel();
    thread::spawn(move || {
        let lines = io::stdin().lines().map_while(Result::ok);
        lines.map(|line| sender.send(line)).take_while(Result::is_ok).for_each(drop);
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::Press::{HangUp, Key, Silence};
    use super::*;

    const LONG: Duration = Duration::from_mins(10);

    #[test]
    fn a_comma_waits_for_the_next_prompt() {
        for (text, prompts) in [
            ("", vec![vec![]]),
            ("2", vec![vec![Key('2')]]),
            ("9,08#", vec![vec![Key('9')], vec![Key('0'), Key('8'), Key('#')]]),
            ("-, *, ,2!\n", vec![vec![Silence], vec![Key('*')], vec![], vec![Key('2'), HangUp]]),
        ] {
            let expected = prompts.into_iter().map(VecDeque::from).collect();
            assert_eq!(text.parse(), Ok(Script(expected)), "{text:?}");
        }
        assert_eq!("9a".parse::<Script>(), Err(BadScript::NoKey('a')));
        assert_eq!("!,2".parse::<Script>(), Err(BadScript::AfterHangUp));
        assert_eq!("!2".parse::<Script>(), Err(BadScript::AfterHangUp));
    }

    async fn presses(mut keypad: Keypad, moments: &[Moment]) -> Vec<Press> {
        let mut presses = Vec::new();
        for moment in moments {
            presses.push(keypad.press(*moment, LONG).await);
        }
        presses
    }

    #[tokio::test]
    async fn a_written_call_is_silent_where_nothing_is_written() {
        use Moment::{Gap, Prompt};
        for (script, moments, expected) in [
            ("9,08#", vec![Prompt, Prompt, Gap, Gap], vec![Key('9'), Key('0'), Key('8'), Key('#')]),
            ("8,9", vec![Prompt, Gap, Prompt], vec![Key('8'), Silence, Key('9')]),
            ("12,3", vec![Prompt, Prompt], vec![Key('1'), Key('3')]),
            ("", vec![Prompt, Prompt], vec![Silence, Silence]),
            ("-,!", vec![Prompt, Prompt], vec![Silence, HangUp]),
        ] {
            let keypad = Keypad::script(script.parse().expect("a script"), Pace::Hurried);
            assert_eq!(presses(keypad, &moments).await, expected, "{script}");
        }
    }

    #[tokio::test]
    async fn a_line_may_run_ahead_or_come_in_pieces() {
        use Moment::{Gap, Prompt};
        for (lines, moments, expected) in [
            (vec!["9,08#"], vec![Prompt, Prompt, Gap, Gap], vec![Key('9'), Key('0'), Key('8'), Key('#')]),
            (vec!["0", "8"], vec![Prompt, Gap], vec![Key('0'), Key('8')]),
            (vec!["", "x", "2"], vec![Prompt], vec![Key('2')]),
            (vec!["8,9"], vec![Prompt, Gap, Prompt], vec![Key('8'), Silence, Key('9')]),
            (vec!["-"], vec![Prompt, Prompt], vec![Silence, HangUp]),
        ] {
            let (sender, receiver) = mpsc::unbounded_channel();
            for line in &lines {
                sender.send((*line).to_owned()).expect("it is being read");
            }
            drop(sender);
            assert_eq!(presses(Keypad::lines(receiver), &moments).await, expected, "{lines:?}");
        }
    }

    #[tokio::test]
    async fn who_hangs_up_after_a_key_hears_nothing_of_it() {
        let mut keypad = Keypad::script("2!".parse().expect("a script"), Pace::Hurried);
        assert_eq!(keypad.press(Moment::Prompt, LONG).await, Key('2'));
        assert!(keypad.is_hung_up());
    }

    #[tokio::test]
    async fn a_person_who_types_nothing_is_silent() {
        let (_sender, receiver) = mpsc::unbounded_channel();
        assert_eq!(Keypad::lines(receiver).press(Moment::Prompt, Duration::ZERO).await, Silence);
    }
}
