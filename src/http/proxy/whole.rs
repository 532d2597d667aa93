//! Bodies that are there as a whole: manifests and captions as they are made for one client. They are counted until it has taken them.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use hyper::header::CONTENT_LENGTH;
use hyper::{Method, Request, Response, Version};

use super::patience::Patience;
use super::plane::ProxyPlane;
use crate::proxy::resource::Kind;
use crate::proxy::text::TextFailure;

/// What a stream of an HTTP/2 connection is handed at once: what it was handed it keeps, however slowly its client reads.
const PIECE: usize = 64 << 10;

/// An answer with this text and its length.
///
/// # Errors
/// [`TextFailure::Busy`] when too much waits for its clients already.
pub(super) fn response(
    plane: &ProxyPlane,
    kind: Kind,
    text: Bytes,
    request: &Request<()>,
) -> Result<Response<Body>, TextFailure> {
    let len = text.len();
    let body = match *request.method() {
        Method::HEAD => Body::empty(),
        _ => {
            let text = plane.texts.hold(text)?;
            plane.meter.sent(kind, len);
            match request.version() {
                Version::HTTP_2 => Body::new(Patience::with(Pieces { rest: text })),
                // Over HTTP/1 the connection itself is watched.
                _ => Body::from(text),
            }
        }
    };
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_LENGTH, len.into());
    Ok(response)
}

struct Pieces {
    rest: Bytes,
}

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let len = self.rest.len().min(PIECE);
        Poll::Ready((len > 0).then(|| Ok(Frame::data(self.rest.split_to(len)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_text_is_handed_out_piece_by_piece() {
        let text: Bytes = (0..PIECE * 2 + 5).map(|n| n as u8).collect::<Vec<_>>().into();
        let mut pieces = Pieces { rest: text.clone() };
        let first = pieces.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(first.len(), PIECE);
        assert_eq!([first, pieces.collect().await.unwrap().to_bytes()].concat(), text);
    }
}
