//! A stage for tests: a room with one media at a scripted origin, and the proxy on a socket of its own.

use std::convert::Infallible;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use serde_json::{Value, json};
use url::Url;

use super::plane::{Children, Opened, Opens, Proxied, ProxyPlane, Refused};
use crate::fetch::Client;
use crate::http::rooms::TrackPlace;
use crate::http::rooms::tests::{Server, server};
use crate::provider::result::Group;
use crate::proxy::resource::{Kind, Links};
use crate::proxy::text::Texts;

#[path = "../../../tests/gateway/harness/http.rs"]
#[allow(dead_code, reason = "the gateway's tests use more of it")]
pub mod wire;

/// Answers a request, of which it is given the lines, with bytes.
pub type Script = dyn Fn(&[String], &mut TcpStream) -> std::io::Result<()> + Send + Sync;

/// An origin that does what its script says, one request a connection.
pub struct Origin {
    pub address: SocketAddr,
    pub requests: Arc<Mutex<Vec<Vec<String>>>>,
}

impl Origin {
    pub fn start(script: impl Fn(&[String], &mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let script: Arc<Script> = Arc::new(script);
        let requests = Arc::<Mutex<Vec<Vec<String>>>>::default();
        let log = requests.clone();
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let (script, log) = (script.clone(), log.clone());
                std::thread::spawn(move || {
                    let mut reader = BufReader::new(socket.try_clone()?);
                    let mut lines = Vec::new();
                    loop {
                        let mut line = String::new();
                        if reader.read_line(&mut line)? <= 2 {
                            break;
                        }
                        lines.push(line.trim_end().to_owned());
                    }
                    log.lock().push(lines.clone());
                    let mut socket = socket;
                    script(&lines, &mut socket)
                });
            }
        });
        Self { address, requests }
    }

    /// Answers everything with a head and a body; their length is told.
    pub fn with(head: &'static str, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        Self::start(move |_, socket| whole(socket, head, &body))
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

/// Writes an answer with a length.
pub fn whole(socket: &mut TcpStream, head: &str, body: &[u8]) -> std::io::Result<()> {
    write!(socket, "HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len())?;
    socket.write_all(body)
}

/// Opens `k/N` for the N-th thing that was given out.
#[derive(Default)]
pub struct Tickets {
    given: Mutex<Vec<(Kind, TrackPlace, Option<Proxied>)>>,
    media: Mutex<(String, String)>,
}

impl Tickets {
    fn give(&self, kind: Kind, place: TrackPlace, proxied: Option<Proxied>) -> usize {
        let mut given = self.given.lock();
        given.push((kind, place, proxied));
        given.len() - 1
    }

    /// Room and media.
    pub fn media(&self) -> (String, String) {
        self.media.lock().clone()
    }

    /// Where the last thing that was given out leads.
    pub fn last(&self) -> Option<(Kind, Option<Proxied>)> {
        self.given.lock().last().map(|(kind, _, proxied)| (*kind, proxied.clone()))
    }
}

struct Under {
    tickets: Arc<Tickets>,
    place: TrackPlace,
}

impl Children for Under {
    fn links(&self, stripped: bool) -> Box<dyn Links + '_> {
        Box::new(Given { under: self, stripped })
    }
}

struct Given<'a> {
    under: &'a Under,
    stripped: bool,
}

impl Links for Given<'_> {
    fn link(&mut self, kind: Kind, url: &Url) -> String {
        let proxied = Proxied { url: url.clone(), stripped: self.stripped };
        let number = self.under.tickets.give(kind, self.under.place, Some(proxied));
        format!("{number}")
    }

    fn template(&mut self, _: Kind, template: &str) -> String {
        template.to_owned()
    }
}

#[async_trait::async_trait]
impl Opens for Arc<Tickets> {
    async fn open(&self, path: &str) -> Result<Opened, Refused> {
        let number = path.strip_prefix("k/").and_then(|number| number.parse::<usize>().ok());
        let given = number.and_then(|number| self.given.lock().get(number).cloned());
        let Some((kind, place, proxied)) = given else {
            return Err(Refused::Denied("this URL was not given out by this server".into()));
        };
        let (room_id, media_id) = self.media.lock().clone();
        let children = Arc::new(Under { tickets: self.clone(), place });
        Ok(Opened { room_id, media_id, place, kind, proxied, expires_unix: u64::MAX, children })
    }
}

/// The proxy on a socket.
pub struct Stage {
    pub address: SocketAddr,
    pub plane: Arc<ProxyPlane>,
    pub tickets: Arc<Tickets>,
    pub server: Server,
}

impl Stage {
    /// A room that plays this media (the body of a request that adds one).
    pub async fn playing(media: Value) -> Self {
        let server = server().await;
        let room = server.room(json!({"name": "Movies"})).await;
        let (status, added) = server.call("POST", "/rooms/Movies/media", Some(media)).await;
        assert_eq!(status, 201, "{added}");
        let media_id = added["id"].as_str().unwrap().to_owned();
        let tickets = Arc::<Tickets>::default();
        *tickets.media.lock() = (room.id, media_id);
        let client = Client::new(vec!["127.0.0.0/8".parse().unwrap()]);
        let playables = server.api.state.playback.playables.clone();
        let (cache, texts) = (server.api.state.cache.clone(), Texts::new(client));
        let plane = ProxyPlane::new(Arc::new(tickets.clone()), playables, cache, texts);
        let address = serve(plane.clone());
        Self { address, plane, tickets, server }
    }

    /// The path of the media's first track in a group.
    pub fn track(&self, kind: Kind, group: Group) -> String {
        format!("/p/k/{}", self.tickets.give(kind, TrackPlace { mode: 0, group, index: 0 }, None))
    }

    /// Asks on a connection of its own.
    pub async fn ask(&self, method: &'static str, path: &str, head: &[&str]) -> wire::Reply {
        let (address, path) = (self.address, path.to_owned());
        let head: Vec<String> = head.iter().map(|line| (*line).to_owned()).collect();
        let asked = tokio::task::spawn_blocking(move || {
            let head: Vec<_> = head.iter().map(String::as_str).collect();
            wire::request(address, method, &path, &head)
        });
        asked.await.unwrap()
    }

    pub async fn get(&self, path: &str) -> wire::Reply {
        self.ask("GET", path, &[]).await
    }
}

fn serve(plane: Arc<ProxyPlane>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        while let Ok((socket, _)) = listener.accept().await {
            let plane = plane.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request: Request<Incoming>| {
                    let plane = plane.clone();
                    async move {
                        let path = request.uri().path().strip_prefix("/p/").unwrap_or_default().to_owned();
                        Ok::<_, Infallible>(super::answer(&plane, &path, &request.map(drop)).await)
                    }
                });
                let _ = http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
            });
        }
    });
    address
}
