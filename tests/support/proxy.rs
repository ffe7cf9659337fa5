//! A proxy that applies network faults to requests and responses.
//!
//! It listens on loopback, and forwards each request to a real server or answers it itself. A
//! script determines the fault of each request, so that a run can be repeated.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Request {
    /// The position in the order of arrival, from 0.
    pub number: u64,
    /// Its first line and headers.
    pub head: String,
    /// Its body.
    pub body: Vec<u8>,
}

impl Request {
    /// Returns the request target, such as `/v1/changes?wait=5`.
    pub fn target(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    /// Returns the value of a header; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines.find(|(field, _)| field.eq_ignore_ascii_case(name)).map_or("", |(_, v)| v.trim())
    }
}

/// The fault that is applied to a request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The request and its response pass unchanged.
    Pass,
    /// Forwards the request after this time.
    Delay(Duration),
    /// The connection is closed before the server gets the request.
    DropBefore,
    /// The server handles the request, and the connection is closed without its response.
    DropAfter,
    /// Only half of the response arrives.
    HalfBody,
    /// The connection is reset before the server gets the request.
    Reset,
    /// The server handles the request, and the connection is reset.
    ResetAfter,
    /// The response arrives in chunks of this size, with this pause between them.
    Drip(usize, Duration),
    /// The first half of the response arrives, and the connection stays open.
    Stall,
    /// No response arrives, and the connection stays open.
    Hang,
    /// The clock of the server differs by this much.
    Skew(TimeDelta),
    /// The body of a successful response, which is JSON, is changed.
    Edit(fn(&mut serde_json::Value, usize), usize),
    /// This text is the response after this time, and the server gets no request.
    Say(Duration, String),
}

impl Fault {
    /// Returns a response that does not come from the API.
    pub fn says(status: &str, headers: &str, kind: &str, body: &str) -> Self {
        Self::Say(Duration::ZERO, answer(status, headers, kind, body))
    }
}

/// Formats an HTTP response.
pub fn answer(status: &str, headers: &str, kind: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\n{headers}content-type: {kind}\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    )
}

type Script = Arc<dyn Fn(&Request) -> Fault + Send + Sync>;

/// The proxy; it ends when it is dropped.
pub struct Proxy {
    /// The address on which it listens.
    pub address: SocketAddr,
    count: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    /// Starts the proxy. Without a server, the script must answer all requests.
    pub async fn start(
        server: Option<SocketAddr>,
        script: impl Fn(&Request) -> Fault + Send + Sync + 'static,
    ) -> Self {
        Self::with(server, None, Arc::new(script)).await
    }

    /// Starts the proxy with TLS towards its clients.
    pub async fn with_tls(
        tls: TlsAcceptor,
        script: impl Fn(&Request) -> Fault + Send + Sync + 'static,
    ) -> Self {
        Self::with(None, Some(tls), Arc::new(script)).await
    }

    async fn with(server: Option<SocketAddr>, tls: Option<TlsAcceptor>, script: Script) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback");
        let address = listener.local_addr().expect("it is bound");
        let count = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&count);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (tls, script, count) = (tls.clone(), script.clone(), counted.clone());
                tokio::spawn(async move {
                    let way = Way { server, script, count };
                    match tls {
                        None => way.serve(Plain(client)).await,
                        // A client that rejects the certificate disconnects.
                        Some(tls) => {
                            if let Ok(client) = tls.accept(client).await {
                                way.serve(Secret(client)).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, count, task }
    }

    /// Returns the number of requests that have arrived.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }

    /// Returns the URL of the proxy.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// A connection that can be reset.
trait Client: AsyncRead + AsyncWrite + Unpin + Send {
    fn reset(self);
}

struct Plain(TcpStream);
struct Secret(tokio_rustls::server::TlsStream<TcpStream>);

fn reset(stream: &TcpStream) {
    stream.set_zero_linger().expect("a socket");
}

macro_rules! passes_on {
    ($($kind:ident),*) => {$(
        impl AsyncRead for $kind {
            fn poll_read(
                mut self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
                buffer: &mut tokio::io::ReadBuf<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                std::pin::Pin::new(&mut self.0).poll_read(context, buffer)
            }
        }

        impl AsyncWrite for $kind {
            fn poll_write(
                mut self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
                bytes: &[u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                std::pin::Pin::new(&mut self.0).poll_write(context, bytes)
            }

            fn poll_flush(
                mut self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                std::pin::Pin::new(&mut self.0).poll_flush(context)
            }

            fn poll_shutdown(
                mut self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                std::pin::Pin::new(&mut self.0).poll_shutdown(context)
            }
        }
    )*};
}

passes_on!(Plain, Secret);

impl Client for Plain {
    fn reset(self) {
        reset(&self.0);
    }
}

impl Client for Secret {
    fn reset(self) {
        reset(self.0.get_ref().0);
    }
}

/// Forwards requests from a client to the server.
struct Way {
    server: Option<SocketAddr>,
    script: Script,
    count: Arc<AtomicU64>,
}

impl Way {
    /// Serves one request. Each request has a connection of its own, also to the server.
    async fn serve(&self, mut client: impl Client) {
        let Some((head, body)) = request(&mut client).await else { return };
        let number = self.count.fetch_add(1, Ordering::SeqCst);
        let request = Request { number, head, body };
        match (self.script)(&request) {
            Fault::DropBefore => {}
            Fault::Reset => client.reset(),
            Fault::Hang => until_closed(client).await,
            Fault::Say(after, answer) => {
                // The answer is late on purpose, here and below.
                tokio::time::sleep(after).await;
                send(client, answer.as_bytes()).await;
            }
            Fault::Delay(time) => {
                tokio::time::sleep(time).await;
                let answer = self.ask(&request).await;
                send(client, &answer).await;
            }
            fault => {
                let mut request = request;
                if matches!(fault, Fault::Edit(..)) {
                    // A compressed response could not be edited.
                    let stays = |line: &&str| {
                        !line.to_lowercase().starts_with("accept-encoding:") && !line.is_empty()
                    };
                    let lines: Vec<&str> = request.head.lines().filter(stays).collect();
                    request.head = lines.join("\r\n");
                }
                let answer = self.ask(&request).await;
                answered(client, fault, answer).await;
            }
        }
    }

    /// Returns the response of the server; empty if there is none.
    async fn ask(&self, request: &Request) -> Vec<u8> {
        let mut answer = Vec::new();
        let Some(server) = self.server else { return answer };
        let Ok(mut server) = TcpStream::connect(server).await else { return answer };
        let head = request.head.trim_end();
        let head = format!("{head}\r\nconnection: close\r\n\r\n");
        let sent = async {
            server.write_all(head.as_bytes()).await?;
            server.write_all(&request.body).await?;
            server.read_to_end(&mut answer).await
        };
        // A server that ends meanwhile may have sent a part of the response.
        let _ = sent.await;
        answer
    }
}

/// Reads a request; `None` if the client disconnects before it is complete.
async fn request(client: &mut (impl AsyncRead + Unpin)) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|end| end == b"\r\n\r\n") {
            break at + 4;
        }
        if client.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let mut body = bytes.split_off(end);
    let head = String::from_utf8(bytes).ok()?;
    let parsed = Request { number: 0, head, body: Vec::new() };
    let length: usize = parsed.header("content-length").parse().unwrap_or(0);
    while body.len() < length {
        if client.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some((parsed.head, body))
}

async fn send(mut client: impl Client, bytes: &[u8]) {
    // The client may have disconnected.
    let _ = client.write_all(bytes).await;
    let _ = client.shutdown().await;
}

/// Waits until the other side closes.
async fn until_closed(mut client: impl Client) {
    let mut rest = [0; 256];
    while client.read(&mut rest).await.is_ok_and(|count| count > 0) {}
}

/// Sends the response, or the part of it that the fault leaves.
async fn answered(mut client: impl Client, fault: Fault, answer: Vec<u8>) {
    let head = answer.windows(4).position(|end| end == b"\r\n\r\n").map_or(0, |at| at + 4);
    let half = head + (answer.len() - head) / 2;
    match fault {
        Fault::DropAfter => {}
        Fault::ResetAfter => client.reset(),
        Fault::HalfBody => send(client, &answer[..half]).await,
        Fault::Stall => {
            let _ = client.write_all(&answer[..half]).await;
            let _ = client.flush().await;
            until_closed(client).await;
        }
        Fault::Drip(count, every) => {
            for part in answer.chunks(count) {
                if client.write_all(part).await.is_err() || client.flush().await.is_err() {
                    return;
                }
                // The answer is slow on purpose.
                tokio::time::sleep(every).await;
            }
            let _ = client.shutdown().await;
        }
        Fault::Skew(by) => {
            let text = String::from_utf8_lossy(&answer[..head]).into_owned();
            // A server without the exact time, as old ones are.
            let date = (Utc::now() + by).format("%a, %d %b %Y %H:%M:%S GMT");
            let is_time =
                |line: &str| line.starts_with("date:") || line.starts_with("redphone-time:");
            let lines = text.lines().filter(|line| !is_time(&line.to_lowercase()));
            let headers: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
            let mut skewed =
                format!("{}\r\ndate: {date}\r\n\r\n", headers.join("\r\n")).into_bytes();
            skewed.extend_from_slice(&answer[head..]);
            send(client, &skewed).await;
        }
        Fault::Edit(edit, argument) => {
            let json = serde_json::from_slice(&answer[head..]);
            let Ok(mut json) = json else { return send(client, &answer).await };
            edit(&mut json, argument);
            let text = String::from_utf8_lossy(&answer[..head]).into_owned();
            let lines = text.lines().filter(|line| !line.is_empty());
            let lines = lines.filter(|line| !line.to_lowercase().starts_with("content-length:"));
            let headers = lines.collect::<Vec<_>>().join("\r\n");
            let body = json.to_string();
            let edited = format!("{headers}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            send(client, edited.as_bytes()).await;
        }
        _ => send(client, &answer).await,
    }
}
