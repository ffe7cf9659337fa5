//! Reports the state of a server to the service manager: `sd_notify(3)` of systemd, with its
//! watchdog.
//!
//! Without a service manager, nothing is done: it names its socket in `NOTIFY_SOCKET`.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// Sends the states of a service to its manager.
#[derive(Debug, Default)]
pub(super) struct ServiceManager {
    socket: Option<UnixDatagram>,
    watchdog: Option<Duration>,
}

impl ServiceManager {
    /// Connects to the manager that the environment names. One that can't be reached is left alone:
    /// the server is of use without it.
    pub(super) fn from_process() -> Self {
        let var = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let Some(path) = var("NOTIFY_SOCKET") else { return Self::default() };
        let socket = match connect(path.as_bytes()) {
            Ok(socket) => Some(socket),
            Err(error) => {
                tracing::warn!("the service manager can't be notified: {error}");
                None
            }
        };
        let text = |name: &str| var(name).and_then(|value| value.into_string().ok());
        // The watchdog may be meant for another process.
        let is_own = text("WATCHDOG_PID").is_none_or(|id| id == std::process::id().to_string());
        let timeout = text("WATCHDOG_USEC").and_then(|text| text.parse().ok());
        let watchdog = timeout.filter(|us| is_own && *us > 0).map(Duration::from_micros);
        Self { socket, watchdog }
    }

    /// Reports that the server answers, and where.
    pub(super) fn ready(&self, status: &str) {
        self.send(&format!("READY=1\nSTATUS={}", status.replace('\n', " ")));
    }

    /// Reports that the settings are read again; [`Self::ready`] reports the end of that.
    pub(super) fn reloading(&self) {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        let seconds = Duration::from_secs(u64::try_from(now.tv_sec).unwrap_or(0));
        let now = seconds + Duration::from_nanos(u64::try_from(now.tv_nsec).unwrap_or(0));
        self.send(&format!("RELOADING=1\nMONOTONIC_USEC={}", now.as_micros()));
    }

    /// Reports that the server stops.
    pub(super) fn stopping(&self) {
        self.send("STOPPING=1\nSTATUS=stopping");
    }

    /// Returns how often [`Self::alive`] must be called, if there is a watchdog: twice in its time.
    pub(super) fn watchdog_interval(&self) -> Option<Duration> {
        self.watchdog.filter(|_| self.socket.is_some()).map(|timeout| timeout / 2)
    }

    /// Reports that the server is alive.
    pub(super) fn alive(&self) {
        self.send("WATCHDOG=1");
    }

    fn send(&self, state: &str) {
        if let Some(socket) = &self.socket
            && let Err(error) = socket.send(state.as_bytes())
        {
            tracing::debug!(%error, "the service manager");
        }
    }
}

/// Connects to the socket of a manager.
fn connect(path: &[u8]) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.connect_addr(&address(path)?)?;
    // A manager that does not read must not stop the server.
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Returns the address of a socket; one that begins with `@` has no file, as Linux has them.
fn address(path: &[u8]) -> io::Result<SocketAddr> {
    #[cfg(target_os = "linux")]
    if let Some(name) = path.strip_prefix(b"@") {
        use std::os::linux::net::SocketAddrExt;
        return SocketAddr::from_abstract_name(name);
    }
    SocketAddr::from_pathname(OsStr::from_bytes(path))
}
