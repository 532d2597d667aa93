use super::*;

fn resource(url: &str, headers: &[(&'static str, &'static str)], stripped: bool) -> Resource {
    let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    Resource {
        kind: super::super::resource::Kind::Hls,
        url: url.parse().unwrap(),
        headers: Arc::new(headers),
        stripped,
    }
}

#[test]
fn only_the_same_request_shares_an_answer() {
    let one = key(&resource("http://o/a", &[("x", "1"), ("y", "2")], false));
    assert_eq!(one, key(&resource("http://o/a", &[("y", "2"), ("x", "1")], false)));
    for other in [
        resource("http://o/b", &[("x", "1"), ("y", "2")], false),
        resource("http://o/a", &[("x", "1"), ("y", "3")], false),
        resource("http://o/a", &[("x", "1")], false),
        resource("http://o/a", &[("x", "1"), ("y", "2")], true),
    ] {
        assert_ne!(one, key(&other), "{other:?}");
    }
}

#[test]
fn what_is_held_is_bounded_and_let_go() {
    let all = Arc::<AtomicUsize>::default();
    let mut one = Held { all: all.clone(), bytes: 0 };
    let mut other = Held { all: all.clone(), bytes: 0 };
    assert!(one.grow(HELD_MAX).is_ok());
    assert!(matches!(other.grow(1), Err(TextFailure::Busy)));
    drop((one, other));
    assert_eq!(all.load(Relaxed), 0);
}
