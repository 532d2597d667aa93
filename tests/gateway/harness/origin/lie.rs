//! The ways in which an origin lies, or is merely odd.

macro_rules! lies {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// What an origin does instead of the right thing.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Lie { $($(#[$doc])* $name),* }

        impl Lie {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];
        }
    };
}

lies! {
    /// 200 and the whole file, whatever is asked.
    RangeIgnored,
    /// `Content-Range` begins one byte later than what is sent.
    ContentRangeShifted,
    /// `Content-Range` ends before what is sent.
    ContentRangeShort,
    /// `Content-Range` names a size that is not the file's.
    ContentRangeSize,
    /// Another part than was asked for, truthfully labelled: the file's first bytes.
    OtherPart,
    /// 206 without `Content-Range`.
    ContentRangeMissing,
    /// 206 with a `Content-Range` that nobody can read.
    ContentRangeGarbled,
    /// `Content-Range` with `*` as the size: honest, and rare.
    SizeUnknown,
    /// 206 with the whole file although no range is asked for.
    PartialUnasked,
    /// multipart/byteranges for a single range.
    Multipart,
    /// The connection ends in the middle of the body.
    ShortBody,
    /// More bytes than were promised.
    LongBody,
    /// `Content-Length` and body are shorter than `Content-Range` says.
    LengthBelowRange,
    /// `Content-Length` is larger than the range, and so is the body.
    LengthAboveRange,
    /// Other bytes and another ETag from the second answer on.
    Changes,
    /// Other bytes from the second answer on, under the same ETag: nobody can notice; it must not crash anything.
    ChangesSilently,
    /// The ETag is a weak one.
    WeakEtag,
    /// `Content-Encoding: gzip` although that was refused.
    Gzip,
    /// A head that never ends.
    EndlessHead,
    /// One header of a MiB.
    LargeHead,
    /// 100 Continue again and again.
    EndlessInterim,
    /// 101 although nobody asked to switch.
    SwitchingProtocols,
    /// Redirects to itself.
    RedirectLoop,
    /// Redirects to an address that is not public.
    RedirectPrivate,
    /// Redirects to another scheme.
    RedirectScheme,
    /// A redirect without `Location`.
    RedirectNowhere,
    /// Nothing is answered.
    NeverAnswers,
    /// Half of the body, and then nothing more.
    StallsMidBody,
    /// The body comes byte by byte.
    Drips,
    /// Chunked, so that no length is known, and ranges are ignored: honest.
    Chunked,
    /// Chunked, and the end never comes: the connection closes in the middle.
    ChunkedCutOff,
    /// A chunk's size is no number.
    ChunkedGarbled,
    /// No length: the connection's end is the body's. Honest, in the manner of HTTP/1.0.
    UntilClose,
    /// Closes right after the head.
    ClosesAfterHead,
    /// Closes before the head.
    ClosesBeforeHead,
    /// Bytes that are no HTTP.
    NotHttp,
    /// Two lengths that contradict each other.
    TwoLengths,
    /// A length and chunks.
    LengthAndChunks,
    /// A length that is no number.
    LengthGarbled,
    /// The signature has expired: 403.
    Expired,
    /// A page that asks to log in, under 200.
    LoginPage,
    /// 304 although no condition was asked.
    NotModifiedUnasked,
    /// 416, whatever is asked.
    NeverSatisfiable,
    /// 503 with `Retry-After`.
    Overloaded,
    /// HEAD tells another length than GET.
    HeadDiffers,
    /// Cookies and hop-by-hop headers.
    Cookies,
}
