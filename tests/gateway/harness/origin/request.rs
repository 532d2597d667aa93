//! What reached the origin.

use std::io::BufRead;

/// The head of a request.
#[derive(Debug, Clone, Default)]
pub struct Request {
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names in lower case, in the order they came.
    pub headers: Vec<(String, String)>,
}

impl Request {
    /// The first header of this name, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|header| header.0 == name).map(|header| header.1.as_str())
    }

    /// The target without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// What stands behind the question mark.
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// The single range that is asked for: positions from first to last, in a file of so many bytes. `Err`: it cannot be satisfied.
    pub fn range(&self, total: usize) -> Option<Result<(usize, usize), ()>> {
        let (first, last) = self.header("range")?.strip_prefix("bytes=")?.split_once('-')?;
        if first.is_empty() {
            let length: usize = last.parse().ok()?;
            return Some(if length == 0 || total == 0 {
                Err(())
            } else {
                Ok((total.saturating_sub(length), total - 1))
            });
        }
        let first: usize = first.parse().ok()?;
        let last = last.parse::<usize>().unwrap_or(usize::MAX).min(total.saturating_sub(1));
        Some(if first >= total { Err(()) } else { Ok((first, last)) })
    }
}

/// The next request on a connection; `None` at its end.
pub fn read(reader: &mut impl BufRead) -> std::io::Result<Option<Request>> {
    let mut request = Request::default();
    loop {
        let mut line = Vec::new();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        if line.is_empty() {
            return Ok(Some(request));
        }
        if request.method.is_empty() {
            let mut words = line.split(' ');
            request.method = words.next().unwrap_or_default().into();
            request.target = words.next().unwrap_or("/").into();
        } else if let Some((name, value)) = line.split_once(':') {
            request.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
}
