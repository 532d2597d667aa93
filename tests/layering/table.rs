//! The table. A row is a module and what it may name besides itself; what has no row fails.

/// One crate of the workspace.
pub struct Crate {
    /// Its sources, from the repository's root.
    pub src: &'static str,
    /// Module, and the modules and watched crates it may name. Without rows only the watched crates are forbidden.
    pub modules: &'static [(&'static str, &'static [&'static str])],
    /// Items that the crate's root offers again, and the module they belong to.
    pub reexports: &'static [(&'static str, &'static str)],
    /// Other crates whose use the table decides.
    pub watched: &'static [&'static str],
}

const INGEST: &str = "synctv_ingest";
const STORE: &str = "synctv_store";

/// The workspace.
pub const CRATES: &[Crate] = &[
    Crate {
        src: "src",
        modules: &[
            ("config", &["error", "secret"]),
            ("error", &[STORE]),
            ("shutdown", &[]),
            ("secret", &[]),
            ("caption", &[]),
            ("page", &[]),
            ("fetch", &["error"]),
            ("probe", &["error"]),
            ("live", &["error", "fetch", INGEST]),
            ("room", &["error", STORE]),
            // What an RTMP URL names, so that one that cannot be pulled is refused when it is given.
            ("provider", &["error", "fetch", "probe", STORE, INGEST]),
            ("proxy", &["error", "fetch", "secret"]),
            ("keys", &["error", "secret", STORE]),
            ("publish_gate", &["error", "keys", "live", STORE]),
            ("worker", &["error", "live", "room", STORE, "provider"]),
            (
                "http",
                &["caption", "error", "live", "room", STORE, "provider", "proxy", INGEST, "keys", "page", "secret"],
            ),
            ("cli", &["config", "error", "http", "live", "secret", STORE]),
            (
                "app",
                &[
                    "config",
                    "error",
                    "shutdown",
                    "secret",
                    "page",
                    "fetch",
                    "probe",
                    "live",
                    "room",
                    "provider",
                    "proxy",
                    "keys",
                    "publish_gate",
                    "worker",
                    "http",
                    INGEST,
                    STORE,
                    "synctv_store_sqlite",
                    "synctv_store_postgres",
                ],
            ),
        ],
        reexports: &[("Error", "error"), ("Result", "error")],
        watched: &[INGEST, STORE, "synctv_store_sqlite", "synctv_store_postgres"],
    },
    Crate {
        src: "ingest/src",
        modules: &[
            ("error", &[]),
            // A frame says its codec, a codec its track: the two are one vocabulary.
            ("frame", &["codec", "error"]),
            ("codec", &["frame", "error"]),
            ("timeline", &["codec", "frame", "error"]),
            ("flv", &["frame", "codec", "error"]),
            // What is demuxed becomes the tags that a frame is made of.
            ("ts", &["frame", "codec", "error", "flv"]),
            ("fmp4", &["frame", "codec", "error", "flv"]),
            ("rtmp", &["frame", "codec", "error", "flv"]),
            // Exact audio times come from the timeline's clock.
            ("hls", &["ts", "fmp4", "timeline", "frame", "codec", "error"]),
        ],
        reexports: &[("Error", "error"), ("Frame", "frame"), ("FrameKind", "frame"), ("Track", "frame")],
        watched: &["tokio", "hyper", "sqlx", "synctv", "synctv_store"],
    },
    Crate { src: "store/src", modules: &[], reexports: &[], watched: &["synctv", "synctv_ingest", "sqlx"] },
    Crate { src: "store/sqlite/src", modules: &[], reexports: &[], watched: &["synctv", "synctv_ingest"] },
    Crate { src: "store/postgres/src", modules: &[], reexports: &[], watched: &["synctv", "synctv_ingest"] },
];
