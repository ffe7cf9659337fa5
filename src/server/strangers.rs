//! Bounds the connections without a valid token yet, so that idle unauthenticated clients do not
//! block others.
//!
//! Each address may have a limited number of them. Beyond that, or when all connections are in use,
//! a new one is admitted if an unauthenticated one is idle: the oldest of these is cut off. A
//! connection is no longer counted after a request with a valid token. So a proxy in front of the
//! server, the one address of all its clients, is not limited, and cuts off only clients without a
//! token.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::stream::Traffic;

/// The connections of strangers.
#[derive(Debug)]
pub(super) struct Strangers {
    max_per_address: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next_key: u64,
    /// In the order in which they came.
    by_key: BTreeMap<u64, Stranger>,
}

#[derive(Debug)]
struct Stranger {
    address: IpAddr,
    traffic: Arc<Traffic>,
    cut_off: Arc<Notify>,
}

/// An admitted connection; counts as unauthenticated until it is promoted or dropped.
#[derive(Debug)]
pub(super) struct Admission {
    strangers: Arc<Strangers>,
    key: u64,
    /// The traffic of the connection.
    pub traffic: Arc<Traffic>,
    cut_off: Arc<Notify>,
}

impl Strangers {
    pub(super) fn new(max_per_address: usize) -> Arc<Self> {
        Arc::new(Self { max_per_address: max_per_address.max(1), state: Mutex::default() })
    }

    /// Admits a connection. Returns `None` if its address has as many as it may, all of which are
    /// being served.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Arc<Admission>> {
        let address = network_of(address);
        let mut state = self.state();
        let count = state.by_key.values().filter(|stranger| stranger.address == address).count();
        if count >= self.max_per_address
            && !state.cut_off_idle(|_, stranger| stranger.address == address)
        {
            return None;
        }
        let key = state.next_key;
        state.next_key += 1;
        let (traffic, cut_off) = (Arc::new(Traffic::default()), Arc::new(Notify::new()));
        let stranger =
            Stranger { address, traffic: Arc::clone(&traffic), cut_off: Arc::clone(&cut_off) };
        state.by_key.insert(key, stranger);
        drop(state);
        Some(Arc::new(Admission { strangers: Arc::clone(self), key, traffic, cut_off }))
    }

    /// Cuts off the oldest idle unauthenticated connection, except the new one that needs the slot.
    /// Returns whether there was one.
    pub(super) fn make_room_for(&self, newcomer: &Admission) -> bool {
        self.state().cut_off_idle(|key, _| key != newcomer.key)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Cuts off the first idle stranger among those that `may_be` selects.
    fn cut_off_idle(&mut self, may_be: impl Fn(u64, &Stranger) -> bool) -> bool {
        let idle = self
            .by_key
            .iter()
            .find(|(key, stranger)| may_be(**key, stranger) && stranger.traffic.counts().is_idle());
        let Some(key) = idle.map(|(key, _)| *key) else { return false };
        if let Some(stranger) = self.by_key.remove(&key) {
            stranger.cut_off.notify_one();
        }
        true
    }
}

impl Admission {
    /// Records that a request with a valid token came on the connection.
    pub(super) fn promote(&self) {
        self.strangers.state().by_key.remove(&self.key);
    }

    /// Waits until the connection must be cut off.
    pub(super) async fn cut_off(&self) {
        self.cut_off.notified().await;
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.promote();
    }
}

/// Returns the part of an address that is counted: an IPv4 address, or the first 64 bits of an IPv6
/// address, which is the usual allocation of one customer or machine.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !0 << 64)),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn is_cut_off(admission: &Admission) -> bool {
        admission.cut_off().now_or_never().is_some()
    }

    #[test]
    fn longest_idle_stranger_of_an_address_makes_room() {
        let strangers = Strangers::new(2);
        let admit = |text: &str| strangers.admit(address(text));
        let first = admit("192.0.2.1").unwrap();
        let second = admit("::ffff:192.0.2.1").unwrap();
        let other = admit("192.0.2.2").unwrap();
        let busy = first.traffic.start_request();
        let third = admit("192.0.2.1").unwrap();
        assert!(is_cut_off(&second) && !is_cut_off(&first) && !is_cut_off(&other));
        let busy_too = third.traffic.start_request();
        assert!(admit("192.0.2.1").is_none(), "both are being served");
        drop((busy, busy_too));
        assert!(admit("192.0.2.1").is_some() && is_cut_off(&first));
    }

    #[test]
    fn connection_with_a_token_is_nobodys_limit() {
        let strangers = Strangers::new(1);
        let promoted: Vec<_> = (0..5)
            .map(|_| {
                let admission = strangers.admit(address("192.0.2.1")).unwrap();
                admission.promote();
                admission
            })
            .collect();
        let stranger = strangers.admit(address("192.0.2.9")).unwrap();
        assert!(!strangers.make_room_for(&stranger), "nobody else is idle without a token");
        assert!(strangers.make_room_for(&promoted[0]) && is_cut_off(&stranger));
        assert!(!promoted.iter().any(|admission| is_cut_off(admission)));
        drop(promoted);
        assert!(strangers.state().by_key.is_empty());
    }

    #[test]
    fn network_of_an_ipv6_address_counts_as_one() {
        let strangers = Strangers::new(1);
        let first = strangers.admit(address("2001:db8:1:2::1")).unwrap();
        let _second = strangers.admit(address("2001:db8:1:3::1")).unwrap();
        assert!(!is_cut_off(&first));
        let _third = strangers.admit(address("2001:db8:1:2:ffff::9")).unwrap();
        assert!(is_cut_off(&first));
    }
}
