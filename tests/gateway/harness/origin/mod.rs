//! A scripted HTTP origin on real sockets: honest by default, and able to lie in all the ways of [`Lie`]. It needs nothing but the standard
//! library, so that unit tests may include it too.
#![allow(dead_code, unused_imports, reason = "each test uses its part")]

mod answer;
mod lie;
mod reply;
mod request;
mod tell;
mod wire;

use std::{
    collections::HashMap,
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

pub use answer::Answer;
pub use lie::Lie;
pub use request::Request as Asked;
use request::Request;

/// Serves until it is dropped.
pub struct Origin {
    shared: Arc<Shared>,
}

struct Shared {
    address: SocketAddr,
    answers: Mutex<HashMap<String, Arc<Answer>>>,
    log: Mutex<Vec<Request>>,
    connections: AtomicU64,
    open: AtomicU64,
    delay_ms: AtomicU64,
    closed: AtomicBool,
    sockets: Mutex<Vec<TcpStream>>,
}

impl Origin {
    /// An origin on a free port of 127.0.0.1.
    pub fn start() -> Self {
        Self::start_on("127.0.0.1:0")
    }

    /// An origin on this address.
    pub fn start_on(address: &str) -> Self {
        let listener = TcpListener::bind(address).expect("a port");
        let shared = Arc::new(Shared {
            address: listener.local_addr().expect("an address"),
            answers: Mutex::default(),
            log: Mutex::default(),
            connections: AtomicU64::default(),
            open: AtomicU64::default(),
            delay_ms: AtomicU64::default(),
            closed: AtomicBool::default(),
            sockets: Mutex::default(),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                if accepting.closed.load(SeqCst) {
                    return;
                }
                accepting.connections.fetch_add(1, SeqCst);
                accepting.open.fetch_add(1, SeqCst);
                if let Ok(copy) = socket.try_clone() {
                    lock(&accepting.sockets).push(copy);
                }
                let shared = Arc::clone(&accepting);
                thread::spawn(move || {
                    let _ = serve(&socket, &shared);
                    let _ = socket.shutdown(std::net::Shutdown::Both);
                    shared.open.fetch_sub(1, SeqCst);
                });
            }
        });
        Self { shared }
    }

    /// Puts an honest file there; its URL.
    pub fn put(&self, name: &str, bytes: Vec<u8>) -> String {
        self.put_as(name, Answer::new(bytes))
    }

    /// Puts what answers like this there, in place of what was there before; its URL.
    pub fn put_as(&self, name: &str, answer: Answer) -> String {
        lock(&self.shared.answers).insert(format!("/{name}"), Arc::new(answer));
        self.url(name)
    }

    /// Takes a file away: 404 from now on.
    pub fn remove(&self, name: &str) {
        lock(&self.shared.answers).remove(&format!("/{name}"));
    }

    /// The URL of a name, whether something is there or not.
    pub fn url(&self, name: &str) -> String {
        format!("http://{}/{name}", self.shared.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// How many requests came so far.
    pub fn requests(&self) -> u64 {
        lock(&self.shared.log).len() as u64
    }

    /// How many requests came for this name, whatever their query.
    pub fn requests_for(&self, name: &str) -> u64 {
        self.log_of(name).len() as u64
    }

    /// All requests in the order of their coming.
    pub fn log(&self) -> Vec<Request> {
        lock(&self.shared.log).clone()
    }

    /// The requests for this name, whatever their query.
    pub fn log_of(&self, name: &str) -> Vec<Request> {
        self.log().into_iter().filter(|request| request.path().strip_prefix('/') == Some(name)).collect()
    }

    /// Forgets the requests that came so far.
    pub fn forget(&self) {
        lock(&self.shared.log).clear();
    }

    /// How many connections were accepted so far.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(SeqCst)
    }

    /// How many connections are open. One whose other end is gone counts until the origin notices: at its next read or write.
    pub fn open_connections(&self) -> u64 {
        self.shared.open.load(SeqCst)
    }

    /// Closes all connections that are open, as an origin that restarts does.
    pub fn close_connections(&self) {
        for socket in lock(&self.shared.sockets).drain(..) {
            let _ = socket.shutdown(std::net::Shutdown::Both);
        }
    }

    /// From now on each answer waits for so long.
    pub fn answer_after(&self, delay: Duration) {
        self.shared.delay_ms.store(delay.as_millis() as u64, SeqCst);
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.shared.closed.store(true, SeqCst);
        self.close_connections();
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.shared.address);
    }
}

fn serve(socket: &TcpStream, shared: &Shared) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let mut reader = std::io::BufReader::new(socket);
    while let Some(request) = request::read(&mut reader)? {
        lock(&shared.log).push(request.clone());
        thread::sleep(Duration::from_millis(shared.delay_ms.load(SeqCst)));
        let answer = lock(&shared.answers).get(request.path()).cloned();
        let keep = match answer {
            None => wire::write(socket, &request, &reply::Reply::empty(404), None)?,
            Some(answer) => answer.write(socket, &request)?,
        };
        if !keep {
            break;
        }
    }
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no panic while locked")
}
