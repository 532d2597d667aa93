//! Completion scripts are scripts of their shell.

use crate::harness::*;
use std::process::Command;

#[test]
fn bash_zsh_and_fish_accept_their_script() {
    let dir = TempDir::new();
    for shell in ["bash", "zsh", "fish"] {
        let output = run(&["completions", shell]);
        assert!(output.status.success(), "{shell}");
        let script = dir.join(shell);
        std::fs::write(&script, &output.stdout).unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        for word in ["synctv", "serve", "rotate", "open-publish"] {
            assert!(text.contains(word), "{shell} knows no {word}");
        }
        // Every shell has -n: read, do not run.
        let judged = Command::new(shell).arg("-n").arg(&script).output();
        let judged = judged.unwrap_or_else(|e| panic!("{shell} does not start ({e}); tests/run installs it"));
        let said = String::from_utf8_lossy(&judged.stderr);
        assert!(judged.status.success() && said.is_empty(), "{shell}: {said}");
    }
    assert_eq!(run(&["completions", "tcsh"]).status.code(), Some(2));
}
