//! Reads the times of a movie fragment (ISO 14496-12 8.8).

/// One track of a fragment, in ticks of its timescale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    pub track: u32,
    pub start: u64,
    pub end: u64,
    pub samples: u32,
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

/// The bodies of the boxes of one kind.
fn boxes<'a>(mut bytes: &'a [u8], kind: &[u8; 4]) -> Vec<&'a [u8]> {
    let mut found = Vec::new();
    while bytes.len() >= 8 {
        let (this, rest) = bytes.split_at(word(bytes, 0) as usize);
        if &this[4..8] == kind {
            found.push(&this[8..]);
        }
        bytes = rest;
    }
    found
}

/// The tracks of a segment.
pub fn runs(segment: &[u8]) -> Vec<Run> {
    boxes(boxes(segment, b"moof")[0], b"traf").into_iter().map(run).collect()
}

fn run(traf: &[u8]) -> Run {
    let (tfhd, tfdt, trun) = (boxes(traf, b"tfhd")[0], boxes(traf, b"tfdt")[0], boxes(traf, b"trun")[0]);
    assert_eq!(tfdt[0], 1, "64-bit decode times");
    let start = u64::from(word(tfdt, 4)) << 32 | u64::from(word(tfdt, 8));
    let (flags, samples) = (word(trun, 0) & 0xff_ffff, word(trun, 4));
    let duration = if flags & 0x100 == 0 {
        assert_eq!(word(tfhd, 0) & 0x0b, 0x08, "a default duration and no fields before it");
        u64::from(samples) * u64::from(word(tfhd, 8))
    } else {
        let each = 4 * (flags & 0xf00).count_ones() as usize;
        let first = 8 + 4 * (flags & 5).count_ones() as usize;
        (0..samples as usize).map(|n| u64::from(word(trun, first + n * each))).sum()
    };
    Run { track: word(tfhd, 4), start, end: start + duration, samples }
}
