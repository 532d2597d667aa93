//! Signatures in queries. They change with every URL that is given out, while what they open stays the same.
//!
//! Nothing opens by this alone: a version that is kept is given to a signature only once its origin has told that very version to it
//! ([`super::question`]), and what a signature is told otherwise is kept for that URL alone. A name too many here costs a question; one too
//! few costs all bytes again with each signature.

use url::Url;

/// A way of signing URLs.
struct Scheme {
    /// Parameters that all stand in a URL signed in this way.
    marks: &'static [&'static str],
    /// Parameters that belong to the signature.
    drops: &'static [&'static str],
}

const SCHEMES: &[Scheme] = &[
    // AWS Signature Version 4, and whoever speaks S3.
    Scheme {
        marks: &["X-Amz-Signature"],
        drops: &[
            "X-Amz-Signature",
            "X-Amz-Algorithm",
            "X-Amz-Credential",
            "X-Amz-Date",
            "X-Amz-Expires",
            "X-Amz-SignedHeaders",
            "X-Amz-Security-Token",
            "X-Amz-Content-Sha256",
        ],
    },
    // AWS Signature Version 2.
    Scheme {
        marks: &["AWSAccessKeyId", "Signature"],
        drops: &["AWSAccessKeyId", "Signature", "Expires", "x-amz-security-token"],
    },
    // CloudFront, canned and custom policies.
    Scheme {
        marks: &["Key-Pair-Id", "Signature"],
        drops: &["Key-Pair-Id", "Signature", "Expires", "Policy", "Hash-Algorithm"],
    },
    // Google Cloud Storage, V4 and V2.
    Scheme {
        marks: &["X-Goog-Signature"],
        drops: &[
            "X-Goog-Signature",
            "X-Goog-Algorithm",
            "X-Goog-Credential",
            "X-Goog-Date",
            "X-Goog-Expires",
            "X-Goog-SignedHeaders",
        ],
    },
    Scheme { marks: &["GoogleAccessId", "Signature"], drops: &["GoogleAccessId", "Signature", "Expires"] },
    // Alibaba OSS, V1 and V4.
    Scheme {
        marks: &["OSSAccessKeyId", "Signature"],
        drops: &["OSSAccessKeyId", "Signature", "Expires", "security-token"],
    },
    Scheme {
        marks: &["x-oss-signature"],
        drops: &[
            "x-oss-signature",
            "x-oss-signature-version",
            "x-oss-credential",
            "x-oss-date",
            "x-oss-expires",
            "x-oss-security-token",
            "x-oss-additional-headers",
        ],
    },
    // Tencent COS.
    Scheme {
        marks: &["q-signature"],
        drops: &[
            "q-signature",
            "q-sign-algorithm",
            "q-ak",
            "q-sign-time",
            "q-key-time",
            "q-header-list",
            "q-url-param-list",
            "x-cos-security-token",
        ],
    },
    // Azure shared access signatures: of accounts, services and users' delegation.
    Scheme {
        marks: &["sig", "sv"],
        drops: &[
            "sig", "sv", "st", "se", "sr", "sp", "spr", "sip", "ss", "srt", "si", "skoid", "sktid", "skt", "ske",
            "sks", "skv", "sdd", "saoid", "suoid", "scid",
        ],
    },
    // Bilibili. The path names the file; all of this is about whoever asked.
    Scheme {
        marks: &["upsig", "deadline"],
        drops: &[
            "upsig", "deadline", "uparams", "trid", "oi", "mid", "gen", "uipk", "nbs", "orderid", "buvid", "bvc",
            "nettype", "logo", "bw", "build", "agrcc", "f", "e", "platform", "og", "os", "tag", "dl",
        ],
    },
    // Akamai tokens.
    Scheme { marks: &["hdnts"], drops: &["hdnts"] },
    Scheme { marks: &["hdnea"], drops: &["hdnea"] },
    Scheme { marks: &["hdntl"], drops: &["hdntl"] },
    Scheme { marks: &["__token__"], drops: &["__token__"] },
];

/// Signatures under names that mean other things elsewhere: they are signatures beside a moment until which they count, in a parameter of one
/// of the second names. A token that does not end is somebody's name, and leads to what is theirs.
const TIMED: &[(&[&str], &[&str])] = &[
    (&["token", "access_token"], &["expires"]),
    (&["sign"], &["t", "expires"]),
    (&["sig"], &["expires"]),
    (&["hmac"], &["expires", "exp"]),
    // Qiniu.
    (&["token"], &["e"]),
    // Tencent and Wangsu.
    (&["txSecret"], &["txTime"]),
    (&["wsSecret"], &["wsTime"]),
];

/// The URL without its fragment and without signatures; `true`: there was one.
pub(super) fn unsigned(url: &Url) -> (String, bool) {
    let mut plain = url.clone();
    plain.set_fragment(None);
    let Some(query) = url.query() else { return (plain.into(), false) };
    let pairs: Vec<&str> = query.split('&').collect();
    let stands = |mark: &str| pairs.iter().any(|pair| name(pair).eq_ignore_ascii_case(mark));
    let schemes: Vec<_> = SCHEMES.iter().filter(|scheme| scheme.marks.iter().all(|mark| stands(mark))).collect();
    let timed: Vec<&str> = TIMED.iter().flat_map(|(secrets, moments)| timed(&pairs, secrets, moments)).collect();
    let dropped = |pair: &&str| {
        let listed = |scheme: &&Scheme| scheme.drops.iter().any(|drop| name(pair).eq_ignore_ascii_case(drop));
        schemes.iter().any(listed) || timed.contains(pair) || is_alist(pair) || is_aliyun(pair)
    };
    let kept: Vec<&str> = pairs.iter().copied().filter(|pair| !dropped(pair)).collect();
    let signed = kept.len() < pairs.len();
    let query = kept.join("&");
    plain.set_query((!query.is_empty()).then_some(&query));
    (plain.into(), signed)
}

fn name(pair: &str) -> &str {
    pair.split_once('=').map_or(pair, |(name, _)| name)
}

fn value(pair: &str) -> &str {
    pair.split_once('=').map_or("", |(_, value)| value)
}

/// Pairs that are a signature and its moment, when both are there.
fn timed<'a>(pairs: &[&'a str], secrets: &[&str], moments: &[&str]) -> Vec<&'a str> {
    let named = |pair: &&&str, names: &[&str]| names.iter().any(|wanted| name(pair).eq_ignore_ascii_case(wanted));
    let secret = |pair: &&&str| named(pair, secrets) && !value(pair).is_empty();
    let moment = |pair: &&&str| named(pair, moments) && is_moment(value(pair));
    let both = pairs.iter().any(|pair| secret(&pair)) && pairs.iter().any(|pair| moment(&pair));
    pairs.iter().filter(|pair| both && (secret(pair) || moment(pair))).copied().collect()
}

/// Since 1970: seconds (2001 to 2286) or milliseconds, or seconds in the eight hexadecimal digits that they have from 2004 on.
fn is_moment(text: &str) -> bool {
    let decimal = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    let hexadecimal = text.bytes().all(|byte| byte.is_ascii_hexdigit()) && text.as_bytes().first() >= Some(&b'4');
    decimal && matches!(text.len(), 10 | 13) || hexadecimal && text.len() == 8
}

/// Alist and OpenList: `sign=<base64>:<seconds since 1970, or 0>`. Other sites use the name for other things.
fn is_alist(pair: &str) -> bool {
    let Some(value) = pair.strip_prefix("sign=") else { return false };
    let ends = value.rsplit_once(':').or_else(|| value.rsplit_once("%3A")).or_else(|| value.rsplit_once("%3a"));
    // What does not end is known by its length.
    ends.is_some_and(|(mac, until)| match until {
        "0" => mac.len() >= 16,
        until => !mac.is_empty() && until.len() >= 10 && is_moment(until),
    })
}

/// Alibaba's network: `auth_key=<seconds>-<random>-<user>-<MD5>`.
fn is_aliyun(pair: &str) -> bool {
    let fields: Vec<_> = value(pair).split('-').collect();
    name(pair).eq_ignore_ascii_case("auth_key")
        && matches!(fields.as_slice(), [until, _, _, md5] if is_moment(until) && md5.len() == 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(url: &str) -> (String, bool) {
        unsigned(&url.parse().unwrap())
    }

    #[test]
    fn signatures_of_every_scheme_are_no_part_of_what_a_url_leads_to() {
        for query in [
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a&X-Amz-Date=d&X-Amz-Expires=9&X-Amz-SignedHeaders=host&X-Amz-Signature=1",
            "AWSAccessKeyId=a&Expires=1&Signature=b",
            "Policy=p&Signature=b&Key-Pair-Id=k",
            "X-Goog-Algorithm=a&X-Goog-Credential=c&X-Goog-Date=d&X-Goog-Expires=9&X-Goog-SignedHeaders=host&X-Goog-Signature=1",
            "GoogleAccessId=a&Expires=1&Signature=b",
            "OSSAccessKeyId=a&Expires=1&Signature=b&security-token=t",
            "x-oss-signature-version=v&x-oss-credential=c&x-oss-date=d&x-oss-expires=1&x-oss-signature=s",
            "q-sign-algorithm=sha1&q-ak=a&q-sign-time=1;2&q-key-time=1;2&q-header-list=host&q-url-param-list=&q-signature=s",
            "sv=2022&st=1&se=2&sr=b&sp=r&sig=x%3D",
            "e=ig8&uipk=5&nbs=1&deadline=1700000000&gen=playurl&os=cos&oi=1&trid=t&mid=0&platform=pc&upsig=u&uparams=e,uipk",
            "hdnts=exp=1~acl=/*~hmac=ab",
            "sign=AbCdEfGhIjKlMnOpQrStUv==:1700000000",
            "sign=AbCdEfGhIjKlMnOpQrStUv%3D%3D%3A0",
            "sign=abc:1769817613",
            "sign=abc%3A1769817613",
            "auth_key=1769817613-0-0-0123456789abcdef0123456789ABCDEF",
            "txSecret=0123456789abcdef&txTime=697DA38D",
            "wsSecret=0123456789abcdef&wsTime=697da38d",
            "token=abc&expires=1769817613",
            "expires=1769817613000&access_token=abc",
            "e=1769817613&token=key:mac",
            "sign=abc&t=697da38d",
            "sign=abc&t=1769817613",
            "Sign=abc&Expires=1769817613",
            "sig=abc&expires=1769817613",
            "hmac=abc&exp=1769817613",
        ] {
            let url = format!("https://o.example/film.mp4?id=7&{query}#t=9");
            assert_eq!(plain(&url), ("https://o.example/film.mp4?id=7".into(), true), "{query}");
            let url = format!("https://o.example/film.mp4?{query}");
            assert_eq!(plain(&url), ("https://o.example/film.mp4".into(), true), "{query}");
        }
    }

    #[test]
    fn what_only_looks_like_a_part_of_a_signature_stays() {
        for query in
            ["Expires=1", "Signature=b", "sig=1", "sp=3&sr=2", "deadline=1&e=2", "sign=md5", "sign=shop:7", "f=1&e=2"]
                .into_iter()
                .chain([
                    "token=anns",
                    "token=anns&expires=3600",
                    "token=&expires=1769817613",
                    "token=anns&t=1769817613",
                ])
                .chain(["t=1769817613", "sign=abc&t=90", "sign=abc:0", "sign=:1769817613", "auth_key=1", "txSecret=a"])
                .chain(["auth_key=1769817613-0-0-secret", "hmac=abc", "password=a&expires=1769817613"])
        {
            let url = format!("https://o.example/film.mp4?{query}");
            assert_eq!(plain(&url), (url.clone(), false), "{query}");
        }
    }
}
