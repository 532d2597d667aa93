//! A data dir on a disk that is full or read-only. Mounting takes root: without it there is nothing to test.

use crate::harness::*;
use std::{fs, path::PathBuf, process::Command};

/// A small file system, gone with its owner.
struct Disk(PathBuf);

impl Disk {
    fn mount(dir: &TempDir, options: &str) -> Option<Self> {
        let at = dir.join("disk");
        fs::create_dir_all(&at).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&at).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(at));
        }
        eprintln!("skipped: mounting a tmpfs takes root");
        None
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[track_caller]
fn refusal(disk: &Disk) -> String {
    let data = disk.0.join("data");
    let mut command = Gateway::serve_command(&data);
    command.args(["--http", "127.0.0.1:0"]);
    let output = Gateway::refuses_to_start(command);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(!text.contains("panicked") && !text.contains("stack backtrace"), "{text}");
    let line = text.lines().last().expect("a line that says why").to_owned();
    assert!(line.contains(&data.display().to_string()), "the line names what cannot be written: {line}");
    line
}

#[test]
fn a_read_only_disk_is_named_at_start() {
    let dir = TempDir::new();
    let Some(disk) = Disk::mount(&dir, "size=1m,ro") else { return };
    let line = refusal(&disk);
    assert!(line.to_lowercase().contains("read-only"), "{line}");
}

#[test]
fn a_full_disk_is_named_at_start() {
    for filled in [60 << 10, 64 << 10] {
        let dir = TempDir::new();
        let Some(disk) = Disk::mount(&dir, "size=64k") else { return };
        // The file system takes as much as it can: a short write is what a full disk looks like.
        let _ = fs::write(disk.0.join("filler"), vec![0; filled]);
        let line = refusal(&disk);
        assert!(line.contains("space") || line.contains("full"), "{filled}: {line}");
    }
}

#[test]
fn a_disk_that_fills_up_later_costs_neither_viewers_nor_the_publisher() {
    let dir = TempDir::new();
    let Some(disk) = Disk::mount(&dir, "size=8m") else { return };
    let gateway = Gateway::start_in(disk.0.join("data"));
    let mut bystander = Bystander::start(&gateway);
    let _ = fs::write(disk.0.join("filler"), vec![0; 16 << 20]);
    let refused = (0..50).find_map(|n| {
        let output = gateway.cli(&["key", "create", &format!("s{n}")]);
        (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
    });
    let refused = refused.expect("a full disk takes no more keys");
    assert!(refused.lines().count() == 1 && refused.len() > 20, "one line says why: {refused:?}");
    bystander.assert_undisturbed();
    gateway.assert_healthy();
}
