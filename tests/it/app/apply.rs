//! A setup out as files and in again.

use dutyline::app::apply::folder::{Files, read};
use dutyline::app::apply::plan::Step;
use dutyline::app::prompts::NewContent;

use super::{Bench, beep, flow};

const USERS: &str = "users.toml";
const MAPPINGS: &str = "mappings.toml";

impl Bench {
    async fn export(&self) -> Files {
        let tenant = self.app.tenant(&self.tenant.slug).await.expect("a tenant");
        self.app.export(tenant).await.expect("files")
    }

    async fn plan(&self, files: &Files) -> Vec<Step> {
        let tenant = self.app.tenant(&self.tenant.slug).await.expect("a tenant");
        self.app.plan(tenant, read(files).expect("a setup")).await.expect("a plan")
    }

    /// Applies the files; what was done, in words.
    async fn apply(&self, files: &Files) -> Result<Vec<String>, String> {
        let steps = self.plan(files).await;
        let done = steps.iter().map(Step::title).collect();
        let wanted = read(files).expect("a setup");
        let applied = self.app.apply(&self.tenant.slug, wanted, steps).await;
        applied.map(|()| done).map_err(|error| error.to_string())
    }
}

fn with(files: &Files, path: &str, text: &str) -> Files {
    let mut files = files.clone();
    files.insert(path.to_owned(), text.as_bytes().to_vec());
    files
}

fn users(numbers: &[(&str, &str)]) -> String {
    let user = |(login, number): &(&str, &str)| {
        format!("[user.{login}]\nname = '{login}'\n[[user.{login}.extension]]\nnumber = '{number}'\n")
    };
    numbers.iter().map(user).collect()
}

fn line(value: &str, flow: &str) -> String {
    format!("[mapping.Line]\nkind = 'contact-point'\nvalue = '{value}'\nflow = '{flow}'\n")
}

#[tokio::test]
async fn an_empty_database_becomes_what_was_exported_to_the_byte() {
    let first = Bench::new().await;
    first.say("hello", "Hello, \"{name}\".").await.expect("set");
    first.set("chime", NewContent::Play { bytes: beep(), presets: Vec::new() }).await.expect("set");
    first.list("greeting", &["chime", "hello"]).await.expect("set");
    first.publish(&flow("inner", &["greeting"], &[])).await.expect("published");
    first.publish(&flow("a-line", &[], &["inner"])).await.expect("published");
    let people = "[user.ada]\nname = 'Ada'\nzone = 'America/Toronto'\nlanguage = 'fr'\nagent_code = '42'\n\
        skills = ['billing', 'french']\n\
        [[user.ada.extension]]\nnumber = '+15062345678'\next = '12'\n[user.bob]\nname = 'Bob'\n";
    let files = with(&first.export().await, USERS, people);
    let files = with(&files, MAPPINGS, &line("+15065550100", "a-line"));
    first.apply(&files).await.expect("applied");
    let exported = first.export().await;
    assert_eq!(exported.len(), 7, "{:?}", exported.keys());

    let second = Bench::new().await;
    second.apply(&exported).await.expect("applied");
    assert_eq!(second.export().await, exported);
    assert_eq!(second.plan(&exported).await, [], "applied once is applied");
}

#[tokio::test]
async fn whom_the_folder_lacks_is_deactivated_and_comes_back_with_it() {
    let bench = Bench::new().await;
    let none = bench.export().await;
    let both = with(&none, USERS, &users(&[("ada", "+15062345678"), ("bob", "+15062345679")]));
    let one = with(&none, USERS, &users(&[("bob", "+15062345679")]));
    bench.apply(&both).await.expect("applied");
    assert_eq!(bench.apply(&one).await.expect("applied"), ["deactivate user `ada`"]);
    let ada = bench.app.user(&bench.tenant, &"ada".parse().expect("a login")).await.expect("kept");
    assert_eq!((ada.active, ada.extensions.len()), (false, 1));
    assert_eq!(bench.apply(&both).await.expect("applied"), ["add user `ada`"]);
    let back = bench.app.user(&bench.tenant, &ada.login).await.expect("kept");
    assert_eq!((back.active, back.id, back.extensions), (true, ada.id, ada.extensions));
    let told =
        ["user.added user:ada", "user.added user:bob", "user.deactivated user:ada", "user.changed user:ada"];
    assert_eq!(bench.events().await, told);
}

#[tokio::test]
async fn users_may_swap_their_numbers_in_one_go() {
    let bench = Bench::new().await;
    let none = bench.export().await;
    let (one, other) = ("+15062345678", "+15062345679");
    bench.apply(&with(&none, USERS, &users(&[("ada", one), ("bob", other)]))).await.expect("applied");
    let swapped = with(&none, USERS, &users(&[("ada", other), ("bob", one)]));
    assert_eq!(bench.apply(&swapped).await.expect("applied"), ["change user `ada`", "change user `bob`"]);
    assert_eq!(bench.plan(&swapped).await, []);
    let shared = with(&none, USERS, &users(&[("ada", one), ("bob", one)]));
    let refused = bench.apply(&shared).await.expect_err("one number, two users");
    assert!(refused.starts_with("number_in_use: +15062345678"), "{refused}");
    assert_eq!(bench.plan(&swapped).await, [], "a refused plan changes nothing");
}

#[tokio::test]
async fn a_plan_is_carried_out_whole_or_not_at_all() {
    let bench = Bench::new().await;
    let before = bench.export().await;
    let files = with(&before, "prompts/en.toml", "language = 'en'\n[prompt.hello]\nsay = 'Hello.'\n");
    let files = with(&files, USERS, &users(&[("ada", "+15062345678")]));
    let files = with(&files, MAPPINGS, &line("+15065550100", "nowhere"));
    let refused = bench.apply(&files).await.expect_err("no such flow");
    assert!(refused.starts_with("flow `nowhere` has no published version"), "{refused}");
    assert_eq!(bench.export().await, before);
    assert_eq!(bench.events().await, Vec::<String>::new());
}

#[tokio::test]
async fn what_goes_may_be_named_by_what_goes_with_it_and_by_nothing_else() {
    let bench = Bench::new().await;
    bench.say("hello", "Hello.").await.expect("set");
    bench.publish(&flow("f", &["hello"], &[])).await.expect("published");
    let full = with(&bench.export().await, MAPPINGS, &line("+15065550100", "f"));
    bench.apply(&full).await.expect("applied");
    let mut mute = full.clone();
    mute.remove("prompts/en.toml");
    let refused = bench.apply(&mute).await.expect_err("the flow names it");
    assert!(refused.starts_with("prompt_in_use: `hello` is used by flow `f`, node `n0`"), "{refused}");
    let gone = with(&mute, MAPPINGS, "");
    let done = ["remove prompt `hello` (en)", "remove mapping `Line`"];
    assert_eq!(bench.apply(&gone).await.expect("applied"), done);
}

#[tokio::test]
async fn a_plan_that_nobody_agreed_to_is_not_carried_out() {
    let bench = Bench::new().await;
    let files = with(&bench.export().await, USERS, &users(&[("ada", "+15062345678")]));
    let agreed = bench.plan(&files).await;
    bench.say("hello", "Hello.").await.expect("set meanwhile");
    let wanted = read(&files).expect("a setup");
    let refused =
        bench.app.apply(&bench.tenant.slug, wanted, agreed).await.expect_err("it would remove `hello`");
    assert_eq!(
        refused.to_string(),
        "the setup has changed since the plan was made; run `dutyline apply` again"
    );
    assert_eq!(bench.app.prompts(&bench.tenant.id).await.expect("prompts").len(), 1);
}
