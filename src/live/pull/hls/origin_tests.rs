//! An origin of playlists and segments for the tests, and a clip to serve.

use crate::live::pull::PullFrom;
use bytes::Bytes;
use parking_lot::Mutex;
use std::{collections::HashMap, net::SocketAddr, ops::Range, sync::Arc, time::Duration};
use synctv_ingest::{
    flv::{Demuxer, FileReader},
    hls::{Container as Form, Origin as Numbers, Window},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};
use tokio_util::task::AbortOnDropHandle;

/// Segments of a second that the clip has.
pub const CLIP_SEGMENTS: usize = 10;

/// The demo clip, cut.
pub struct Clip {
    pub ts: Vec<Bytes>,
    fmp4: Vec<Bytes>,
    init: Bytes,
    /// Access units of the picture.
    pub pictures: usize,
}

impl Clip {
    pub fn new() -> Self {
        Self::of(|_| true)
    }

    /// With some of the tracks.
    pub fn of(wanted: impl Fn(synctv_ingest::Track) -> bool) -> Self {
        let mut file = &include_bytes!("../../../../fixtures/demo.flv")[..];
        let (mut reader, mut demuxer) = (FileReader::new(), Demuxer::new());
        let mut window = Window::new(Numbers { media_sequence: 0, discontinuity_sequence: 0 });
        window.enable_ts().unwrap();
        let mut clip = Self { ts: Vec::new(), fmp4: Vec::new(), init: Bytes::new(), pictures: 0 };
        let mut keep = |window: &Window| {
            let snapshot = window.snapshot();
            for segment in snapshot.segments() {
                if segment.sequence as usize == clip.ts.len() {
                    clip.ts.push(segment.ts.clone().unwrap());
                    clip.fmp4.push(segment.fmp4.clone());
                    clip.init = snapshot.resource(&segment.init_name).unwrap().bytes;
                }
            }
        };
        let mut pictures = 0;
        while let Some(tag) = reader.read(&mut file).unwrap() {
            for frame in demuxer.demux(&tag).unwrap().frames.into_iter().filter(|frame| wanted(frame.track)) {
                let is_media = frame.kind == synctv_ingest::FrameKind::Media;
                pictures += usize::from(is_media && frame.track == synctv_ingest::Track::Video);
                window.push(&frame, frame.dts);
                keep(&window);
            }
        }
        window.end(10_000);
        keep(&window);
        clip.pictures = pictures;
        clip
    }

    /// Puts all of it behind `/v/`.
    pub fn publish(&self, origin: &Origin, form: Form) {
        origin.put("/v/init.mp4", self.init.to_vec());
        let (segments, extension) = if form == Form::Ts { (&self.ts, "ts") } else { (&self.fmp4, "m4s") };
        for (index, segment) in segments.iter().enumerate() {
            origin.put(&format!("/v/{index}.{extension}"), segment.to_vec());
        }
    }

    /// A playlist of these segments.
    pub fn playlist(&self, form: Form, listed: Range<usize>, ended: bool) -> String {
        let mut list = format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:{}\n", listed.start);
        if form == Form::Fmp4 {
            list += "#EXT-X-MAP:URI=\"init.mp4\"\n";
        }
        let extension = if form == Form::Ts { "ts" } else { "m4s" };
        for index in listed {
            list += &format!("#EXTINF:1,\n{index}.{extension}\n");
        }
        if ended { list + "#EXT-X-ENDLIST\n" } else { list }
    }
}

/// What a request said.
#[derive(Debug, Clone)]
pub struct Asked {
    pub path: String,
    pub authorized: bool,
}

#[derive(Default)]
struct Shared {
    files: Mutex<HashMap<String, Vec<u8>>>,
    asked: Mutex<Vec<Asked>>,
}

/// An HTTP server that has files. One that begins with `-> ` redirects there; one put under `PATH!whole` comes without ranges.
pub struct Origin {
    address: SocketAddr,
    shared: Arc<Shared>,
    _task: AbortOnDropHandle<()>,
}

impl Origin {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::<Shared>::default();
        let serving = shared.clone();
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, serving.clone()));
            }
        });
        Self { address, shared, _task: AbortOnDropHandle::new(task) }
    }

    pub fn root(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn source(&self, path: &str) -> PullFrom {
        PullFrom::new(&(self.root() + path), []).unwrap()
    }

    pub fn source_with(&self, path: &str, name: &str, value: &str) -> PullFrom {
        PullFrom::new(&(self.root() + path), [(name, value)]).unwrap()
    }

    pub fn put(&self, path: &str, body: impl Into<Vec<u8>>) {
        self.shared.files.lock().insert(path.into(), body.into());
    }

    pub fn remove(&self, path: &str) {
        self.shared.files.lock().remove(path);
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().clone()
    }

    /// Waits until somebody asked for it.
    pub async fn was_asked(&self, path: &str) {
        let waiting = async {
            while !self.asked().iter().any(|asked| asked.path == path) {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(15), waiting).await.unwrap_or_else(|_| panic!("nobody asks for {path}"));
    }
}

async fn serve(mut socket: TcpStream, shared: Arc<Shared>) -> Option<()> {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        while !head.windows(4).any(|end| end == b"\r\n\r\n") {
            let n = socket.read(&mut buffer).await.ok().filter(|n| *n > 0)?;
            head.extend_from_slice(&buffer[..n]);
        }
        let text = String::from_utf8_lossy(&head).to_lowercase();
        head.clear();
        let path = text.split(' ').nth(1)?.to_owned();
        let range = text.lines().find_map(|line| line.strip_prefix("range: bytes=")).and_then(|range| {
            let (first, last) = range.trim().split_once('-')?;
            Some(first.parse::<usize>().ok()?..last.parse::<usize>().ok()? + 1)
        });
        shared.asked.lock().push(Asked { authorized: text.contains("\r\nauthorization:"), path: path.clone() });
        let (file, whole) = {
            let files = shared.files.lock();
            (files.get(&path).cloned(), files.get(&format!("{path}!whole")).cloned())
        };
        let (status, body) = match (file, whole, range) {
            (Some(file), _, _) if file.starts_with(b"-> ") => {
                (format!("302 Found\r\nLocation: {}", String::from_utf8_lossy(&file[3..])), Vec::new())
            }
            (Some(file), _, Some(range)) => {
                let (last, total) = (range.end - 1, file.len());
                let status = format!("206 Partial Content\r\nContent-Range: bytes {}-{last}/{total}", range.start);
                (status, file.get(range).unwrap_or_default().to_vec())
            }
            (Some(file), _, None) | (None, Some(file), _) => ("200 OK".into(), file),
            (None, None, _) => ("404 Not Found".into(), Vec::new()),
        };
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len());
        socket.write_all(head.as_bytes()).await.ok()?;
        socket.write_all(&body).await.ok()?;
    }
}
