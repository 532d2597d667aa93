//! The files: `xx/KEY.NTH` for slices and `xx/KEY.head` for what is written down about a version, `xx` being the first digits of the key.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytes::Bytes;

use super::super::identity::Key;
use super::super::version::Written;
use super::index::FileId;
use super::slice_file::{self, Label};

/// The longest description of a version, in bytes.
const HEAD_MAX: u64 = 64 << 10;

/// A directory that belongs to the cache alone.
#[derive(Debug, Clone)]
pub(super) struct Folder(PathBuf);

/// A file that was found.
#[derive(Debug)]
pub(super) struct Seen {
    pub id: FileId,
    pub len: u64,
    pub used: SystemTime,
}

impl Folder {
    /// Makes it, for this user only, when it is not there.
    pub fn open(path: PathBuf) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    pub fn path(&self, id: FileId) -> PathBuf {
        let (key, nth) = id;
        let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        let name = nth.map_or_else(|| format!("{key}.head"), |nth| format!("{key}.{nth}"));
        self.0.join(&key[..2]).join(name)
    }

    /// Writes a slice.
    pub fn write(&self, label: &Label, body: &Bytes) -> io::Result<()> {
        self.replace((label.version, Some(label.nth)), |file| slice_file::write(file, label, body))
    }

    /// Writes a version down; answers how long it is.
    pub fn describe(&self, key: Key, written: &Written) -> io::Result<u64> {
        let text = serde_json::to_vec(written)?;
        let sum = crc32fast::hash(&text);
        self.replace((key, None), |file| {
            file.write_all(&sum.to_be_bytes())?;
            file.write_all(&text)
        })?;
        Ok(text.len() as u64 + 4)
    }

    /// A file is there whole or not at all.
    fn replace(&self, id: FileId, fill: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
        let path = self.path(id);
        let unfinished = path.with_extension("tmp");
        let open = || OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished);
        let mut file = match open() {
            Err(err) if err.kind() == io::ErrorKind::NotFound => {
                let parent = path.parent().unwrap_or(&self.0);
                DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
                open()?
            }
            opened => opened?,
        };
        let done = fill(&mut file).and_then(|()| fs::rename(&unfinished, &path));
        if done.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        done
    }

    /// Reads a slice; `None`: it is damaged. It counts as used.
    pub fn read(&self, label: &Label) -> io::Result<Option<Bytes>> {
        let mut file = File::open(self.path((label.version, Some(label.nth))))?;
        let body = slice_file::read(&mut file, label)?;
        // After a restart this says what was used last; it is no loss when it cannot be said.
        let _ = file.set_modified(SystemTime::now());
        Ok(body)
    }

    /// Reads what is written down about a version; `None`: it is damaged.
    pub fn description(&self, key: Key) -> Option<Written> {
        let mut text = Vec::new();
        File::open(self.path((key, None))).ok()?.take(HEAD_MAX).read_to_end(&mut text).ok()?;
        let (sum, text) = text.split_first_chunk::<4>()?;
        (crc32fast::hash(text) == u32::from_be_bytes(*sum)).then(|| serde_json::from_slice(text).ok())?
    }

    pub fn delete(&self, ids: &[FileId]) {
        for id in ids {
            let _ = fs::remove_file(self.path(*id));
        }
    }

    /// All files, one after another; what is none of the cache's is deleted. A folder that cannot be read hides its own files alone.
    pub fn each(&self, mut seen: impl FnMut(Seen)) -> io::Result<()> {
        for folder in fs::read_dir(&self.0)?.flatten().filter(|entry| is_part(&entry.path())) {
            let entries = match fs::read_dir(folder.path()) {
                Ok(entries) => entries,
                Err(err) => {
                    tracing::warn!(%err, folder = %folder.path().display(), "a folder of the cache cannot be read");
                    continue;
                }
            };
            for entry in entries.flatten() {
                let (path, name) = (entry.path(), entry.file_name());
                let found = name.to_str().and_then(id).zip(entry.metadata().ok().filter(fs::Metadata::is_file));
                match found {
                    Some((id, metadata)) => {
                        let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                        seen(Seen { id, len: metadata.len(), used });
                    }
                    None => drop(fs::remove_file(path)),
                }
            }
        }
        Ok(())
    }
}

/// Two hexadecimal digits.
fn is_part(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.len() == 2 && name.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn id(name: &str) -> Option<FileId> {
    let (digits, rest) = name.split_once('.')?;
    let mut key = [0; 32];
    if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (nth, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[nth * 2..nth * 2 + 2], 16).ok()?;
    }
    match rest {
        "head" => Some((key, None)),
        nth => Some((key, Some(nth.parse().ok()?))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        let folder = Folder("/x".into());
        for file in [([0xab; 32], None), ([0xab; 32], Some(0)), ([1; 32], Some(u64::MAX))] {
            let path = folder.path(file);
            assert_eq!(id(path.file_name().unwrap().to_str().unwrap()), Some(file));
            assert!(is_part(path.parent().unwrap()));
        }
        for name in
            ["", "a.head", "x.0", &"a".repeat(64), &format!("{}.tmp", "a".repeat(64)), &format!("{}.1", "é".repeat(32))]
        {
            assert_eq!(id(name), None, "{name}");
        }
    }
}
