//! A receiver of webhooks on loopback that records what arrives, and when.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;

/// A message that arrived.
#[derive(Clone, Debug)]
pub struct Received {
    pub at: DateTime<Utc>,
    /// The path, which determines the answer: none for `/hang`, that there is no such address for
    /// `/gone`, otherwise acceptance.
    pub path: String,
    pub body: Value,
}

impl Received {
    /// Returns the title of the incident, and the address.
    pub fn title_and_address(&self) -> (&str, &str) {
        let data = &self.body["data"];
        (
            data["incident"]["title"].as_str().unwrap_or_default(),
            data["address"].as_str().unwrap_or_default(),
        )
    }
}

/// The receiver. Its threads end with the process.
pub struct Receiver {
    pub address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let received = Arc::<Mutex<Vec<Received>>>::default();
        let records = Arc::clone(&received);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let records = Arc::clone(&records);
                std::thread::spawn(move || answer(&stream, &records));
            }
        });
        Self { address, received }
    }

    /// Returns the received requests.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the received requests at an address about the incident with a title.
    pub fn about(&self, title: &str, address: &str) -> Vec<Received> {
        let all = self.received().into_iter();
        all.filter(|one| one.title_and_address() == (title, address)).collect()
    }
}

/// Reads one request, records it and answers it. A request that can't be read is not recorded.
fn answer(stream: &TcpStream, records: &Mutex<Vec<Received>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        if header.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = header.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = serde_json::from_slice(&body).ok()?;
    let received = Received { at: Utc::now(), path: path.clone(), body };
    records.lock().unwrap_or_else(PoisonError::into_inner).push(received);
    let status = match path.as_str() {
        "/hang" => {
            std::thread::sleep(Duration::from_mins(1));
            return None;
        }
        "/gone" => "410 Gone",
        _ => "200 OK",
    };
    let mut stream = stream;
    write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").ok()
}
