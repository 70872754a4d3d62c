//! Random evenings on a real line, beside a model of it that fits on two pages: agents call, press, hang
//! up and repeat themselves, supervisors step in, the clock runs, jumps and is set back, timers fire late or
//! not at all, and the process restarts. After every step the two must agree, and the log must hold.

mod duty;
mod laws;
mod phone;
mod steps;
mod talk;

use chrono::TimeDelta;
use dutyline::app::presence::{Order, Whom};
use dutyline::domain::event::Envelope;
use dutyline::domain::presence::{Command, Reason, Source, WhenOnline};
use dutyline::domain::time::{Hours, Instant};
use proptest::collection::vec;
use proptest::sample::Index;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;

use crate::harness::database::{Database, is_postgres};
use crate::harness::line::Line;
use crate::harness::postgres;
use duty::{Duty, MAX_HOURS, Wish};
use phone::{Phone, Sent};
use steps::{Step, rule, step};
use talk::{Said, Talk};

const AGENTS: [(&str, &str); 2] = [("ada", "+15062345678"), ("bob", "+15062345679")];

#[test]
fn whatever_happens_the_line_does_what_the_model_does() {
    on_evenings(48, async |rule, steps| {
        live_through(Database::new(), rule, steps).await;
    });
}

#[test]
fn both_engines_write_the_same_log() {
    if is_postgres() || postgres::unless_missing().is_none() {
        return;
    }
    on_evenings(12, async |rule, steps| {
        let here = live_through(Database::new(), rule, steps.clone()).await;
        let there = live_through(Database::on_postgres(), rule, steps).await;
        assert!(here.len() > 1, "something happens");
        assert_eq!(here, there);
    });
}

/// The same evenings in every run.
fn on_evenings(cases: u32, live: impl AsyncFn(WhenOnline, Vec<Step>)) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let outcome = TestRunner::new_with_rng(config, random).run(&(rule(), vec(step(), 1..80)), |evening| {
        let (rule, steps) = evening;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(live(rule, steps));
        Ok(())
    });
    if let Err(found) = outcome {
        panic!("{found}");
    }
}

/// Lives through an evening; its log, without the names that are drawn anew each time.
async fn live_through(database: Database, rule: WhenOnline, steps: Vec<Step>) -> Vec<Value> {
    let mut evening = Evening::begin(database, rule).await;
    for step in steps {
        match step {
            Step::Dial { phone, who } => evening.dial(phone, who).await,
            Step::Answer { phone, keys } => evening.answer(phone, keys).await,
            Step::Repeat { phone, which, keys } => evening.repeat(phone, which, keys).await,
            Step::HangUp { phone } => evening.hang_up(phone).await,
            Step::Pass(time) => evening.line.clock.advance(time),
            Step::PassTheEnd { who, by } => evening.pass_the_end(who, by),
            Step::CallAtTheEnd { phone, who, by } => {
                evening.pass_the_end(who, TimeDelta::seconds(-5));
                evening.dial(phone, who).await;
                evening.pass_the_end(who, by);
            }
            Step::Fire => evening.fire().await,
            Step::Restart => evening.line = evening.line.restart().await,
            Step::Order { who, wish } => evening.order(who, wish).await,
        }
        evening.check().await;
    }
    evening.line.events().await.iter().map(nameless).collect()
}

fn nameless(event: &Envelope) -> Value {
    let mut event = serde_json::to_value(event).expect("plain data");
    for name in ["/id", "/subject", "/cause/call", "/data/cause/call", "/data/after/id"] {
        if let Some(text) = event.pointer_mut(name) {
            let kind = text.as_str().and_then(|text| text.split([':', '_']).next()).map(str::to_owned);
            *text = kind.into();
        }
    }
    // A call's beginning is written in the writer's time.
    if event["type"] == "call.started" {
        event["at"] = Value::Null;
    }
    event
}

/// The line, and what should be true of it.
struct Evening {
    line: Line,
    duties: [Duty; 2],
    phones: [Option<(Phone, Talk)>; 2],
}

impl Evening {
    async fn begin(database: Database, rule: WhenOnline) -> Self {
        let rule_name = serde_json::to_string(&rule).expect("plain data");
        let flow = format!(
            "[flow]\nname = \"duty\"\nkind = \"customer\"\nstart = \"duty\"\n\
             [node.duty.timed_presence]\npresets = {:?}\nmax_hours = {}\nwhen_online = {rule_name}\n\
             next = \"bye\"\n[node.bye.exit]\n",
            talk::PRESETS,
            talk::MOST_TYPED,
        );
        let line = Line::with_flow_on(database, &flow).await;
        let (login, number) = AGENTS[1];
        line.agent(login, login, number).await;
        Self { line, duties: [Duty::by(rule), Duty::by(rule)], phones: [None, None] }
    }

    fn now(&self) -> Instant {
        self.line.clock.now()
    }

    async fn dial(&mut self, phone: usize, who: usize) {
        let is_busy = self.phones[phone].as_ref().is_some_and(|(_, talk)| talk.is_live(self.now()));
        if is_busy {
            return;
        }
        self.hang_up(phone).await;
        let (mut real, now) = (Phone::new(AGENTS[who].1), self.now());
        let (talk, expected) = Talk::dial(who, &self.duties[who], now);
        let heard = real.dial(&self.line).await;
        heard.check(&expected, self.duties[who].until);
        self.phones[phone] = Some((real, talk));
    }

    async fn answer(&mut self, phone: usize, keys: Option<&str>) {
        let now = self.now();
        let Some((real, talk)) = &mut self.phones[phone] else { return };
        let Some(heard) = real.answer(&self.line, keys).await else { return };
        let is_taken = talk.is_live(now);
        let expected = talk.answer(keys, &mut self.duties[talk.who], now);
        // I15: what is said is what is so.
        heard.check(&expected, self.duties[talk.who].until);
        if !is_taken {
            real.forget_last();
        }
    }

    /// I12, I13, D14: the same words to the byte, and nothing happens.
    async fn repeat(&mut self, phone: usize, which: Index, keys: Option<&str>) {
        let (now, before) = (self.now(), self.line.events().await.len());
        let Some((real, talk)) = &self.phones[phone] else { return };
        let Some(Sent { is_arrival, answer, again }) = real.repeat(&self.line, which, keys).await else {
            return;
        };
        if talk.is_stale(now) && !is_arrival {
            // I14.
            phone::Heard::of(&again).check(&[Said::Goodbye], None);
        } else {
            assert_eq!(again, answer, "the same words");
        }
        assert_eq!(self.line.events().await.len(), before, "no second effect");
    }

    /// I16: nothing that was not pressed happens.
    async fn hang_up(&mut self, phone: usize) {
        if let Some((real, talk)) = &mut self.phones[phone] {
            real.hang_up(&self.line).await;
            talk.hang_up();
        }
    }

    fn pass_the_end(&mut self, who: usize, by: TimeDelta) {
        if let Some(until) = self.duties[who].until {
            self.line.clock.advance(until + by - self.now());
        }
    }

    /// I3: once, however often timers fire.
    async fn fire(&mut self) {
        let now = self.now();
        let mut over = 0;
        for (who, duty) in self.duties.iter_mut().enumerate() {
            let menus = self.phones.iter().flatten().filter(|(_, talk)| talk.who == who);
            let menus: Vec<Instant> = menus.filter_map(|(_, talk)| talk.menu()).collect();
            over += usize::from(duty.over(menus.clone(), now).is_some());
            duty.pass(menus, now);
        }
        for expected in [over, 0] {
            assert_eq!(self.line.app.fire_due().await.expect("the timers run").count, expected);
        }
    }

    async fn order(&mut self, who: usize, wish: Wish) {
        let rule = self.duties[who].rule;
        let hours = |hours: i64| Hours::try_from(u16::try_from(hours).expect("hours")).expect("hours");
        let command = match wish {
            Wish::Online(count) => {
                Command::GoOnline { hours: hours(count), when_online: rule, cap: hours(MAX_HOURS) }
            }
            Wish::Offline => Command::GoOffline,
            Wish::Hold => Command::Hold("training".to_owned()),
            Wish::Release => Command::Release,
        };
        let whom = Whom::Named(vec![AGENTS[who].0.parse().expect("a login")]);
        let order =
            Order { whom, command, source: Source::Admin, reason: Reason::Other("training".to_owned()) };
        let outcome = self.line.app.set_presence(&self.line.tenant, order).await;
        let now = self.now();
        assert_eq!(outcome.is_ok(), self.duties[who].wish(wish, None, now).is_ok(), "{outcome:?}");
    }

    async fn check(&self) {
        let (events, now) = (self.line.events().await, self.now());
        for (who, duty) in self.duties.iter().enumerate() {
            let login = AGENTS[who].0;
            let agent = self.line.find(login).await;
            let log = laws::log_of(login, &events);
            assert_eq!(laws::fold(&log), agent.presence, "I2: the log tells the presence");
            assert_eq!(laws::changes(&log), duty.log, "the log is the model's");
            let generation = usize::try_from(agent.presence.generation).expect("small");
            assert_eq!((generation, agent.presence.deadline()), (duty.generation(), duty.until));
            let shown =
                self.line.app.presence(&self.line.tenant, &agent.login).await.expect("they are there");
            let open = (shown.until, agent.presence.window(now));
            let expected = duty.online_until(now);
            assert_eq!(open, (expected, expected), "I5: over is offline, timer or not");
        }
    }
}
