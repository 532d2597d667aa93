//! A plain connection for protocols other than HTTP, to a judged address.

use tokio::net::TcpStream;

use super::{Client, Error, dial, parse_url};

impl Client {
    /// Resolves once, has every address judged, dials one of them. The caller bounds the time.
    ///
    /// # Errors
    /// [`Error::Url`] when that is no host, [`Error::Refused`], [`Error::Unresolved`], [`Error::Connection`].
    pub async fn dial_raw(&self, host: &str, port: u16) -> Result<TcpStream, Error> {
        // Read as hosts of web URLs are, so that all spellings of an address are one.
        let url = parse_url(&format!("http://{host}:{port}/"))?;
        dial::connect(&dial::judged(&url, self.allow()).await?).await
    }
}
