//! Which database, and how its URL is shown: never with a password.

use std::path::{Path, PathBuf};

use super::ConfigError;
use super::layers::Layers;
use crate::secret::Secret;

/// `[database]`
#[derive(Debug, Clone)]
pub enum Database {
    /// One file.
    Sqlite(PathBuf),
    /// A server that several nodes may share.
    Postgres {
        /// Its URL, with the password.
        url: Secret,
        /// Its URL, to be shown.
        shown: String,
        /// The most connections this node opens.
        max_connections: u32,
    },
}

/// `postgres://...`, `sqlite:PATH`, a bare path, or nothing for the file in the data directory.
pub(super) fn database(layers: &Layers, data_dir: &Path) -> Result<Database, ConfigError> {
    let max_connections = layers.number("database.max_connections", 2..=1000)?;
    let Some(url) = layers.optional::<String>("database.url")? else {
        return Ok(Database::Sqlite(data_dir.join("synctv.db")));
    };
    if is_postgres(&url) {
        return Ok(Database::Postgres { shown: without_password(&url), url: Secret::new(url), max_connections });
    }
    let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")).unwrap_or(&url);
    if path.is_empty() || path.contains("://") || path == ":memory:" {
        // Never repeated: a URL may carry a password.
        let text = "expected `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, `sqlite:PATH` or a path to a file";
        return Err(ConfigError(format!("database.url ({}): {text}", layers.place("database.url"))));
    }
    Ok(Database::Sqlite(PathBuf::from(path)))
}

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

/// Parameters of a URL that tell nothing secret.
const OPEN_PARAMETERS: &[&str] =
    &["host", "hostaddr", "port", "dbname", "user", "sslmode", "sslrootcert", "application_name"];

/// A database URL as it may be shown. Where it is not clear what is a password, more is hidden rather than less.
pub(super) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    // The last `@`: a password that should have been percent-encoded may hold others.
    let rest = match rest.rsplit_once('@') {
        // Of the login or of a parameter? Either may be the password.
        Some((login, _)) if login.contains('?') => return format!("{scheme}://***"),
        Some((login, place)) => match login.split_once(':') {
            Some((user, _)) => format!("{user}:***@{place}"),
            None => rest.to_owned(),
        },
        None => rest.to_owned(),
    };
    let Some((place, parameters)) = rest.split_once('?') else { return format!("{scheme}://{rest}") };
    let show = |parameter: &str| match parameter.split_once('=') {
        Some((name, _)) if !OPEN_PARAMETERS.contains(&name) => format!("{name}=***"),
        _ => parameter.to_owned(),
    };
    let parameters: Vec<String> = parameters.split('&').map(show).collect();
    format!("{scheme}://{place}?{}", parameters.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_url_is_shown_without_its_password() {
        let cases = [
            ("postgres://me:hush@db:5432/x", "postgres://me:***@db:5432/x"),
            ("postgres://me:hu@sh/hush@db/x", "postgres://me:***@db/x"),
            ("postgres://me@db/x", "postgres://me@db/x"),
            ("postgresql://db/x?user=me&password=hush&sslmode=a", "postgresql://db/x?user=me&password=***&sslmode=a"),
            ("postgres://db/x?pass%77ord=hush", "postgres://db/x?pass%77ord=***"),
            ("postgres://db:1/x?user=me&password=hu@sh", "postgres://***"),
            ("postgres://me:hu?sh@db/x", "postgres://***"),
            ("sqlite:a/b.db", "sqlite:a/b.db"),
        ];
        for (url, shown) in cases {
            assert_eq!(without_password(url), shown);
        }
    }
}
