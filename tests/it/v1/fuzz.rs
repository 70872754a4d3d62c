//! The API in the eyes of schemathesis, which reads its document and asks thousands of questions that the document
//! allows, and such as it does not. `tests/run` installs it and names the interpreter in `DUTYLINE_TEST_PYTHON`.

use std::process::Command;

use crate::harness::process::Deployment;
use crate::harness::python::interpreter;
use crate::harness::shift::furnished;

/// Questions to each operation that are drawn, beside those that follow from its schema.
const DRAWN: &str = "20";

impl Deployment {
    /// With somebody and something for each name that is asked for.
    fn peopled(self) -> Self {
        self.run(&["user", "add", "ada", "--name", "Ada Agent", "--pstn", "+15062340000"]);
        self
    }
}

#[test]
fn no_question_brings_an_answer_that_the_document_does_not_foresee() {
    let Some(python) = interpreter("schemathesis") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let deployment = furnished(folder.path()).peopled();
    let _server = deployment.serve();
    let token = deployment.run(&["token", "issue", "schemathesis", "--role", "owner"]);
    let asked = Command::new(python)
        .args(["-m", "schemathesis.cli"])
        .args(["--config-file", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/v1/schemathesis.toml")])
        .args(["run", &format!("{}/v1/openapi.json", deployment.url())])
        .args(["--header", &format!("Authorization: Bearer {}", token.trim())])
        .args(["--phases", "examples,coverage,fuzzing", "--max-examples", DRAWN, "--workers", "1"])
        .env("NO_PROXY", "*")
        .current_dir(&folder)
        .output()
        .expect("DUTYLINE_TEST_PYTHON names an interpreter");
    let said = String::from_utf8_lossy(&asked.stdout) + String::from_utf8_lossy(&asked.stderr);
    assert!(asked.status.success(), "{said}");
    assert!(said.contains("Test cases:"), "it asked: {said}");
}
