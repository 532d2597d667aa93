//! Which addresses may be dialled. What counts is the address itself, never how the URL spells it: names, numbers and redirects all
//! end in an address, and that one is judged.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net};

/// Special-purpose IPv4 blocks (RFC 6890 and its registry), and one public address that answers only inside a cloud.
const SPECIAL_V4: &[Ipv4Net] = &[
    net([0, 0, 0, 0], 8),
    net([10, 0, 0, 0], 8),
    net([100, 64, 0, 0], 10),
    net([127, 0, 0, 0], 8),
    // The host agent of Azure's machines.
    net([168, 63, 129, 16], 32),
    net([169, 254, 0, 0], 16),
    net([172, 16, 0, 0], 12),
    net([192, 0, 0, 0], 24),
    net([192, 0, 2, 0], 24),
    // Deprecated 6to4 relays.
    net([192, 88, 99, 0], 24),
    net([192, 168, 0, 0], 16),
    net([198, 18, 0, 0], 15),
    net([198, 51, 100, 0], 24),
    net([203, 0, 113, 0], 24),
    net([224, 0, 0, 0], 4),
    // Reserved, and the broadcast address.
    net([240, 0, 0, 0], 4),
];

const fn net(octets: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(octets[0], octets[1], octets[2], octets[3]), prefix)
}

/// Whether an address may be dialled: a public one, or one that the operator allows.
#[must_use]
pub fn permitted(address: IpAddr, allow: &[IpNet]) -> bool {
    let allowed = |address: IpAddr| allow.iter().any(|net| net.contains(&address));
    is_public(address) || allowed(address) || allowed(address.to_canonical())
}

/// The address, and the IPv4 address that it carries: IPv4-mapped, NAT64, 6to4.
pub(super) fn carried(address: IpAddr) -> [Option<IpAddr>; 2] {
    let IpAddr::V6(v6) = address else { return [Some(address), None] };
    let (high, low) = match v6.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => (high, low),
        [0x2002, high, low, ..] => (high, low),
        _ => return [Some(address), None],
    };
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    [Some(address), Some(Ipv4Addr::new(a, b, c, d).into())]
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !SPECIAL_V4.iter().any(|net| net.contains(&address))
}

/// Only global unicast (2000::/3) without its special blocks; an address that carries an IPv4 address is judged by that one, because a
/// translator on the way would dial it.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let s = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        // IPv4-mapped, and NAT64 (RFC 6052). The local NAT64 prefix 64:ff9b:1::/48 and IPv4-compatible addresses fall to the last arm.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        // 6to4
        [0x2002, high, low, ..] => embedded(high, low),
        // 2001::/23: Teredo, benchmarking, ORCHID and other protocol assignments.
        [0x2001, second, ..] if second < 0x200 => false,
        // Documentation.
        [0x2001, 0xdb8, ..] => false,
        [0x3fff, second, ..] if second < 0x1000 => false,
        // ISATAP carries an IPv4 address in its interface identifier.
        [.., 0 | 0x200, 0x5efe, high, low] if !embedded(high, low) => false,
        [first, ..] => (0x2000..0x4000).contains(&first),
    }
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
