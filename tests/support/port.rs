//! A port of loopback on which nobody else listens.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

/// A reserved port: a connection to it is refused until a server of this test listens there.
///
/// Its socket is bound and does not listen. So Linux gives the port to nobody who binds or connects without
/// naming it, also while the server is restarted. A server that names it, and may use an address
/// again (`SO_REUSEADDR`), as each listener of this project, still gets it.
pub struct ReservedPort {
    pub address: SocketAddr,
    /// `None` where two sockets can't share an address like this.
    _socket: Option<TcpSocket>,
}

impl ReservedPort {
    pub fn new() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_reuseaddr(true).expect("an option of sockets");
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a port");
        let address = socket.local_addr().expect("it is bound");
        Self { address, _socket: cfg!(target_os = "linux").then_some(socket) }
    }
}
