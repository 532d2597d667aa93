//! DASH manifests (ISO/IEC 23009-1) with other URLs in them. Read twice: once for what is in force where (a base URL or a template
//! stands for all representations below it, wherever below it a further base URL stands), once to write. What is not an element or attribute
//! known here survives byte for byte.

mod attributes;
mod levels;
mod template;
mod walk;
mod write;

use url::Url;

use super::refused::{Refused, Why};
use super::resource::Links;
use walk::Roots;

/// Elements within elements.
pub const DEPTH_MAX: usize = 64;
/// Periods, adaptation sets and representations together.
pub const LEVELS_MAX: usize = 20_000;
/// What a manifest is told to set its clock by: this server's time, as it is found from below `/p/PASS/SIGNATURE/REFERENCE/`, whatever path the
/// server is reached under.
pub const TIME: &str = "../../../../time";

/// Before what the fragment of a remote element's URL tells: where it is embedded.
const EMBEDDED_AT: &str = "embedded-at=";

/// Replaces the URLs of a manifest that came from `base`, the URL after redirects. Media, initialisation, index and switching URLs, lists,
/// `Location`, `ImportedMPD` and steering lead to us; `UTCTiming` over HTTP or NTP is [`TIME`], and a dynamic manifest without one
/// gets it. `PatchLocation` is left out: a patch cannot be rewritten without the manifest it is for, and a player without one
/// fetches the whole. An `xlink` to a remote period, adaptation
/// set, representation or event stream leads to us, where it is rewritten too ([`rewrite_remote`]); to other elements it is left out, as by a
/// player that cannot resolve it (5.5.3). Of several `BaseURL`s of a level the first counts, unless they are the media themselves. Licence servers, metrics and
/// events stay as they are.
///
/// # Errors
/// [`Refused`]: nothing of the manifest is to be given out.
pub fn rewrite(text: &[u8], base: &Url, links: &mut dyn Links) -> Result<String, Refused> {
    let text = walk::text(text)?;
    rewrite_as(text, Roots::Manifest, base, links)
}

/// The same for remote elements. What is relative in them refers to the place that they are embedded at, which is told in the fragment of
/// `asked`, the URL that the manifest gave.
///
/// # Errors
/// [`Refused`].
pub fn rewrite_remote(text: &[u8], asked: &Url, links: &mut dyn Links) -> Result<String, Refused> {
    let at = asked.fragment().and_then(|fragment| fragment.strip_prefix(EMBEDDED_AT));
    let base = at.and_then(|at| Url::parse(at).ok()).ok_or(Why::Uri.at(1))?;
    rewrite_as(walk::text(text)?, Roots::Remote, &base, links)
}

fn rewrite_as(text: &str, roots: Roots, base: &Url, links: &mut dyn Links) -> Result<String, Refused> {
    let levels = levels::read(text, roots, base)?;
    write::rewritten((text, roots), base, &levels, links)
}

/// Whether a manifest changes (ISO 23009-1 5.3.1.2); one that cannot be read does.
#[must_use]
pub fn is_live(text: &[u8]) -> bool {
    let root = walk::text(text).ok().and_then(walk::root_type);
    root.is_none_or(|root_type| root_type == "dynamic")
}

#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod hostile_tests;
