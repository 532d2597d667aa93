//! Pull streams with HLS as upstream: what ffmpeg and our own gateway write is played on as FLV and HLS.

use crate::harness::*;
use serde_json::Value;
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Instant,
};

const CONFIG: &str = "[live]\npull_idle_s = 2\n[hls]\nidle_s = 1\n[proxy]\nallow_private = [\"127.0.0.0/8\"]\n";

/// Serves a directory over HTTP/1.1 until the test ends.
fn serve(directory: &Path) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let (address, directory) = (listener.local_addr().expect("an address"), directory.to_owned());
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let directory = directory.clone();
            thread::spawn(move || answer(socket, &directory));
        }
    });
    address
}

fn answer(mut socket: TcpStream, directory: &Path) -> Option<()> {
    let mut lines = BufReader::new(socket.try_clone().ok()?).lines();
    let first = lines.next()?.ok()?;
    let name = first.split(' ').nth(1)?.trim_start_matches('/').to_owned();
    lines.map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
    let (status, body) = match fs::read(directory.join(name)) {
        Ok(body) => ("200 OK", body),
        Err(_) => ("404 Not Found", Vec::new()),
    };
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    socket.write_all(head.as_bytes()).ok()?;
    socket.write_all(&body).ok()
}

/// ffmpeg that writes a live playlist of the demo clip into the directory, in real time.
fn writer(directory: &Path, options: &[&str]) -> (Publisher, PathBuf) {
    let playlist = directory.join("index.m3u8");
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-nostdin", "-loglevel", "warning", "-re", "-stream_loop", "-1", "-i", DEMO_CLIP]);
    command.args(["-c", "copy", "-f", "hls", "-hls_time", "1", "-hls_list_size", "5"]);
    command.args(["-hls_flags", "delete_segments"]).args(options).arg(&playlist);
    (Publisher::run("writer", &mut command), playlist)
}

/// Adds a pull of this URL; answers its room, its stream and its play URLs.
fn add(gateway: &Gateway, url: &str) -> (Room, String, String, String) {
    let room = gateway.room("Pulled", &[]);
    let added = gateway.json(&["media", "add", &room.id, "--live-proxy", url]);
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("missing in {added}")).to_owned();
    let stream = text(&added["stream"]);
    let urls = gateway.json(&["stream", "url", &stream]);
    (room, stream, text(&urls["play"]["flv"]), text(&urls["play"]["hls"]))
}

fn path(url: &str) -> &str {
    let rest = url.split_once("://").expect("an absolute URL").1;
    &rest[rest.find('/').expect("a path")..]
}

/// It plays as FLV and HLS, and goes on in real time.
#[track_caller]
fn assert_plays(gateway: &Gateway, url: &str) {
    let (room, stream, flv, hls) = add(gateway, url);
    let body = open(gateway.http, "GET", path(&flv), &[]).expect("a stream");
    assert_eq!(body.status, 200);
    let mut viewer = FlvReader::new(body);
    let (begun, first) = (Instant::now(), viewer.until(Tag::is_video_keyframe));
    let mut last = first.timestamp;
    while last < first.timestamp + 6_000 {
        let next = viewer.until(Tag::is_video_keyframe);
        assert!(next.timestamp > last, "{} after {last}", next.timestamp);
        last = next.timestamp;
    }
    // What a viewer may get at once are the GOPs of the cache and one segment.
    let took = begun.elapsed();
    assert!(took >= s(2) && took < s(20), "6 s of media took {took:?}");
    assert_decodes("ffmpeg", &flv, 3, &["h264", "640x360", "aac"]);
    assert_decodes("ffmpeg", &hls, 3, &["h264", "640x360", "aac"]);
    let show = gateway.show(&stream);
    assert_eq!((&show["pull"]["state"], &show["pull"]["attempts"]), (&"live".into(), &1.into()), "{show}");
    assert_eq!(show["warnings"].as_array().map(Vec::len), Some(0), "{show}");
    drop(viewer);
    gateway.wait_for(&stream, "is let go", s(15), |show| show["pull"]["state"] == "idle");
    gateway.json(&["room", "delete", &room.id]);
}

#[test]
fn transport_streams_and_fragments_of_ffmpeg_are_pulled() {
    let gateway = Gateway::start_with(&[], CONFIG);
    for options in [&["-hls_segment_type", "mpegts"][..], &["-hls_segment_type", "fmp4"]] {
        let directory = TempDir::new();
        let (_writer, playlist) = writer(directory.path(), options);
        eventually("a playlist of three segments", s(20), || {
            let text = fs::read_to_string(&playlist).unwrap_or_default();
            (text.matches("#EXTINF").count() >= 3).then_some(())
        });
        assert_plays(&gateway, &format!("http://{}/index.m3u8", serve(directory.path())));
    }
}

#[test]
fn encrypted_segments_of_ffmpeg_are_pulled() {
    let (gateway, directory) = (Gateway::start_with(&[], CONFIG), TempDir::new());
    let address = serve(directory.path());
    fs::write(directory.join("key"), b"sixteen bytes!!!").expect("a key");
    let about = format!("http://{address}/key\n{}\n", directory.join("key").display());
    fs::write(directory.join("about"), about).expect("a file");
    let about = directory.join("about").display().to_string();
    let (_writer, playlist) = writer(directory.path(), &["-hls_key_info_file", &about]);
    eventually("a playlist of three segments", s(20), || {
        let text = fs::read_to_string(&playlist).unwrap_or_default();
        (text.matches("#EXTINF").count() >= 3 && text.contains("AES-128")).then_some(())
    });
    assert_plays(&gateway, &format!("http://{address}/index.m3u8"));
}

#[test]
fn the_playlists_of_another_gateway_are_pulled() {
    let (upstream, gateway) = (Gateway::start(), Gateway::start_with(&[], CONFIG));
    let key = upstream.key("demo");
    let _publisher = Publisher::demo(&key.publish_url);
    upstream.wait_live("demo");
    for url in [key.hls.clone(), key.hls.replace("index.m3u8", "ts.m3u8")] {
        eventually("a first playlist", s(15), || (get(upstream.http, &url).status == 200).then_some(()));
        assert_plays(&gateway, &url);
    }
}
