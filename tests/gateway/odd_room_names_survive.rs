//! Names in any script, with markup, and with what means something in a URL or a shell.

use crate::harness::*;

const NAMES: [&str; 6] =
    ["<script>alert(1)</script>", "غرفة الأفلام", "סרטים 2", "a/b?c=d#e%20&f", "..", "'; DROP TABLE rooms; --"];

#[test]
fn names_come_back_as_they_were_given() {
    let gateway = Gateway::start();
    for name in NAMES {
        let made = gateway.json(&["room", "create", name]);
        assert_eq!(made["name"], name);
        assert_eq!(gateway.json(&["room", "show", name])["id"], made["id"]);
        gateway.json(&["playlist", "create", name, name]);
        let flags = ["--url", "http://127.0.0.1:9/x", "--name", name, "--playlist", name];
        gateway.json(&[&["media", "add", name], &flags[..]].concat());
        assert_eq!(gateway.json(&["media", "list", name, "--playlist", name])["media"][0]["name"], name);
        gateway.json(&["room", "token", name, "--role", "viewer", "--label", name]);
    }
    let list = gateway.json(&["room", "list"]);
    let mut listed: Vec<_> =
        list["rooms"].as_array().unwrap().iter().map(|room| room["name"].as_str().unwrap()).collect();
    let mut names = NAMES;
    listed.sort_unstable();
    names.sort_unstable();
    assert_eq!(listed, names);
}

#[test]
fn a_table_keeps_a_line_a_row_and_isolates_right_to_left_text() {
    let gateway = Gateway::start();
    NAMES.iter().for_each(|name| drop(gateway.json(&["room", "create", name])));
    let output = gateway.cli(&["room", "list"]);
    let table = String::from_utf8(output.stdout).unwrap();
    assert_eq!(table.lines().count(), NAMES.len() + 1, "{table}");
    for name in NAMES {
        let line = table.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("no {name} in {table}"));
        assert!(line.starts_with("r_") && line.contains("sequential"), "{line}");
        let right_to_left = name.chars().any(|c| ('\u{590}'..='\u{6ff}').contains(&c));
        assert_eq!(line.contains(&format!("\u{2068}{name}\u{2069}")), right_to_left, "{line}");
    }
}
