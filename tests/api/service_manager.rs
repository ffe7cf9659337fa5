//! Messages of `redphone serve` to a service manager.

use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::support::wait::PATIENCE;

/// A service manager that receives all messages.
struct Manager {
    socket: UnixDatagram,
}

impl Manager {
    /// Waits for the next message that begins with a text. Others before it are skipped.
    fn wait_for(&self, begin: &str) -> String {
        let mut buffer = [0; 4096];
        loop {
            let length = self.socket.recv(&mut buffer).expect("a message");
            let text = String::from_utf8(buffer[..length].to_vec()).unwrap();
            if text.starts_with(begin) {
                return text;
            }
        }
    }
}

#[test]
fn service_manager_hears_what_the_server_does() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("notify");
    let manager = Manager { socket: UnixDatagram::bind(&path).unwrap() };
    // A wait that takes longer is considered a hang.
    manager.socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut server = Command::new(crate::support::program())
        .args(["serve", "--listen", "127.0.0.1:0", "--access-log", "/dev/null"])
        .env_clear()
        .env("HOME", folder.path())
        .env("REDPHONE_STORE", folder.path().join("store.db"))
        .env("NOTIFY_SOCKET", &path)
        // The queue of the socket has room for some messages only, and one that does not fit is lost:
        // they come seldom enough for a busy machine.
        .env("WATCHDOG_USEC", "2000000")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let signal = |name: &str| {
        let pid = server.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    };
    let ready = manager.wait_for("READY=1\n");
    assert!(ready.contains("STATUS=serving ") && ready.contains("http://127.0.0.1:"), "{ready}");
    manager.wait_for("WATCHDOG=1");
    manager.wait_for("WATCHDOG=1");
    signal("-HUP");
    let reloading = manager.wait_for("RELOADING=1\n");
    let at = reloading.split_once("MONOTONIC_USEC=").unwrap().1.trim();
    assert!(at.parse::<u64>().unwrap() > 0, "{reloading}");
    manager.wait_for("READY=1\n");
    signal("-TERM");
    manager.wait_for("STOPPING=1\n");
    assert!(server.wait().unwrap().success());
}

#[test]
fn missing_manager_does_not_stop_the_server() {
    let folder = TempDir::new().unwrap();
    for socket in ["/nowhere/notify", "@redphone-nobody-listens", "relative"] {
        let mut server = Command::new(crate::support::program())
            .args(["serve", "--listen", "127.0.0.1:0", "--access-log", "/dev/null"])
            .env_clear()
            .env("HOME", folder.path())
            .env("REDPHONE_STORE", folder.path().join("store.db"))
            .env("NOTIFY_SOCKET", socket)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("serving "), "{socket}: {line}");
        server.kill().unwrap();
        server.wait().unwrap();
    }
}
