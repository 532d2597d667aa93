//! Writing boxes (ISO 14496-12 4.2).

/// A box: size, type, and what `content` writes.
pub(super) fn nest(out: &mut Vec<u8>, kind: [u8; 4], content: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&kind);
    content(out);
    // A box here holds a header of a few KB; a length past 32 bits cannot come up.
    let size = u32::try_from(out.len() - start).unwrap_or(u32::MAX);
    if let Some(field) = out.get_mut(start..start + 4) {
        field.copy_from_slice(&size.to_be_bytes());
    }
}

/// A full box: a box whose content begins with version and flags.
pub(super) fn nest_full(out: &mut Vec<u8>, kind: [u8; 4], version: u8, flags: u32, content: impl FnOnce(&mut Vec<u8>)) {
    nest(out, kind, |out| {
        put32(out, u32::from(version) << 24 | flags & 0x00ff_ffff);
        content(out);
    });
}

pub(super) fn put16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_be_bytes());
}

pub(super) fn put32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_be_bytes());
}

pub(super) fn put64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_be_bytes());
}

pub(super) fn zeros(out: &mut Vec<u8>, count: usize) {
    out.resize(out.len() + count, 0);
}
