//! HTTP/1.1 as bytes: one request for one connection, sent exactly as it was recorded.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// After this long without an answer, something hangs.
const PATIENCE: Duration = Duration::from_mins(1);

/// A request as it is sent.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Such as `GET`.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// In the order in which they are sent; names may be repeated.
    pub headers: Vec<(String, String)>,
    /// Sent with its length, if there is a body.
    pub body: Option<Vec<u8>>,
    /// The number of bytes that are announced and never sent.
    pub withheld: usize,
}

/// The response as it arrived.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Without its transfer and content encoding.
    pub body: Vec<u8>,
}

impl Response {
    /// Returns the value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(candidate, _)| candidate == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Returns the head of a message, with the empty line that ends it.
pub fn head<'a>(
    first: &str,
    headers: impl Iterator<Item = (&'a str, &'a str)>,
    length: Option<usize>,
) -> String {
    let mut lines = vec![first.to_owned()];
    lines.extend(headers.map(|(name, value)| format!("{name}: {value}")));
    lines.extend(length.map(|length| format!("Content-Length: {length}")));
    lines.join("\r\n") + "\r\n\r\n"
}

/// Sends a request to a port of this machine.
pub fn send(port: u16, request: &Request) -> Response {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let first = format!("{} {} HTTP/1.1", request.method, request.path);
    let own = [("Host", "incidents.test"), ("Connection", "close")];
    let others = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let length = request.body.as_ref().map(|body| body.len() + request.withheld);
    let head = head(&first, own.into_iter().chain(others), length);
    stream.write_all(head.as_bytes()).unwrap();
    // A body that is refused because of its length is not read to its end.
    let _ = request.body.as_ref().map(|body| stream.write_all(body));
    let mut bytes = Vec::new();
    // A reset after the response does not affect the response.
    let _ = stream.read_to_end(&mut bytes);
    parse(&bytes).unwrap_or_else(|| panic!("no answer to {} {}", request.method, request.path))
}

fn parse(bytes: &[u8]) -> Option<Response> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut response = Response { status, headers, body: bytes[end + 4..].to_vec() };
    if response.header("transfer-encoding") == Some("chunked") {
        response.body = joined_chunks(&response.body)?;
    }
    if response.header("content-encoding") == Some("gzip") && !response.body.is_empty() {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(response.body.as_slice()).read_to_end(&mut plain).ok()?;
        response.body = plain;
    }
    Some(response)
}

fn joined_chunks(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(end + 2..end + 2 + size)?);
        rest = rest.get(end + 4 + size..)?;
    }
}

/// Reads one request from a connection, with its body; `None` where the connection has ended.
pub fn read_request(stream: &mut impl Read) -> Option<Request> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).ok()?;
    let mut lines = head.trim_end().split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some(Request { method, path, headers, body: (length > 0).then_some(body), withheld: 0 })
}
