//! `cargo fuzz run url`: a URL is read in one way, and an address that the standard library calls private is never dialled.
#![no_main]

use std::net::IpAddr;

use libfuzzer_sys::fuzz_target;
use synctv::fetch::{guard, parse_url};
use synctv::provider::check_source;
use synctv_store::{Source, Track};
use url::Host;

fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified() || v4.is_multicast()
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
                || v6.is_multicast()
        }
    }
}

fuzz_target!(|text: &str| {
    let mut pull = Source::LiveProxy { stream: "pull-1".into(), upstream: Track::at(text) };
    let _ = check_source(&mut pull);
    let _ = synctv_ingest::rtmp::PlayUrl::parse(text);
    let Ok(url) = parse_url(text) else { return };
    assert!(matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none());
    // What is handed on as text is read as the same again.
    assert_eq!(parse_url(url.as_str()).as_ref(), Ok(&url));
    let address = match url.host() {
        Some(Host::Ipv4(v4)) => IpAddr::V4(v4),
        Some(Host::Ipv6(v6)) => IpAddr::V6(v6),
        _ => return,
    };
    assert!(!is_private(address) || !guard::permitted(address, &[]), "{address}");
});
