//! `dutyline prompt`.

use insta::assert_snapshot;

use super::Shell;

#[test]
fn prompts_are_added_listed_and_removed() {
    let shell = Shell::new();
    assert_snapshot!(shell.run(&["prompt", "add", "hello", "--language", "en", "--say", "Hello."]), @r"
    [0]
    stderr: prompt `hello` (en) is set; servers speak it from the next call on
    ");
    assert_snapshot!(shell.run(&["prompt", "add", "greeting", "--language", "en", "--list", "hello,welcome"]), @r"
    [0]
    stderr: prompt `greeting` (en) is set; servers speak it from the next call on
    ");
    assert_snapshot!(shell.run(&["prompt", "list"]), @r"
    [0]
    NAME      LANGUAGE  KIND  CONTENT
    greeting  en        list  hello, welcome
    hello     en        say   Hello.
    ");
    assert_snapshot!(shell.run(&["prompt", "show", "hello", "--json"]), @r#"
    [0]
    [
      {
        "name": "hello",
        "language": "en",
        "say": "Hello."
      }
    ]
    "#);
    assert_snapshot!(shell.run(&["prompt", "remove", "hello"]), @r"
    [1]
    stderr: error: prompt_in_use: `hello` is used by list `greeting` (en); change that first
    ");
    assert_snapshot!(shell.run(&["prompt", "remove", "greeting"]), @r"
    [0]
    stderr: removed prompt `greeting` (en)
    ");
    assert_snapshot!(shell.run(&["prompt", "remove", "hello", "--language", "fr"]), @r"
    [1]
    stderr: error: no prompt of this tenant `hello`; `dutyline prompt list` shows those there are, `dutyline prompt render` speaks the line's own
    ");
}

#[test]
fn a_prompt_is_one_thing_that_can_be_spoken() {
    let shell = Shell::new();
    shell.write("noise.wav", "This is not a song.");
    let add = |content: &[&str]| shell.run(&[&["prompt", "add", "x", "--language", "en"], content].concat());
    assert_snapshot!(add(&["--play", "noise.wav"]), @r"
    [1]
    stderr: error: prompt `x`: the file is neither WAV nor MP3, whatever its name says: convert it to one of them
    ");
    assert_snapshot!(add(&["--play", "none.wav"]), @r"
    [1]
    stderr: error: cannot read `none.wav`: No such file or directory (os error 2)
    ");
    for (content, complaint) in [
        (&["--say", "Until {util}."][..], "unknown placeholder `{util}`"),
        (&["--say", "a", "--list", "b"], "cannot be used with"),
        (&["--say", "a", "--presets", "8"], "cannot be used with"),
        (&["--play", "noise.wav", "--presets", "800"], "from 1 to 168"),
        (&[], "required"),
    ] {
        let refused = add(content);
        assert!(refused.starts_with("[2]") && refused.contains(complaint), "{refused}");
    }
    assert_eq!(shell.run(&["prompt", "list", "--json"]), "[0]\n[]");
}

#[test]
fn the_lint_exits_with_1_on_issues() {
    let shell = Shell::new();
    assert_snapshot!(shell.run(&["prompt", "lint"]), @r"
    [0]
    stderr: nothing falls back, and nothing sounds wrong
    ");
    assert_snapshot!(shell.run(&["prompt", "lint", "--json"]), @r"
    [0]
    []
    stderr: nothing falls back, and nothing sounds wrong
    ");
    shell.run(&["prompt", "add", "greeting", "--language", "en", "--list", "hello"]);
    assert_snapshot!(shell.run(&["prompt", "lint"]), @r"
    [1]
    prompt `greeting` (en) lists `hello`, which there is not: add it, or take it out
    ");
    assert_snapshot!(shell.run(&["prompt", "lint", "--json"]), @r#"
    [1]
    [
      "prompt `greeting` (en) lists `hello`, which there is not: add it, or take it out"
    ]
    "#);
}

#[test]
fn what_is_heard_can_be_read() {
    let shell = Shell::new();
    let render =
        |rest: &[&str]| shell.run(&[&["prompt", "render"], rest, &["--at", "2026-03-03T10:01"]].concat());
    assert_snapshot!(render(&["online", "--language", "fr", "--zone", "Europe/Paris"]), @r"
    [0]
    online
      says (fr-FR): Vous êtes maintenant en ligne et disponible pour les appels jusqu'à mardi à 18:01, heure locale à Paris.
    ");
    assert_snapshot!(render(&["preset_hours", "--presets", "8"]), @r"
    [0]
    preset_hours
      says (en-US): To go online for 8 hours, press 1. To enter a custom number of hours, press 9. To go offline, press 0.
    ");
    assert_snapshot!(render(&["nothing"]), @r"
    [0]
    nothing
      falls back from `nothing` (en): no such prompt
    ");
    assert_eq!(render(&[]).matches("says (en-US)").count(), 18, "every line but the three parts of others");
}
