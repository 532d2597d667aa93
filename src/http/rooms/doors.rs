//! Passwords at the door: hashed slowly, few at a time, and tried not too often.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use crate::error::Error;

/// A hash takes 19 MiB and a core for tens of ms: more at a time would starve the rest of the process.
const HASHED_AT_A_TIME: usize = 2;
/// Attempts that a room takes in one [`WINDOW`].
const ATTEMPTS: u32 = 5;
const WINDOW: Duration = Duration::from_secs(1);
/// Rooms are forgotten when their window is over; they are looked through when there are more than this.
const ROOMS_KEPT: usize = 1024;
/// The longest password, in characters.
const PASSWORD_MAX: usize = 128;

/// What stands between a password and a room.
#[derive(Debug)]
pub(in crate::http) struct Doors {
    hashing: Arc<Semaphore>,
    attempts: Mutex<HashMap<String, Attempts>>,
}

#[derive(Debug, Clone, Copy)]
struct Attempts {
    since: Instant,
    made: u32,
}

impl Default for Doors {
    fn default() -> Self {
        Self { hashing: Arc::new(Semaphore::new(HASHED_AT_A_TIME)), attempts: Mutex::default() }
    }
}

impl Doors {
    /// What is stored of a password.
    ///
    /// # Errors
    /// `Invalid` for one that is too short or too long.
    pub(super) async fn hash(&self, password: String) -> Result<String, Error> {
        if !(1..=PASSWORD_MAX).contains(&password.chars().count()) {
            return Err(Error::Invalid(format!("a password is 1 to {PASSWORD_MAX} characters")));
        }
        let mut salt = [0; 16];
        getrandom::fill(&mut salt)
            .map_err(|err| Error::Unavailable(format!("the system gives no random bytes: {err}")))?;
        self.slowly(move || {
            let salt = SaltString::encode_b64(&salt)?;
            Argon2::default().hash_password(password.as_bytes(), &salt).map(|hash| hash.to_string())
        })
        .await?
        .map_err(|err| Error::Unavailable(format!("the password cannot be hashed: {err}")))
    }

    /// Whether a password is the one that was hashed.
    ///
    /// # Errors
    /// `Unavailable` when the stored hash cannot be read.
    pub(super) async fn opens(&self, hash: String, password: String) -> Result<bool, Error> {
        if password.chars().count() > PASSWORD_MAX {
            return Ok(false);
        }
        let verified = self
            .slowly(move || Argon2::default().verify_password(password.as_bytes(), &PasswordHash::new(&hash)?))
            .await?;
        match verified {
            Ok(()) => Ok(true),
            Err(argon2::password_hash::Error::Password) => Ok(false),
            Err(err) => Err(Error::Unavailable(format!("the room's password hash cannot be read: {err}"))),
        }
    }

    /// Runs outside the async workers. A request that is given up keeps its place until its hash is done.
    async fn slowly<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let place = Arc::clone(&self.hashing).acquire_owned().await;
        let place = place.map_err(|_| Error::Unavailable("the server is stopping".into()))?;
        let done = tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        });
        done.await.map_err(|_| Error::Unavailable("the server is stopping".into()))
    }

    /// Counts an attempt at a room's password; false when there were too many at this moment.
    pub(super) fn knock(&self, room_id: &str, now: Instant) -> bool {
        let mut attempts = self.attempts.lock();
        if attempts.len() >= ROOMS_KEPT {
            attempts.retain(|_, one| now.saturating_duration_since(one.since) < WINDOW);
        }
        let fresh = Attempts { since: now, made: 0 };
        let one = attempts.entry(room_id.to_owned()).or_insert(fresh);
        if now.saturating_duration_since(one.since) >= WINDOW {
            *one = fresh;
        }
        one.made = one.made.saturating_add(1);
        one.made <= ATTEMPTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_same_password_opens() {
        let doors = Doors::default();
        let hash = doors.hash("pässwörd".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$") && !hash.contains("rd"), "{hash}");
        assert!(doors.opens(hash.clone(), "pässwörd".into()).await.unwrap());
        assert!(!doors.opens(hash.clone(), "passwort".into()).await.unwrap());
        assert!(!doors.opens(hash, String::new()).await.unwrap());
        assert!(doors.opens("damaged".into(), "x".into()).await.is_err());
    }

    #[tokio::test]
    async fn empty_and_endless_passwords_are_refused() {
        let doors = Doors::default();
        assert!(doors.hash(String::new()).await.is_err());
        assert!(doors.hash("x".repeat(129)).await.is_err());
        assert!(doors.hash("é".repeat(128)).await.is_ok());
    }

    #[test]
    fn a_room_takes_five_attempts_a_second() {
        let doors = Doors::default();
        let now = Instant::now();
        let opened = (0..8).filter(|_| doors.knock("r_1", now)).count();
        assert_eq!(opened, 5);
        assert!(doors.knock("r_2", now), "another room has its own count");
        assert!(doors.knock("r_1", now + WINDOW));
    }

    #[test]
    fn rooms_are_forgotten() {
        let doors = Doors::default();
        let now = Instant::now();
        for n in 0..ROOMS_KEPT {
            doors.knock(&n.to_string(), now);
        }
        doors.knock("last", now + WINDOW);
        assert_eq!(doors.attempts.lock().len(), 1);
    }
}
