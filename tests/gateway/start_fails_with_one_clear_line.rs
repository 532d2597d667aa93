//! What an operator sees when the server cannot start.

use crate::harness::*;
use std::{net::TcpListener, path::Path};

/// The one line on standard error; log lines that report progress before it are not errors.
#[track_caller]
fn refusal(output: &std::process::Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!text.contains("panicked") && !text.contains("stack backtrace"), "{text}");
    text.lines().last().expect("a line that says why").to_owned()
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let dir = TempDir::new();
    let mut command = Gateway::serve_command(&dir.join("data"));
    command.args(["--http", &address]);
    let line = refusal(&Gateway::refuses_to_start(command));
    assert!(line.contains(&address) && line.contains("in use"), "{line}");
}

#[test]
fn an_unknown_key_and_broken_syntax_in_the_configuration_are_named() {
    for (config, named) in [("[live]\nopen_publsih = true\n", "open_publsih"), ("[live\n", "synctv.toml")] {
        let dir = TempDir::new();
        let file = dir.join("synctv.toml");
        std::fs::write(&file, config).unwrap();
        let mut command = Gateway::serve_command(&dir.join("data"));
        command.args(["--http", "127.0.0.1:0", "--config"]).arg(&file);
        let output = Gateway::refuses_to_start(command);
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains(named), "{named:?} in: {text}");
    }
}

#[test]
fn authorities_that_are_none_are_named() {
    let dir = TempDir::new();
    let (file, pem) = (dir.join("synctv.toml"), dir.join("ca.pem"));
    std::fs::write(&file, format!("[proxy]\nca_file = \"{}\"\n", pem.display())).unwrap();
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for text in [None, Some(""), Some("no certificate"), Some(broken)] {
        if let Some(text) = text {
            std::fs::write(&pem, text).unwrap();
        }
        let mut command = Gateway::serve_command(&dir.join("data"));
        command.args(["--http", "127.0.0.1:0", "--config"]).arg(&file);
        let line = refusal(&Gateway::refuses_to_start(command));
        assert!(line.contains("proxy.ca_file") && line.contains("ca.pem"), "{line}");
    }
}

#[test]
fn a_read_only_data_dir_is_named() {
    // Even root may not make a directory here.
    let data = Path::new("/sys/kernel/synctv");
    let mut command = Gateway::serve_command(data);
    command.args(["--http", "127.0.0.1:0"]);
    let line = refusal(&Gateway::refuses_to_start(command));
    assert!(line.contains("/sys/kernel/synctv"), "{line}");
}

#[test]
fn a_data_dir_that_is_a_file_is_named() {
    let dir = TempDir::new();
    let file = dir.join("data");
    std::fs::write(&file, "not a directory").unwrap();
    let mut command = Gateway::serve_command(&file);
    command.args(["--http", "127.0.0.1:0"]);
    let line = refusal(&Gateway::refuses_to_start(command));
    assert!(line.contains(&file.display().to_string()), "{line}");
}

#[test]
fn a_second_server_on_the_same_data_dir_is_refused() {
    let first = Gateway::start();
    let mut command = Gateway::serve_command(&first.data_dir());
    command.args(["--http", "127.0.0.1:0"]);
    refusal(&Gateway::refuses_to_start(command));
    first.assert_healthy();
}
