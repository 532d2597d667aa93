//! Values from flags, environment, file and defaults, each with its place.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::setting::{FromText, SETTINGS, Setting, Size, is_list, is_secret};
use super::{ConfigError, InForce};

/// What the command line gave.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// `--config FILE`
    pub config: Option<PathBuf>,
    /// `--demo`
    pub demo: bool,
    /// Settings by key, with the flag that gave them: `("http.listen", "--http", "0.0.0.0:80")`.
    pub settings: Vec<(&'static str, &'static str, String)>,
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A flag.
    Flag(&'static str),
    /// An environment variable.
    Env(String),
    /// The TOML file.
    File(PathBuf),
    /// Nobody said anything.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "flag {flag}"),
            Self::Env(name) => write!(f, "environment {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// Environment variables that are read elsewhere: by client commands, and when the query data is prepared.
const OTHER_ENV: &[&str] = &["SYNCTV_CONFIG", "SYNCTV_SERVER", "SYNCTV_CA", "SYNCTV_SQLITE_URL", "SYNCTV_POSTGRES_URL"];

/// The value of each setting that has one.
#[derive(Debug)]
pub(super) struct Layers {
    values: BTreeMap<&'static str, (String, Source)>,
    pub(super) warnings: Vec<String>,
}

impl Layers {
    /// Later layers overwrite earlier ones, so the weakest comes first.
    pub(super) fn gather(flags: &Flags, env: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        // An empty variable counts as absent: that is how compose files and unit files leave one out.
        let ours = |(name, value): &(String, String)| name.starts_with("SYNCTV_") && !value.is_empty();
        let env: BTreeMap<String, String> = env.into_iter().filter(ours).collect();
        let mut above_file = BTreeMap::new();
        for setting in SETTINGS {
            if let Some((name, value)) = env_names(setting.key).into_iter().find_map(|name| env.get_key_value(&name)) {
                above_file.insert(setting.key, (value.clone(), Source::Env(name.clone())));
            }
        }
        for (key, flag, value) in &flags.settings {
            above_file.insert(key, (value.clone(), Source::Flag(flag)));
        }
        let mut values: BTreeMap<_, _> =
            SETTINGS.iter().filter_map(|s| Some((s.key, (s.default?.to_owned(), Source::Default)))).collect();
        if let Some(path) = config_file(flags, &env, &above_file) {
            values.extend(read_file(&path)?);
        }
        values.extend(above_file);
        Ok(Self { values, warnings: unread(&env) })
    }

    pub(super) fn optional<T: FromText>(&self, key: &'static str) -> Result<Option<T>, ConfigError> {
        let Some((text, _)) = self.values.get(key) else { return Ok(None) };
        T::from_text(text).map(Some).ok_or_else(|| self.wrong(key, T::EXPECTED))
    }

    pub(super) fn required<T: FromText>(&self, key: &'static str) -> Result<T, ConfigError> {
        self.optional(key)?.ok_or_else(|| ConfigError(format!("{key} is not set")))
    }

    pub(super) fn number<N: TryFrom<u64>>(
        &self,
        key: &'static str,
        range: RangeInclusive<u64>,
    ) -> Result<N, ConfigError> {
        let number: u64 = self.required(key)?;
        self.within(key, number, &range)
    }

    pub(super) fn size(&self, key: &'static str, range: RangeInclusive<u64>) -> Result<usize, ConfigError> {
        let Size(bytes) = self.required(key)?;
        self.within(key, bytes, &range)
    }

    /// A number of seconds.
    pub(super) fn duration(&self, key: &'static str, range: RangeInclusive<u64>) -> Result<Duration, ConfigError> {
        self.number(key, range).map(Duration::from_secs)
    }

    fn within<N: TryFrom<u64>>(
        &self,
        key: &'static str,
        number: u64,
        range: &RangeInclusive<u64>,
    ) -> Result<N, ConfigError> {
        let number = Some(number).filter(|number| range.contains(number)).and_then(|number| N::try_from(number).ok());
        number.ok_or_else(|| self.wrong(key, &format!("a value from {} to {}", range.start(), range.end())))
    }

    /// Where the value of a key came from, in words.
    pub(super) fn place(&self, key: &str) -> String {
        self.values.get(key).map_or(Source::Default, |(_, source)| source.clone()).to_string()
    }

    fn wrong(&self, key: &str, expected: &str) -> ConfigError {
        let shown = match self.values.get(key) {
            Some((value, _)) if !is_secret(key) => format!(", not `{value}`"),
            _ => String::new(),
        };
        ConfigError(format!("{key} ({}): expected {expected}{shown}", self.place(key)))
    }

    pub(super) fn in_force(&self) -> Vec<InForce> {
        let shown = |setting: &Setting| {
            let (value, _) = self.values.get(setting.key)?;
            Some(match setting.key {
                key if is_secret(key) => "[secret]".to_owned(),
                _ => value.clone(),
            })
        };
        let row = |setting: &Setting| InForce {
            key: setting.key,
            value: shown(setting),
            source: self.place(setting.key),
            help: setting.help,
        };
        SETTINGS.iter().map(row).collect()
    }
}

/// The environment names of a key, strongest first.
fn env_names(key: &str) -> Vec<String> {
    let name = format!("SYNCTV_{}", key.replace('.', "_").to_ascii_uppercase());
    match key {
        "http.token" => vec!["SYNCTV_TOKEN".to_owned(), name],
        _ => vec![name],
    }
}

/// The file to read: the one that was asked for, else the one in the data directory if it is there.
fn config_file(
    flags: &Flags,
    env: &BTreeMap<String, String>,
    above_file: &BTreeMap<&str, (String, Source)>,
) -> Option<PathBuf> {
    if let Some(asked) = flags.config.clone().or_else(|| env.get("SYNCTV_CONFIG").map(PathBuf::from)) {
        return Some(asked);
    }
    let default = SETTINGS.iter().find(|s| s.key == "data_dir").and_then(|s| s.default).unwrap_or(".");
    let data_dir = above_file.get("data_dir").map_or(default, |(dir, _)| dir);
    Some(Path::new(data_dir).join("synctv.toml")).filter(|path| path.exists())
}

type FileValues = BTreeMap<&'static str, (String, Source)>;

fn read_file(path: &Path) -> Result<FileValues, ConfigError> {
    let at = path.display();
    let text = std::fs::read_to_string(path).map_err(|err| ConfigError(format!("cannot read {at}: {err}")))?;
    let table: toml::Table = toml::from_str(&text).map_err(|err| {
        let line = err.span().map(|span| text.bytes().take(span.start).filter(|b| *b == b'\n').count() + 1);
        let line = line.map(|line| format!(" line {line}")).unwrap_or_default();
        ConfigError(format!("{at}{line}: {}", err.message()))
    })?;
    let mut values = FileValues::new();
    for (name, value) in &table {
        match value {
            toml::Value::Table(section) => {
                for (inner, value) in section {
                    take(path, &format!("{name}.{inner}"), value, &mut values)?;
                }
                if section.is_empty() && !SETTINGS.iter().any(|s| s.key.starts_with(&format!("{name}."))) {
                    return Err(unknown(path, name));
                }
            }
            value => take(path, name, value, &mut values)?,
        }
    }
    Ok(values)
}

fn take(path: &Path, key: &str, value: &toml::Value, into: &mut FileValues) -> Result<(), ConfigError> {
    let setting = SETTINGS.iter().find(|s| s.key == key).ok_or_else(|| unknown(path, key))?;
    let text = match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Boolean(yes) => yes.to_string(),
        toml::Value::Array(list) if is_list(key) && list.iter().all(toml::Value::is_str) => {
            list.iter().filter_map(toml::Value::as_str).collect::<Vec<_>>().join(", ")
        }
        other => {
            let text = format!("{key} (file {}): expected one value, not {}", path.display(), other.type_str());
            return Err(ConfigError(text));
        }
    };
    into.insert(setting.key, (text, Source::File(path.to_owned())));
    Ok(())
}

fn unknown(path: &Path, key: &str) -> ConfigError {
    let nearest = SETTINGS.iter().min_by_key(|s| distance(s.key, key)).map_or("", |s| s.key);
    ConfigError(format!("{}: there is no setting `{key}`; did you mean `{nearest}`?", path.display()))
}

/// How many single-character edits lie between two texts (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(100).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, cb) in b.iter().enumerate() {
            let changed = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// Variables that look like ours and that nothing reads: most likely misspelt. They cannot be refused, because an
/// environment is shared with programs we do not know.
fn unread(env: &BTreeMap<String, String>) -> Vec<String> {
    let known: Vec<String> = SETTINGS.iter().flat_map(|s| env_names(s.key)).collect();
    let odd = |name: &&String| !known.contains(name) && !OTHER_ENV.contains(&name.as_str());
    let warn = |name: &String| {
        let nearest = known.iter().min_by_key(|k| distance(k, name)).map_or("", |k| k);
        format!("nothing reads the environment variable {name}; did you mean {nearest}?")
    };
    env.keys().filter(odd).map(warn).collect()
}
