//! Which addresses may be connected to: the public ones, and those that the operator allows. An endpoint's URL is
//! somebody's input, and must not lead to what only this machine or its network can reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Networks that may be connected to though they are not public.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowed(Vec<IpNet>);

/// An address that is not connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    #[error("`{0}` is not a public address; `DUTYLINE_WEBHOOK_ALLOW` may name its network")]
    Private(IpAddr),
    #[error("without TLS only networks are connected to that `DUTYLINE_WEBHOOK_ALLOW` names, not `{0}`")]
    Unencrypted(IpAddr),
}

/// Whether what is sent is encrypted on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Tls,
    Plain,
}

/// What of IPv4 is not the public's (IANA's registry of special-purpose addresses), and an address at which a cloud
/// has its metadata.
const PRIVATE_V4: [Ipv4Net; 16] = [
    v4([0, 0, 0, 0], 8),
    v4([10, 0, 0, 0], 8),
    v4([100, 64, 0, 0], 10),
    v4([127, 0, 0, 0], 8),
    v4([168, 63, 129, 16], 32),
    v4([169, 254, 0, 0], 16),
    v4([172, 16, 0, 0], 12),
    v4([192, 0, 0, 0], 24),
    v4([192, 0, 2, 0], 24),
    v4([192, 88, 99, 0], 24),
    v4([192, 168, 0, 0], 16),
    v4([198, 18, 0, 0], 15),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    v4([224, 0, 0, 0], 4),
    v4([240, 0, 0, 0], 4),
];

/// All of IPv6 that is given to anybody.
const GLOBAL_V6: Ipv6Net = v6([0x2000, 0, 0], 3);

/// What of that is not the public's: protocols' own, documentation, 6to4, which hides an IPv4 address.
const PRIVATE_V6: [Ipv6Net; 5] = [
    v6([0x2001, 0, 0], 23),
    v6([0x2001, 0x0db8, 0], 32),
    v6([0x2002, 0, 0], 16),
    v6([0x2620, 0x004f, 0x8000], 48),
    v6([0x3fff, 0, 0], 20),
];

/// Under which IPv6 reaches IPv4 (RFC 6052).
const NAT64: Ipv6Net = v6([0x0064, 0xff9b, 0], 96);

const fn v4([a, b, c, d]: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6([a, b, c]: [u16; 3], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), prefix)
}

impl Allowed {
    pub fn new(networks: impl IntoIterator<Item = IpNet>) -> Self {
        Self(networks.into_iter().collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Refuses an address that is neither public nor allowed, and without TLS one that is not allowed.
    pub fn check(&self, address: IpAddr, transport: Transport) -> Result<(), Forbidden> {
        let meant = canonical(address);
        if self.0.iter().any(|network| network.contains(&meant) || network.contains(&address)) {
            return Ok(());
        }
        match transport {
            Transport::Plain => Err(Forbidden::Unencrypted(address)),
            Transport::Tls if is_public(meant) => Ok(()),
            Transport::Tls => Err(Forbidden::Private(address)),
        }
    }
}

/// The address that is reached in the end: IPv4 may be written as IPv6.
fn canonical(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(long) if NAT64.contains(&long) => {
            let [.., a, b, c, d] = long.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
        IpAddr::V4(_) | IpAddr::V6(_) => address.to_canonical(),
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !PRIVATE_V4.iter().any(|network| network.contains(&address)),
        IpAddr::V6(address) => {
            GLOBAL_V6.contains(&address) && !PRIVATE_V6.iter().any(|network| network.contains(&address))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(allowed: &Allowed, address: &str, transport: Transport) -> Result<(), Forbidden> {
        allowed.check(address.parse().unwrap_or_else(|_| panic!("{address}")), transport)
    }

    #[test]
    fn only_public_addresses_are_connected_to() {
        let nothing = Allowed::default();
        for (is_public, addresses) in [
            (
                true,
                "1.1.1.1 8.8.8.8 100.63.255.255 100.128.0.0 172.15.255.255 172.32.0.0 192.0.1.1 198.17.255.255",
            ),
            (true, "223.255.255.255 2606:4700::1111 2001:200::1 2a00:1450:4001::200e 64:ff9b::808:808"),
            (true, "::ffff:8.8.8.8"),
            // This machine, its network, its neighbours, the carrier's network.
            (
                false,
                "127.0.0.1 127.255.255.254 0.0.0.0 0.1.2.3 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1",
            ),
            (
                false,
                "169.254.1.1 100.64.0.1 100.127.255.255 192.0.0.8 ::1 :: fe80::1 fec0::1 fc00::1 fdff::1",
            ),
            // Metadata of clouds.
            (
                false,
                "169.254.169.254 168.63.129.16 100.100.100.200 192.0.0.192 fd00:ec2::254 ::ffff:169.254.169.254",
            ),
            // Documentation, measurement, everybody at once, nobody yet.
            (
                false,
                "192.0.2.1 198.51.100.7 203.0.113.9 198.18.0.1 198.19.255.255 224.0.0.1 239.255.255.250 240.0.0.1",
            ),
            (false, "255.255.255.255 192.88.99.1 2001:db8::1 3fff::1 ff02::1 5f00::1 100::1 4000::1"),
            // The same in other clothes: mapped, compatible, translated, tunnelled.
            (
                false,
                "::ffff:127.0.0.1 ::ffff:10.0.0.1 ::127.0.0.1 ::8.8.8.8 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe",
            ),
            (false, "64:ff9b:1::808:808 2002:7f00:1::1 2001:0:7f00:1::1 2001:10::1 ::ffff:0:127.0.0.1"),
        ] {
            for address in addresses.split(' ') {
                let checked = check(&nothing, address, Transport::Tls);
                assert_eq!(checked.is_ok(), is_public, "{address}");
                assert!(check(&nothing, address, Transport::Plain).is_err(), "{address}");
            }
        }
    }

    #[test]
    fn what_the_operator_allows_is_connected_to() {
        let networks = ["10.1.0.0/16", "127.0.0.1/32", "fd12::/16", "8.8.8.8/32"];
        let allowed = Allowed::new(networks.map(|network| network.parse().expect("a network")));
        for (address, by_tls, in_the_clear) in [
            ("10.1.255.1", true, true),
            ("10.2.0.1", false, false),
            ("127.0.0.1", true, true),
            ("127.0.0.2", false, false),
            ("::ffff:10.1.0.1", true, true),
            ("64:ff9b::a01:1", true, true),
            ("fd12::1", true, true),
            ("fd13::1", false, false),
            ("8.8.8.8", true, true),
            ("8.8.4.4", true, false),
        ] {
            assert_eq!(check(&allowed, address, Transport::Tls).is_ok(), by_tls, "{address}");
            assert_eq!(check(&allowed, address, Transport::Plain).is_ok(), in_the_clear, "{address}");
        }
    }
}
