//! Checks that run in node: hls-parser, and Chromium through playwright-core.

use serde_json::Value;
use std::process::Command;

/// Runs `tests/browser/SCRIPT ARGS` and returns the JSON on its last line.
#[track_caller]
pub fn node(script: &str, args: &[&str]) -> Value {
    let tests = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");
    let installed = std::path::Path::new(tests).join("node_modules").exists();
    assert!(installed, "tests/node_modules is missing: run tests/run");
    let output = Command::new("node").arg(format!("{tests}/browser/{script}")).args(args).output();
    let output = output.unwrap_or_else(|e| panic!("node does not start ({e}); tests/run installs it"));
    let text = String::from_utf8_lossy(&output.stdout);
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script} {args:?}:\n{text}\n{log}");
    let last = text.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|e| panic!("{script}: {e}\n{text}\n{log}"))
}
