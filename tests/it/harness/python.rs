//! Second opinions: libraries of another language, asked by a script. `tests/run` installs them and names the interpreter
//! in `DUTYLINE_TEST_PYTHON`.

use std::env;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// The interpreter; says that a test is skipped if none is named.
pub fn interpreter(package: &str) -> Option<String> {
    let python = env::var("DUTYLINE_TEST_PYTHON").ok();
    if python.is_none() {
        // Past the test runner, which would swallow it.
        let note =
            format!("skipped: DUTYLINE_TEST_PYTHON names no interpreter that has the `{package}` package");
        writeln!(io::stderr(), "{note}").expect("stderr is open");
    }
    python
}

/// What a script of the tests says of what it is given.
pub fn opinion(python: &str, script: &str, given: &Value) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it").join(script);
    let mut child = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("DUTYLINE_TEST_PYTHON names an interpreter");
    let mut stdin = child.stdin.take().expect("stdin is a pipe");
    stdin.write_all(given.to_string().as_bytes()).expect("the script reads its input first");
    drop(stdin);
    let output = child.wait_with_output().expect("the script ends");
    assert!(output.status.success(), "the script failed, see above");
    String::from_utf8(output.stdout).expect("Python writes UTF-8")
}
