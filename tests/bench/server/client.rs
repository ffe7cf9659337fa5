//! A cheap client, so that the server is measured: HTTP/1.1 over persistent connections, requests
//! prepared in advance, answers read up to their length and no further.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
}

/// A response: its status, and its body without decoding.
pub struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

impl Client {
    pub async fn connect(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: vec![0; 4096], filled: 0 }
    }

    pub async fn write(&mut self, request: &[u8]) {
        self.stream.write_all(request).await.unwrap();
    }

    /// Reads the next response.
    pub async fn read(&mut self) -> Answer<'_> {
        self.filled = 0;
        let (head, status, length) = loop {
            self.more().await;
            if let Some(head) = find(&self.buffer[..self.filled], b"\r\n\r\n") {
                let text = std::str::from_utf8(&self.buffer[..head]).unwrap();
                let status = text[9..12].parse().unwrap();
                let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
                break (head + 4, status, length.map_or(0, |length| length.parse().unwrap()));
            }
        };
        if self.buffer.len() < head + length {
            self.buffer.resize(head + length, 0);
        }
        while self.filled < head + length {
            self.more().await;
        }
        Answer { status, body: &self.buffer[head..head + length] }
    }

    async fn more(&mut self) {
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.filled * 2, 0);
        }
        let count = self.stream.read(&mut self.buffer[self.filled..]).await.unwrap();
        assert!(count > 0, "the server has ended");
        self.filled += count;
    }

    pub async fn ask(&mut self, request: &[u8]) -> Answer<'_> {
        self.write(request).await;
        self.read().await
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, what)
}

pub fn get(path: &str, token: &str, more: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n{more}\r\n")
        .into_bytes()
}

pub fn post(body: &str, token: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST /v1/commands HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Returns the number of requests a second over `connections` connections, each of which sends the
/// next request as soon as it has a response.
pub async fn rate(addr: SocketAddr, connections: usize, request: &[u8], status: u16) -> f64 {
    const LAST: Duration = Duration::from_secs(2);
    let mut tasks = Vec::new();
    let begun = Instant::now();
    for _ in 0..connections {
        let request = request.to_vec();
        tasks.push(tokio::spawn(async move {
            let mut client = Client::connect(addr).await;
            let mut count = 0_u32;
            while begun.elapsed() < LAST {
                let answer = client.ask(&request).await;
                assert_eq!(answer.status, status);
                count += 1;
            }
            count
        }));
    }
    let mut count = 0;
    for task in tasks {
        count += task.await.unwrap();
    }
    f64::from(count) / begun.elapsed().as_secs_f64()
}
