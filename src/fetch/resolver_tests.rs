//! Names with several addresses, and names whose addresses change.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use super::client::Settings;
use super::dial::Resolver;
use super::script_tests::{Script, Then};
use super::{Client, Error};

/// Answers name by name; each call takes the next answer, and the last one stays.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    answers: Arc<Mutex<Vec<Vec<IpAddr>>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Names {
    pub(super) fn new(answers: &[&[&str]]) -> Self {
        let parse = |answer: &&[&str]| answer.iter().map(|address| address.parse().unwrap()).collect();
        Self { answers: Arc::new(Mutex::new(answers.iter().map(parse).collect())), asked: Arc::default() }
    }

    pub(super) fn resolve(&self, name: &str, port: u16) -> Vec<SocketAddr> {
        self.asked.lock().unwrap().push(name.to_owned());
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 { answers.remove(0) } else { answers.first().cloned().unwrap_or_default() };
        answer.into_iter().map(|address| (address, port).into()).collect()
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    /// A client that asks here, and may fetch from 127.0.0.1 alone.
    pub(super) fn client(&self) -> Client {
        let settings = Settings { allow: vec!["127.0.0.1/32".parse().unwrap()], ..Settings::default() };
        Client::resolving(settings, Resolver::Scripted(self.clone()))
    }
}

async fn origin() -> Script {
    Script::start(|_| Then::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec())).await
}

fn named(origin: &Script) -> String {
    format!("http://film.example:{}/", origin.address.port())
}

#[tokio::test]
async fn the_address_that_was_judged_is_the_one_that_is_dialled() {
    let (origin, names) = (origin().await, Names::new(&[&["127.0.0.1"], &["127.0.0.2"]]));
    let client = names.client();
    assert_eq!(client.text(&named(&origin), 10).await.unwrap().body, "ok");
    assert_eq!(names.asked(), 1, "a second question could be answered otherwise");
    // Over the same connection: to the address that was judged, and nobody is asked.
    assert_eq!(client.text(&named(&origin), 10).await.unwrap().body, "ok");
    assert_eq!((names.asked(), origin.connections()), (1, 1));
}

#[tokio::test]
async fn a_name_that_turns_bad_is_refused_when_it_is_dialled_again() {
    let (origin, names) = (origin().await, Names::new(&[&["127.0.0.1"], &["127.0.0.2"]]));
    assert!(names.client().text(&named(&origin), 10).await.is_ok());
    // A client without a kept connection.
    assert_eq!(names.client().text(&named(&origin), 10).await.unwrap_err(), Error::Refused);
    assert_eq!((names.asked(), origin.connections()), (2, 1));
}

#[tokio::test]
async fn a_name_with_one_bad_address_is_refused_and_one_without_any_is_unknown() {
    let origin = origin().await;
    for bad in [&["127.0.0.1", "10.0.0.1"][..], &["::ffff:169.254.169.254", "127.0.0.1"], &["127.0.0.1", "::1"]] {
        let client = Names::new(&[bad]).client();
        assert_eq!(client.text(&named(&origin), 10).await.unwrap_err(), Error::Refused, "{bad:?}");
        assert_eq!(client.dial("film.example", origin.address.port()).await.unwrap_err(), Error::Refused, "{bad:?}");
    }
    assert_eq!(Names::new(&[&[]]).client().text(&named(&origin), 10).await.unwrap_err(), Error::Unresolved);
    assert_eq!(origin.connections(), 0);
}

#[tokio::test]
async fn each_hop_is_resolved_and_judged() {
    let names = Names::new(&[&["127.0.0.1"], &["192.168.0.1"]]);
    let answer = b"HTTP/1.1 302 X\r\nLocation: http://other.example/\r\nContent-Length: 0\r\n\r\n";
    let redirecting = Script::start(|_| Then::Send(answer.to_vec())).await;
    assert_eq!(names.client().text(&named(&redirecting), 10).await.unwrap_err(), Error::Refused);
    assert_eq!(names.asked(), 2);
}
