//! Passwords of rooms: asked for or read, never an argument, which every process on the machine could see.

use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;

/// No password is longer, in bytes.
const PASSWORD_BYTES: u64 = 4096;

/// Where a password comes from.
#[derive(Debug, Clone, Args)]
#[group(multiple = false)]
pub(super) struct PasswordArgs {
    /// Ask for a password, or read it from the first line of stdin
    #[arg(long, visible_alias = "password-stdin")]
    password: bool,
    /// Read the password from the first line of a file
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl PasswordArgs {
    /// Whether one is meant to be given.
    pub(super) fn is_given(&self) -> bool {
        self.password || self.password_file.is_some()
    }

    /// The password, when one is meant to be given.
    pub(super) fn read(&self) -> Result<Option<String>> {
        match &self.password_file {
            Some(file) => first_line_of(file).map(Some),
            None if !self.password => Ok(None),
            None if std::io::stdin().is_terminal() => {
                let first =
                    rpassword::prompt_password("Password of the room: ").context("cannot ask for a password")?;
                let again = rpassword::prompt_password("Once more: ").context("cannot ask for a password")?;
                if first != again {
                    bail!("the two passwords are not the same");
                }
                Ok(Some(first))
            }
            None => first_line(std::io::stdin().lock()).context("no password comes from stdin").map(Some),
        }
    }
}

fn first_line_of(file: &Path) -> Result<String> {
    let wrong = || format!("cannot read a password from {}", file.display());
    let opened = std::fs::File::open(file).with_context(wrong)?;
    first_line(std::io::BufReader::new(opened)).with_context(wrong)
}

fn first_line(reader: impl BufRead) -> Result<String> {
    let mut line = String::new();
    reader.take(PASSWORD_BYTES).read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!("its first line is empty");
    }
    Ok(password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_the_password() {
        assert_eq!(first_line(&b"two words \r\nmore"[..]).unwrap(), "two words ");
        assert!(first_line(&b"\nx"[..]).is_err());
    }
}
