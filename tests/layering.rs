//! Who may name whom (ARCHITECTURE.md has the table's reasons), and how long a file may be.
//!
//! Sources are read as text: `crate::x`, `use crate::{a, b::c}` and `synctv_*` are what a module names. Test code is left out: it may
//! look at everything.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod layering {
    pub mod names;
    pub mod table;
}

use layering::{names, table};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Every Rust file below a directory.
fn sources(below: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(below).unwrap_or_else(|e| panic!("{}: {e}", below.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn modules_name_only_those_below_them() {
    let mut wrong = BTreeSet::new();
    for krate in table::CRATES {
        let src = root().join(krate.src);
        for file in sources(&src) {
            let inside = file.strip_prefix(&src).unwrap();
            let text = fs::read_to_string(&file).unwrap();
            let at = format!("{}/{}", krate.src, inside.display());
            wrong.extend(names::violations(krate, inside, &text).into_iter().map(|what| format!("{at}: {what}")));
        }
    }
    let wrong: Vec<_> = wrong.into_iter().collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// The control: each of these must be found, or the test above proves nothing.
#[test]
fn the_check_finds_what_it_looks_for() {
    let gateway = &table::CRATES[0];
    let media = &table::CRATES[1];
    let cases = [
        (gateway, "live/stream.rs", "use crate::room::Room;", "live names room"),
        (gateway, "live/stream.rs", "use crate::{error::Error, http::{self, respond}};", "live names http"),
        (gateway, "live/stream.rs", "use {\n    crate::app,\n};", "live names app"),
        (gateway, "live/stream.rs", "fn f() { crate::worker::run() }", "live names worker"),
        (gateway, "live.rs", "use synctv_store_sqlite::Sqlite;", "live names synctv_store_sqlite"),
        (gateway, "live/stream.rs", "use super::super::http;", "live climbs out with super::super"),
        (gateway, "http/live.rs", "pub use crate::app::run;", "http names app"),
        (gateway, "newcomer.rs", "", "newcomer is not in the table"),
        (media, "flv/tag.rs", "use crate::rtmp::Session;", "flv names rtmp"),
        (media, "codec/avc.rs", "use tokio::net::TcpStream;", "codec names tokio"),
    ];
    for (krate, file, text, expected) in cases {
        assert_eq!(names::violations(krate, Path::new(file), text), [expected], "{file}: {text}");
    }
    let innocent = "// use crate::room::Room;\n/// [`crate::app`]\nuse crate::error::Error;\n#[cfg(test)]\nmod tests { use crate::app; }";
    assert_eq!(names::violations(gateway, Path::new("live/stream.rs"), innocent), Vec::<String>::new());
}

#[test]
fn files_stay_within_their_budget() {
    const MOST: usize = 400;
    let mut files = Vec::new();
    for below in ["src", "ingest", "store", "tests"] {
        files.extend(sources(&root().join(below)));
    }
    assert!(files.len() > 20, "only {} files are seen", files.len());
    let long: Vec<_> = files
        .into_iter()
        .filter(|file| {
            !file.components().any(|part| part.as_os_str() == "target" || part.as_os_str() == "node_modules")
        })
        .filter_map(|file| {
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            (lines > MOST).then(|| format!("{}: {lines} lines, {MOST} are allowed", file.display()))
        })
        .collect();
    assert!(long.is_empty(), "\n{}\n", long.join("\n"));
}

#[test]
fn no_module_is_a_drawer_for_everything() {
    let drawers = ["utils", "util", "common", "helper", "helpers", "manager", "misc"];
    for krate in table::CRATES {
        for file in sources(&root().join(krate.src)) {
            let named = file.with_extension("");
            let drawer = named.components().any(|part| drawers.iter().any(|d| part.as_os_str() == *d));
            assert!(!drawer, "{} says nothing about what it holds", file.display());
        }
    }
}
