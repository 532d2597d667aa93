//! Kept answers, and what stands in for one that does not come.

use synctv_store::{PlaybackKind, ProxyMode};

use super::*;

impl Playables {
    /// Makes all that is kept so old that it is asked for anew.
    pub(crate) fn make_old(&self) {
        for kept in self.shelf.lock().kept.values_mut() {
            let answered = kept.question.borrow().as_ref().map(|answered| (answered.answer.clone(), answered.at));
            let (answer, at) = answered.unwrap();
            kept.question = watch::channel(Some(Answered { answer, at, until: Instant::now() })).1;
        }
    }
}

#[test]
fn what_was_not_used_for_the_longest_time_goes_first() {
    let mut shelf = Shelf::default();
    let key = |n: usize| ("r_1".to_owned(), format!("m_{n}"));
    let (_sender, question) = watch::channel(None);
    for n in 0..PLAYABLES_MAX + 10 {
        shelf.make_room(&key(n));
        shelf.kept.insert(key(n), Kept { question: question.clone(), old: None, used: n as u64 });
        assert!(shelf.kept.len() <= PLAYABLES_MAX);
    }
    assert!(!shelf.kept.contains_key(&key(0)));
    assert!(shelf.kept.contains_key(&key(PLAYABLES_MAX - 1)) && shelf.kept.contains_key(&key(PLAYABLES_MAX + 9)));
    shelf.make_room(&key(PLAYABLES_MAX - 1));
    assert!(shelf.kept.contains_key(&key(PLAYABLES_MAX / 2)), "what is kept already needs no room");
}

#[test]
fn an_answer_is_kept_until_shortly_before_its_end() {
    let now = OffsetDateTime::UNIX_EPOCH;
    let ends = |seconds: Option<i64>| {
        let expires_at = seconds.map(|seconds| now + time::Duration::seconds(seconds));
        let (kind, proxy_mode) = (PlaybackKind::Regular, ProxyMode::Auto);
        good_for(&Ok(Arc::new(Playable { kind, modes: Vec::new(), proxy_mode, expires_at })), now).as_secs()
    };
    assert_eq!([None, Some(100), Some(10), Some(-10), Some(100_000)].map(ends), [600, 70, 2, 2, 600]);
    assert_eq!(good_for(&Err(PlayFailure::Late), now), FAILED_FOR);
}

#[tokio::test]
async fn an_old_answer_stands_in_within_bounds_and_not_for_what_is_gone() {
    let (kind, proxy_mode) = (PlaybackKind::Regular, ProxyMode::Auto);
    let playable = Arc::new(Playable { kind, modes: Vec::new(), proxy_mode, expires_at: None });
    let now = Instant::now();
    let kept = |answer: Option<Answer>, old: Option<Instant>| Kept {
        question: watch::channel(answer.map(|answer| Answered { answer, at: now, until: now })).1,
        old: old.map(|until| (playable.clone(), until)),
        used: 0,
    };
    let soon = now + Duration::from_secs(60);
    let until = |kept: Kept, at: Instant| kept.stands_in(at).map(|(_, until)| until);
    let gone = || PlayFailure::Store(Error::NotFound(String::new()));
    for (answer, old, stands_until) in [
        (None, None, None),
        (None, Some(soon), Some(soon)),
        (Some(Ok(playable.clone())), None, Some(now + STANDS_IN_FOR)),
        (Some(Ok(playable.clone())), Some(soon), Some(now + STANDS_IN_FOR)),
        (Some(Err(PlayFailure::Late)), Some(soon), Some(soon)),
        (Some(Err(PlayFailure::Late)), None, None),
        (Some(Err(gone())), Some(soon), None),
    ] {
        assert_eq!(until(kept(answer.clone(), old), now), stands_until, "{answer:?}");
        assert_eq!(until(kept(answer, old), now + STANDS_IN_FOR), None, "a failure to renew makes nothing last longer");
    }
}
