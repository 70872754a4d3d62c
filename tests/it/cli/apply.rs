//! `dutyline export` and `dutyline apply`.

use insta::assert_snapshot;

use super::Shell;

const ADA: &str = "[user.ada]\nname = \"Ada\"\n\n[[user.ada.extension]]\nnumber = \"+15062345678\"\n";

#[test]
fn a_setup_goes_out_is_edited_and_comes_in() {
    let shell = Shell::new();
    assert_snapshot!(shell.run(&["export", "ours"]), @r"
    [0]
    stderr: wrote 3 files to `ours`
    ");
    assert_snapshot!(shell.run(&["apply", "ours"]), @r"
    [0]
    stderr: nothing to do: the setup is what the folder says
    ");
    shell.write("ours/users.toml", ADA);
    assert_snapshot!(shell.run(&["apply", "ours", "--plan"]), @r#"
    [0]
    add user `ada`
      + name = "Ada"
      +
      + [[extension]]
      + number = "+15062345678"
      + description = "Ada"
    stderr: 1 change to do; nothing was changed
    "#);
    assert!(shell.run(&["apply", "ours"]).ends_with("stderr: 1 change done"));
    assert_snapshot!(shell.run(&["apply", "ours"]), @r"
    [0]
    stderr: nothing to do: the setup is what the folder says
    ");
}

#[test]
fn nothing_is_removed_without_consent() {
    let shell = Shell::new();
    shell.run(&["export", "ours"]);
    shell.write("ours/users.toml", ADA);
    shell.run(&["apply", "ours"]);
    shell.write("ours/users.toml", "");
    assert_snapshot!(shell.run(&["apply", "ours"]), @r#"
    [1]
    deactivate user `ada`
      - name = "Ada"
      -
      - [[extension]]
      - number = "+15062345678"
      - description = "Ada"
    stderr: error: the plan removes what is there now, and nobody can be asked; run it with `--yes` to agree
    "#);
    assert!(shell.run(&["apply", "ours", "--yes"]).ends_with("stderr: 1 change done"));
    assert!(shell.run(&["apply", "ours"]).ends_with("nothing to do: the setup is what the folder says"));
}

#[test]
fn a_folder_with_faults_is_refused_with_their_places() {
    let shell = Shell::new();
    shell.run(&["export", "ours"]);
    shell.write("ours/users.toml", &ADA.replace("+15", "15"));
    assert_snapshot!(shell.run(&["apply", "ours"]), @r#"
    [1]
    stderr: error: the folder has errors
    stderr:
    stderr: error: `15062345678`: Phone number should be in E.164 format, like `+15062345678`.
    stderr:  --> users.toml:5:10
    stderr:   |
    stderr: 5 | number = "15062345678"
    stderr:   |          ^^^^^^^^^^^^^
    "#);
    assert_snapshot!(shell.run(&["apply", "theirs"]), @r"
    [1]
    stderr: error: cannot read `theirs`: No such file or directory (os error 2)
    ");
}

#[test]
fn an_export_tells_of_files_that_are_stale() {
    let shell = Shell::new();
    shell.write("ours/prompts/fr.toml", "language = 'fr'");
    shell.write("ours/README.md", "# Ours");
    assert_snapshot!(shell.run(&["export", "ours"]), @r"
    [0]
    stderr: hint: `prompts/fr.toml` is no part of the setup any more; remove it, or `apply` brings it back
    stderr: wrote 3 files to `ours`
    ");
}
