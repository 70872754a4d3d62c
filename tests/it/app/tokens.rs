//! Tokens: who gets one, and when it is believed.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use dutyline::app::App;
use dutyline::app::tokens::{NewToken, TokenStanding, Unauthenticated};
use dutyline::app::users::{NewUser, UserPatch};
use dutyline::domain::access::{Access, Right, Role};
use dutyline::domain::ids::Login;
use dutyline::domain::skills::Skills;
use dutyline::domain::time::Instant;
use dutyline::domain::token::{Token, TokenState, TokenText};

use super::Bench;

fn ada() -> Login {
    "ada".parse().expect("a login")
}

fn new(name: &str, role: Role) -> NewToken {
    let user = (role == Role::Agent).then(ada);
    NewToken { name: name.parse().expect("a name"), role, rights: None, user, expires_at: None }
}

impl Bench {
    /// A bench with the user Ada.
    async fn with_ada() -> Self {
        let bench = Self::new().await;
        let (name, extension) = ("Ada".to_owned(), None);
        let user = NewUser {
            login: ada(),
            name,
            zone: None,
            language: None,
            agent_code: None,
            skills: Skills::default(),
            pin: None,
            extension,
        };
        bench.app.add_user(&bench.tenant, user).await.expect("a new user");
        bench
    }

    fn now(&self) -> Instant {
        self.app.store.clock().now()
    }

    fn pass(&self, time: TimeDelta) {
        self.app.store.clock().advance(time);
    }

    async fn issue(&self, new: NewToken) -> Result<(Token, TokenText), String> {
        self.app.issue_token(&self.tenant, new).await.map_err(|error| error.to_string())
    }

    async fn refusal(&self, new: NewToken) -> String {
        self.issue(new).await.expect_err("it is refused")
    }

    async fn opens(&self, text: &TokenText) -> Result<Access, Unauthenticated> {
        self.app.authenticate(text).await
    }

    async fn only_token(&self) -> TokenStanding {
        let mut tokens = self.app.tokens(&self.tenant).await.expect("a list");
        assert_eq!(tokens.len(), 1, "{tokens:?}");
        tokens.remove(0)
    }
}

#[tokio::test]
async fn a_token_gives_access_to_its_tenant_with_its_rights() {
    let bench = Bench::with_ada().await;
    let rights = Some(BTreeSet::from([Right::PresenceRead]));
    let narrow = NewToken { rights, ..new("wallboard", Role::Supervisor) };
    let (token, text) = bench.issue(narrow).await.expect("issued");
    let access = bench.opens(&text).await.expect("let in");
    assert_eq!((access.tenant.id.clone(), access.role()), (bench.tenant.id.clone(), Role::Supervisor));
    assert!(access.may(Right::PresenceRead) && !access.may(Right::PresenceWrite));
    assert_eq!(access.actor(), format!("token:{}", token.id));
    let (_, own) = bench.issue(new("ada's", Role::Agent)).await.expect("issued");
    let access = bench.opens(&own).await.expect("let in");
    assert!(!access.may(Right::PresenceRead) && access.may_touch(&ada(), Right::PresenceRead));
}

#[tokio::test]
async fn what_is_issued_and_revoked_is_told_without_the_secret() {
    let bench = Bench::new().await;
    let (token, text) = bench.issue(new("ci", Role::Admin)).await.expect("issued");
    bench.app.revoke_token(&bench.tenant, "ci").await.expect("revoked");
    bench.app.revoke_token(&bench.tenant, token.id.as_str()).await.expect("as it was");
    let subject = format!("token:{}", token.id);
    let told = [format!("token.issued {subject}"), format!("token.revoked {subject}")];
    assert_eq!(bench.events().await, told, "the second revocation changes nothing");
    let log = bench.app.events_after(&bench.tenant, 0, 9).await.expect("a log");
    let log = serde_json::to_string(&log).expect("plain data");
    assert!(
        log.contains(text.shown()) && !log.contains(text.expose()) && !log.contains(text.digest().as_str())
    );
}

#[tokio::test]
async fn a_token_ends_at_the_very_moment_that_was_set() {
    let bench = Bench::new().await;
    let expires_at = Some(bench.now() + TimeDelta::hours(1));
    let (_, text) = bench.issue(NewToken { expires_at, ..new("ci", Role::Owner) }).await.expect("issued");
    bench.pass(TimeDelta::hours(1) - TimeDelta::milliseconds(1));
    assert!(bench.opens(&text).await.is_ok());
    bench.pass(TimeDelta::milliseconds(1));
    let refused = bench.opens(&text).await;
    assert!(matches!(refused, Err(Unauthenticated::Expired)), "{refused:?}");
    assert_eq!(bench.only_token().await.state, TokenState::Expired);
}

#[tokio::test]
async fn a_token_that_is_revoked_on_one_node_is_refused_on_all() {
    let bench = Bench::new().await;
    let clock = bench.app.store.clock().clone();
    let other = App::open_existing(&bench.database.url, clock).await.expect("another node");
    let (_, text) = bench.issue(new("ci", Role::Owner)).await.expect("issued");
    assert!(other.authenticate(&text).await.is_ok());
    bench.app.revoke_token(&bench.tenant, "ci").await.expect("revoked");
    for app in [&bench.app, &other] {
        let refused = app.authenticate(&text).await;
        assert!(matches!(refused, Err(Unauthenticated::Revoked)), "{refused:?}");
    }
    assert_eq!(bench.only_token().await.state, TokenState::Revoked);
}

#[tokio::test]
async fn an_agents_token_is_refused_while_they_are_out_of_service() {
    let bench = Bench::with_ada().await;
    let (_, text) = bench.issue(new("ada's", Role::Agent)).await.expect("issued");
    bench.app.deactivate_user(&bench.tenant, &ada()).await.expect("deactivated");
    let refused = bench.opens(&text).await;
    assert!(matches!(refused, Err(Unauthenticated::Suspended)), "{refused:?}");
    assert_eq!(bench.only_token().await.state, TokenState::Suspended);
    let back = UserPatch { active: Some(true), ..UserPatch::default() };
    bench.app.change_user(&bench.tenant, &ada(), back).await.expect("reactivated");
    assert!(bench.opens(&text).await.is_ok());
}

#[tokio::test]
async fn outsiders_are_told_the_same_of_every_token_that_opens_nothing() {
    let bench = Bench::new().await;
    let unknown = bench.opens(&TokenText::from_bits([7; 32])).await;
    assert!(matches!(unknown, Err(Unauthenticated::Unknown)), "{unknown:?}");
    for refused in [
        Unauthenticated::Unknown,
        Unauthenticated::Expired,
        Unauthenticated::Revoked,
        Unauthenticated::Suspended,
    ] {
        assert_eq!(refused.to_string(), "the token is not valid");
    }
}

#[tokio::test]
async fn the_last_use_is_noted_once_a_minute() {
    let bench = Bench::new().await;
    let (_, text) = bench.issue(new("ci", Role::Owner)).await.expect("issued");
    assert_eq!(bench.only_token().await.token.last_used_at, None);
    let begun = bench.now();
    for (seconds, noted) in [(0, 0), (59, 0), (60, 60), (61, 60), (200, 200)] {
        bench.pass(begun + TimeDelta::seconds(seconds) - bench.now());
        bench.opens(&text).await.expect("let in");
        bench.app.store.settle().await.expect("all is written");
        let used = bench.only_token().await.token.last_used_at;
        assert_eq!(used, Some(begun + TimeDelta::seconds(noted)), "after {seconds} s");
    }
}

#[tokio::test]
async fn a_token_that_makes_no_sense_is_not_issued() {
    let bench = Bench::with_ada().await;
    let now = bench.now();
    let plain = || new("ci", Role::Admin);
    let no_rights = NewToken { rights: Some(BTreeSet::new()), ..plain() };
    for (token, why) in [
        (
            NewToken { user: None, ..new("ada's", Role::Agent) },
            "role: `agent`: such a token speaks for one user; name them",
        ),
        (
            NewToken { user: Some("adda".parse().expect("a login")), ..new("ada's", Role::Agent) },
            "no user `adda`; did you mean `ada`?",
        ),
        (
            NewToken { user: Some(ada()), ..plain() },
            "user: `ada`: a token of role `admin` speaks for nobody; leave the user out",
        ),
        (
            NewToken { rights: Some(BTreeSet::from([Right::UsersRead])), ..new("ada's", Role::Agent) },
            "rights: `users.read`: role `agent` has only presence.read, presence.write, calendar.read",
        ),
        (no_rights, "rights: ``: name one at least, or none at all for the role's"),
        (
            NewToken { expires_at: Some(now), ..plain() },
            "expires: `2026-01-05T12:00:00+00:00`: that is over; name a time to come",
        ),
    ] {
        assert_eq!(bench.refusal(token).await, why);
    }
    assert_eq!(bench.app.tokens(&bench.tenant).await.expect("a list"), []);
    bench.app.deactivate_user(&bench.tenant, &ada()).await.expect("deactivated");
    assert!(bench.refusal(new("ada's", Role::Agent)).await.starts_with("user `ada` is inactive; "));
}

#[tokio::test]
async fn a_name_is_given_again_once_its_token_is_revoked() {
    let bench = Bench::new().await;
    let (first, _) = bench.issue(new("ci", Role::Admin)).await.expect("issued");
    let taken = bench.refusal(new("ci", Role::Owner)).await;
    assert_eq!(taken, "token `ci` exists already; choose another name, or revoke that one first");
    let unknown = bench.app.revoke_token(&bench.tenant, "cj").await.expect_err("no such token");
    assert_eq!(unknown.to_string(), "no token `cj`; did you mean `ci`?");
    bench.app.revoke_token(&bench.tenant, "ci").await.expect("revoked");
    let gone = bench.app.revoke_token(&bench.tenant, "ci").await.expect_err("none has the name");
    assert_eq!(gone.to_string(), "no token `ci`; `dutyline token list` shows those there are");
    let (second, text) = bench.issue(new("ci", Role::Admin)).await.expect("issued");
    let revoked = bench.app.revoke_token(&bench.tenant, first.id.as_str()).await.expect("as it was");
    assert_eq!(revoked.id, first.id);
    assert!(bench.opens(&text).await.is_ok(), "the second one is untouched");
    let revoked = bench.app.revoke_token(&bench.tenant, "ci").await.expect("revoked");
    assert_eq!(revoked.id, second.id);
}
