//! Precedence, and what is said about a configuration that cannot be used.

use super::*;

fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// A data directory whose `synctv.toml` says this.
fn dir_with(toml: &str) -> (tempfile::TempDir, Flags) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("synctv.toml"), toml).unwrap();
    let flags =
        Flags { settings: vec![("data_dir", "--data-dir", dir.path().display().to_string())], ..Flags::default() };
    (dir, flags)
}

fn refused(toml: &str) -> String {
    let (_dir, flags) = dir_with(toml);
    Config::from_layers(&flags, env(&[])).unwrap_err().to_string()
}

fn source(config: &Config, key: &str) -> String {
    config.in_force.iter().find(|row| row.key == key).unwrap().source.clone()
}

#[test]
fn defaults_hold_without_anything() {
    let config = Config::from_layers(&Flags::default(), env(&[])).unwrap();
    assert_eq!(config.http.listen.to_string(), "0.0.0.0:8080");
    assert_eq!(config.rtmp.listen.to_string(), "0.0.0.0:1935");
    assert!(matches!(&config.database, Database::Sqlite(path) if path.ends_with("synctv-data/synctv.db")));
    assert_eq!(config.live.gop_cache_bytes, 32 << 20);
    assert_eq!(config.live.grace, Duration::from_secs(30));
    assert_eq!(config.live.merge, None);
    assert!(!config.live.open_publish && !config.demo && config.http.token.is_none());
    assert!(config.in_force.iter().all(|row| row.source == "default"));
}

#[test]
fn flags_beat_environment_beats_file_beats_defaults() {
    let toml = "[http]\nlisten = '127.0.0.1:1'\n[rtmp]\nlisten = '127.0.0.1:2'\n[live]\ngrace_s = 3\n";
    let (_dir, mut flags) = dir_with(toml);
    flags.settings.push(("http.listen", "--http", "127.0.0.1:30".into()));
    let env = env(&[("SYNCTV_HTTP_LISTEN", "127.0.0.1:10"), ("SYNCTV_RTMP_LISTEN", "127.0.0.1:20")]);
    let config = Config::from_layers(&flags, env).unwrap();
    assert_eq!((config.http.listen.port(), config.rtmp.listen.port()), (30, 20));
    assert_eq!(config.live.grace, Duration::from_secs(3));
    assert_eq!(source(&config, "http.listen"), "flag --http");
    assert_eq!(source(&config, "rtmp.listen"), "environment SYNCTV_RTMP_LISTEN");
    assert!(source(&config, "live.grace_s").starts_with("file "));
    assert_eq!(source(&config, "hls.idle_s"), "default");
}

#[test]
fn the_file_asked_for_replaces_the_one_in_the_data_directory() {
    let (dir, mut flags) = dir_with("[live]\ngrace_s = 3\n");
    let other = dir.path().join("other.toml");
    std::fs::write(&other, "[hls]\nidle_s = 4\n").unwrap();
    flags.config = Some(other);
    let config = Config::from_layers(&flags, env(&[])).unwrap();
    assert_eq!((config.live.grace.as_secs(), config.hls.idle.as_secs()), (30, 4));
    flags.config = Some(dir.path().join("missing.toml"));
    let err = Config::from_layers(&flags, env(&[])).unwrap_err().to_string();
    assert!(err.contains("cannot read") && err.contains("missing.toml"), "{err}");
}

#[test]
fn an_unknown_key_is_refused_with_file_and_nearest_key() {
    let err = refused("[http]\nlisen = '127.0.0.1:1'\n");
    assert!(err.contains("synctv.toml") && err.contains("`http.lisen`") && err.contains("`http.listen`"), "{err}");
    for toml in ["listen = 'x'", "[htp]\nlisten = 'x'", "[nothing]", "[http.listen]\nx = 1"] {
        let err = refused(toml);
        assert!(err.contains("no setting") || err.contains("expected"), "{toml}: {err}");
    }
}

#[test]
fn wrong_values_name_key_place_and_expectation() {
    for (toml, want) in [
        ("[http]\nlisten = '8080'", "http.listen (file "),
        ("[http]\nlisten = 8080", "expected an address with a port"),
        ("[live]\nopen_publish = 'yes'", "expected true or false, not `yes`"),
        ("[live]\ngrace_s = -1", "expected a whole number, not `-1`"),
        ("[live]\ngrace_s = 99999", "from 0 to 3600"),
        ("[live]\ngop_cache_bytes = '32 parsecs'", "expected a size"),
        ("[live]\ngop_cache_bytes = 1", "from 65536"),
        ("[rtmp]\nmax_connections = 0", "from 1 to"),
        ("[rtmp]\nmax_connections = [1]", "not array"),
        ("[proxy]\nallow_private = '10.0.0.0/33'", "expected true, false, or addresses"),
        ("[proxy]\nallow_private = ['10.0.0.0/8', 'localhost']", "not `10.0.0.0/8, localhost`"),
        ("[proxy]\nallow_private = [true]", "not array"),
        ("[log]\nformat = 'xml'", "expected text or json"),
        ("[http]\ntls_cert = 'a.pem'", "without http.tls_key"),
        ("[http]\ntls_key = 'a.pem'", "without http.tls_cert"),
        ("[http]\npublic_url = 'cdn'", "expected a URL"),
        ("[http]\nallowed_origins = 'cdn'", "expected origins"),
        ("[http]\nallowed_origins = ['https://a.example/path']", "expected origins"),
        ("[room]\nmessages_per_s = 0", "from 1 to"),
        ("[room]\nmax_message_bytes = '2 MiB'", "from 1024"),
        ("[http]\nlisten = '0.0.0.0:1935'", "the same address"),
        ("[http\n", "synctv.toml line 1"),
        ("[live]\n\ngrace_s = = 3", "synctv.toml line 3"),
    ] {
        let err = refused(toml);
        assert!(err.contains(want), "{toml}: {err}");
        assert!(!err.contains('\n'), "one line: {err}");
    }
}

#[test]
fn a_secret_is_neither_listed_nor_repeated_in_errors() {
    let config = Config::from_layers(&Flags::default(), env(&[("SYNCTV_TOKEN", "hush-hush-1")])).unwrap();
    assert!(config.http.token.as_ref().unwrap().matches("hush-hush-1"));
    assert!(!format!("{config:?}").contains("hush-hush"));
    let err = refused("[http]\ntoken = 'short'");
    assert!(!err.contains("`short`") && err.contains("at least 8"), "{err}");
    let err = refused("[database]\nurl = 'mysql://me:hush@db/x'");
    assert!(!err.contains("hush"), "{err}");
}

#[test]
fn a_postgres_url_is_used_with_its_password_and_shown_without() {
    let env = env(&[("SYNCTV_DATABASE_URL", "postgres://me:hush@db/x"), ("SYNCTV_DATABASE_MAX_CONNECTIONS", "5")]);
    let config = Config::from_layers(&Flags::default(), env).unwrap();
    let Database::Postgres { url, shown, max_connections: 5 } = &config.database else {
        panic!("{:?}", config.database);
    };
    assert_eq!((url.reveal(), shown.as_str()), ("postgres://me:hush@db/x", "postgres://me:***@db/x"));
    assert!(config.in_force.iter().any(|row| row.value.as_ref() == Some(shown)));
    assert!(!format!("{config:?}").contains("hush"));
}

#[test]
fn a_database_url_may_be_a_sqlite_url_or_a_path() {
    for url in ["sqlite:/x/y.db", "sqlite:///x/y.db", "/x/y.db"] {
        let (_dir, mut flags) = dir_with("");
        flags.settings.push(("database.url", "--database-url", url.into()));
        let config = Config::from_layers(&flags, env(&[])).unwrap();
        assert!(matches!(&config.database, Database::Sqlite(path) if path.as_path() == Path::new("/x/y.db")), "{url}");
    }
}

#[test]
fn a_misspelt_environment_variable_is_warned_about() {
    let config =
        Config::from_layers(&Flags::default(), env(&[("SYNCTV_HTTP_LISTNE", "x"), ("SYNCTV_SERVER", "y")])).unwrap();
    assert_eq!(config.warnings.len(), 1);
    assert!(config.warnings[0].contains("SYNCTV_HTTP_LISTEN?"), "{:?}", config.warnings);
}

#[test]
fn an_empty_environment_variable_counts_as_absent() {
    let config = Config::from_layers(&Flags::default(), env(&[("SYNCTV_TOKEN", ""), ("SYNCTV_CONFIG", "")])).unwrap();
    assert!(config.http.token.is_none());
}

#[test]
fn the_database_in_force_is_listed_without_being_set() {
    let (dir, flags) = dir_with("");
    let config = Config::from_layers(&flags, env(&[])).unwrap();
    let row = config.in_force.iter().find(|row| row.key == "database.url").unwrap();
    assert_eq!(row.value, Some(format!("sqlite:{}", dir.path().join("synctv.db").display())));
}

#[test]
fn private_addresses_are_allowed_by_name_only() {
    let allowed = |toml: &str| {
        let (_dir, flags) = dir_with(toml);
        let nets = Config::from_layers(&flags, env(&[])).unwrap().proxy.allow_private;
        nets.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(allowed(""), "");
    assert_eq!(allowed("[proxy]\nallow_private = false"), "");
    assert_eq!(allowed("[proxy]\nallow_private = []"), "");
    assert_eq!(allowed("[proxy]\nallow_private = true"), "0.0.0.0/0 ::/0");
    assert_eq!(allowed("[proxy]\nallow_private = '10.0.0.0/8, ::1'"), "10.0.0.0/8 ::1/128");
    assert_eq!(allowed("[proxy]\nallow_private = ['10.0.0.0/8', '127.0.0.1']"), "10.0.0.0/8 127.0.0.1/32");
    let config = Config::from_layers(&Flags::default(), env(&[("SYNCTV_PROXY_ALLOW_PRIVATE", "fd00::/8,10.1.2.3")]));
    let config = config.unwrap();
    assert_eq!(config.proxy.allow_private.len(), 2);
    let row = config.in_force.iter().find(|row| row.key == "proxy.allow_private").unwrap();
    assert_eq!(row.value.as_deref(), Some("fd00::/8,10.1.2.3"));
}
