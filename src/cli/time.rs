//! Times as people say them.

use std::time::Duration;

use time::OffsetDateTime;

/// `3 min ago`, `in 2 h`, `now`.
pub(super) fn relative(at: OffsetDateTime, now: OffsetDateTime) -> String {
    let future = at > now;
    // A moment ago it was a whole number of days: what is left of `--expires 7d` is told as 7 d and not as 6 d.
    let distance = (at - now).unsigned_abs() + Duration::from_millis(if future { 500 } else { 0 });
    match (distance.as_secs(), future) {
        (0, _) => "now".to_owned(),
        (_, true) => format!("in {}", rough(distance)),
        (_, false) => format!("{} ago", rough(distance)),
    }
}

/// The same for a time there may not be.
pub(super) fn relative_or_dash(at: Option<OffsetDateTime>, now: OffsetDateTime) -> String {
    at.map_or_else(|| "-".to_owned(), |at| relative(at, now))
}

/// A span in its largest unit that counts at least two, rounded down.
pub(super) fn rough(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        172_800..63_072_000 => format!("{} d", seconds / 86_400),
        _ => format!("{} y", seconds / 31_536_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_from_now() {
        let now = OffsetDateTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let told = |seconds: i64| relative(now + time::Duration::seconds(seconds), now);
        let shown: Vec<_> = [0, -5, 90, -180, 7200, -86_400 * 3, 86_400 * 800].into_iter().map(told).collect();
        assert_eq!(shown, ["now", "5 s ago", "in 90 s", "3 min ago", "in 2 h", "3 d ago", "in 2 y"]);
        assert_eq!(relative_or_dash(None, now), "-");
        let week = now + Duration::from_secs(7 * 86_400) - Duration::from_millis(20);
        assert_eq!(relative(week, now), "in 7 d");
    }
}
