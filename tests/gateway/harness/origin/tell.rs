//! What is sent in place of the honest reply.

use std::sync::Arc;

use super::{
    Answer, Lie,
    reply::{End, Framing, Reply},
    request::Request,
};

impl Lie {
    /// The reply with the lie in it. What is no HTTP at all is left to the wire.
    pub(super) fn told(self, honest: Reply, answer: &Answer, request: &Request, earlier: u64) -> Reply {
        let mut reply = honest;
        if reply.status == 206 {
            self.part(&mut reply, answer.body.len());
        }
        self.body(&mut reply, answer, earlier);
        self.head(&mut reply, answer, request);
        reply
    }

    /// Lies about which part of the file it is.
    fn part(self, reply: &mut Reply, total: usize) {
        let (from, to) = reply.part;
        let range = match self {
            Self::ContentRangeShifted => format!("bytes {}-{to}/{total}", from + 1),
            Self::ContentRangeShort => format!("bytes {from}-{}/{total}", from + (to - from) / 2),
            Self::ContentRangeSize => format!("bytes {from}-{}/{}", to - 1, total + 1000),
            Self::ContentRangeGarbled => "bytes many-of them/some".to_owned(),
            Self::SizeUnknown => format!("bytes {from}-{}/*", to - 1),
            Self::OtherPart => {
                reply.send(0, to - from);
                format!("bytes 0-{}/{total}", to - from - 1)
            }
            Self::ContentRangeMissing => return reply.unset("Content-Range"),
            Self::Multipart => return multipart(reply, total),
            _ => return,
        };
        reply.set("Content-Range", &range);
    }

    /// Lies about the body and its length.
    fn body(self, reply: &mut Reply, answer: &Answer, earlier: u64) {
        let total = answer.body.len();
        let (from, to) = reply.part;
        let half = (from, from + (to - from) / 2);
        match self {
            Self::ShortBody => (reply.part, reply.end) = (half, End::Close),
            Self::StallsMidBody => (reply.part, reply.end) = (half, End::Stall),
            Self::ClosesAfterHead => (reply.part, reply.end) = ((from, from), End::Close),
            Self::LengthBelowRange => reply.send(half.0, half.1),
            Self::LongBody => {
                reply.file = Arc::new([reply.bytes(), b"more bytes than were promised"].concat());
                (reply.part, reply.end) = ((0, reply.file.len()), End::Close);
            }
            Self::LengthAboveRange => {
                reply.file = Arc::new([reply.bytes(), b"a dozen more"].concat());
                reply.send(0, reply.file.len());
            }
            Self::Changes | Self::ChangesSilently if earlier > 0 => {
                reply.file = Arc::new(reply.file.iter().map(|byte| !byte).collect());
                if self == Self::Changes {
                    reply.set("ETag", "\"another version\"");
                }
            }
            Self::RangeIgnored => *reply = Reply::whole(200, &answer.body, &answer.headers),
            Self::Chunked | Self::ChunkedCutOff | Self::ChunkedGarbled => {
                *reply = Reply::whole(200, &answer.body, &answer.headers);
                reply.framing = Framing::Chunked;
                if self != Self::Chunked {
                    (reply.part, reply.end) = ((0, total / 2), End::Close);
                }
            }
            Self::UntilClose => {
                *reply = Reply::whole(200, &answer.body, &answer.headers);
                (reply.framing, reply.end) = (Framing::UntilClose, End::Close);
            }
            _ => {}
        }
    }

    /// Lies in status and headers.
    fn head(self, reply: &mut Reply, answer: &Answer, request: &Request) {
        let total = answer.body.len();
        let length = reply.bytes().len();
        match self {
            Self::PartialUnasked => {
                if reply.status == 200 {
                    reply.set("Content-Range", &format!("bytes 0-{}/{total}", total.saturating_sub(1)));
                }
                reply.status = 206;
            }
            Self::WeakEtag => reply.set("ETag", "W/\"weak\""),
            Self::Gzip => reply.set("Content-Encoding", "gzip"),
            Self::RedirectLoop => *reply = redirect(&request.target),
            Self::RedirectPrivate => *reply = redirect("http://10.255.255.1:9/film.mp4"),
            Self::RedirectScheme => *reply = redirect("file:///etc/passwd"),
            Self::RedirectNowhere => *reply = Reply::empty(302),
            Self::TwoLengths => reply.headers.push(("Content-Length".into(), (length + 7).to_string())),
            Self::LengthAndChunks => {
                reply.framing = Framing::Chunked;
                reply.headers.push(("Content-Length".into(), "5".into()));
            }
            Self::LengthGarbled => {
                (reply.framing, reply.end) = (Framing::UntilClose, End::Close);
                reply.headers.push(("Content-Length".into(), "-1".into()));
            }
            Self::Expired => *reply = Reply::empty(403),
            Self::LoginPage => {
                let page = Arc::new(b"<html><form>please log in</form></html>".to_vec());
                *reply = Reply::whole(200, &page, &[("Content-Type".into(), "text/html".into())]);
            }
            Self::NotModifiedUnasked => *reply = Reply::empty(304),
            Self::NeverSatisfiable => {
                *reply = Reply::empty(416);
                reply.set("Content-Range", &format!("bytes */{total}"));
            }
            Self::Overloaded => {
                *reply = Reply::empty(503);
                reply.set("Retry-After", "1");
            }
            Self::HeadDiffers if request.method == "HEAD" => reply.framing = Framing::Length(total + 4096),
            Self::Cookies => cookies(reply),
            _ => {}
        }
    }
}

fn redirect(to: &str) -> Reply {
    let mut reply = Reply::empty(302);
    reply.set("Location", to);
    reply
}

fn multipart(reply: &mut Reply, total: usize) {
    let (from, to) = reply.part;
    let head = format!("--cut\r\nContent-Type: video/mp4\r\nContent-Range: bytes {from}-{}/{total}\r\n\r\n", to - 1);
    reply.file = Arc::new([head.as_bytes(), reply.bytes(), b"\r\n--cut--\r\n"].concat());
    reply.send(0, reply.file.len());
    reply.unset("Content-Range");
    reply.set("Content-Type", "multipart/byteranges; boundary=cut");
}

fn cookies(reply: &mut Reply) {
    for (name, value) in [
        ("Set-Cookie", "session=secret; Path=/"),
        ("Set-Cookie2", "old=secret"),
        ("Connection", "keep-alive, x-hop"),
        ("X-Hop", "of one hop"),
        ("Keep-Alive", "timeout=5"),
        ("Proxy-Authenticate", "Basic"),
        ("Trailer", "x-late"),
        ("Upgrade", "h2c"),
        ("Strict-Transport-Security", "max-age=1"),
        ("Access-Control-Allow-Origin", "https://origin.example"),
        ("Server", "the origin"),
    ] {
        reply.headers.push((name.into(), value.into()));
    }
}
