//! A forward proxy on loopback: requests for `http://incidents.test` go to the port of a server.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::http::{head, read_request, send};
use super::stand_in::URL;

/// The proxy, and the traffic that it has forwarded.
pub struct Relay {
    /// The port on which it listens.
    pub port: u16,
    commands: Arc<Mutex<Vec<Value>>>,
}

impl Relay {
    /// Starts a proxy to a port of this machine.
    pub fn start(to: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let commands = Arc::<Mutex<Vec<Value>>>::default();
        let shared = Arc::clone(&commands);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let commands = Arc::clone(&shared);
                std::thread::spawn(move || pass_on(stream, to, &commands));
            }
        });
        Self { port, commands }
    }

    /// Returns the commands that were sent, in their order.
    pub fn commands(&self) -> Vec<Value> {
        self.commands.lock().unwrap().clone()
    }
}

fn pass_on(mut stream: TcpStream, to: u16, commands: &Mutex<Vec<Value>>) {
    while let Some(mut request) = read_request(&mut stream) {
        request.path = request.path.strip_prefix(URL).unwrap_or(&request.path).to_owned();
        let is_own = |name: &str| matches!(name, "host" | "content-length" | "proxy-connection");
        request.headers.retain(|(name, _)| !is_own(name));
        if let Some(body) = &request.body {
            let body: Value = serde_json::from_slice(body).unwrap();
            let sent = body["commands"].as_array().unwrap().iter().cloned();
            commands.lock().unwrap().extend(sent);
        }
        let response = send(to, &request);
        let is_framing = |name: &str| {
            matches!(
                name,
                "content-length" | "content-encoding" | "transfer-encoding" | "connection"
            )
        };
        let headers = response.headers.iter().filter(|(name, _)| !is_framing(name));
        let headers = headers.map(|(name, value)| (name.as_str(), value.as_str()));
        let length = (response.status != 304).then_some(response.body.len());
        let head = head(&format!("HTTP/1.1 {} Passed On", response.status), headers, length);
        let written = stream.write_all(head.as_bytes());
        if written.and_then(|()| stream.write_all(&response.body)).is_err() {
            return;
        }
    }
}
