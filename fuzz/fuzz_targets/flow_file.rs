//! Any text is a flow, or is refused with issues that lie in it and can be shown.
#![no_main]

use annotate_snippets::Renderer;
use dutyline::flow::check::check;
use dutyline::flow::issue::{is_usable, report};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|source: &str| {
    let (flow, issues) = check(source);
    assert_eq!(flow.is_some(), is_usable(&issues), "{issues:?}");
    for issue in &issues {
        assert!(source.get(issue.span.clone()).is_some(), "{issue:?}");
    }
    report("flow.toml", source, &issues, &Renderer::plain());
});
