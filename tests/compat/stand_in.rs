//! A fake of the old server: it plays recorded responses, and refuses requests that no recording
//! has.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::Utc;

use super::http::{Request, head, read_request};
use super::recording::{Exchange, RecordedResponse};
use super::unify::Bindings;

/// How clients name the server; they reach it through `HTTP_PROXY`.
pub const URL: &str = "http://incidents.test";

/// The exchanges that the fake plays, and the requests that are in no exchange.
#[derive(Default)]
struct Script {
    exchanges: Vec<(Exchange, bool)>,
    bindings: Bindings,
    refused: Vec<String>,
}

/// The response of the recording to a request.
enum Answer {
    Recorded(RecordedResponse),
    /// The server was away.
    Away,
    NotRecorded,
    /// The server is alive.
    Health,
    /// There is nobody in the directory.
    Directory,
    /// No incident passes the filter.
    NoIncident,
    /// The server has no such path.
    NoSuchPath,
}

/// A server on loopback.
pub struct StandIn {
    script: Arc<Mutex<Script>>,
    /// Where it listens.
    pub port: u16,
}

impl StandIn {
    /// Starts it without exchanges. It ends with the process of the test.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let script = Arc::<Mutex<Script>>::default();
        let shared = Arc::clone(&script);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let script = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, &script));
            }
        });
        Self { script, port }
    }

    fn script(&self) -> std::sync::MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Plays these exchanges from now on.
    pub fn play(&self, exchanges: Vec<Exchange>) {
        self.script().exchanges = exchanges.into_iter().map(|one| (one, false)).collect();
    }

    /// Returns the requests that no recording has, and those of the recording that nobody sent.
    pub fn differences(&self) -> Vec<String> {
        let mut script = self.script();
        let mut all = std::mem::take(&mut script.refused);
        for (exchange, used) in &script.exchanges {
            if !used && exchange.response.is_some() {
                let Exchange { request, .. } = exchange;
                all.push(format!("never asked: {} {}", request.method, request.path));
            }
        }
        all
    }

    /// Returns a text in which the recorded ids replace those that the client created.
    pub fn as_recorded(&self, text: &str) -> String {
        self.script().bindings.reversed(text)
    }
}

impl Script {
    /// Finds the recorded response: of the first matching exchange that was not played yet, or else
    /// of one that was.
    fn answer(&mut self, request: &Request) -> Answer {
        for again in [false, true] {
            for (exchange, used) in self.exchanges.iter_mut().filter(|(_, used)| *used == again) {
                if self.bindings.unify(&exchange.request, request) {
                    *used = true;
                    return exchange.response.clone().map_or(Answer::Away, Answer::Recorded);
                }
            }
        }
        // Pending commands are sent again after a while, which may end earlier or later than in the
        // recording.
        let is_away = !self.exchanges.is_empty()
            && self.exchanges.iter().all(|(exchange, _)| exchange.response.is_none());
        if is_away {
            return Answer::Away;
        }
        // The old client did not measure the server's clock before it sent offline commands.
        if (request.method.as_str(), request.path.as_str()) == ("GET", "/v1/health") {
            return Answer::Health;
        }
        // Nor did it ask who is in the directory before it listed or showed incidents.
        if (request.method.as_str(), request.path.as_str()) == ("GET", "/v1/directory") {
            return Answer::Directory;
        }
        // Nor who was notified of an incident that it showed: the old server has no such list.
        if request.method == "GET" && request.path.starts_with("/v1/notifications?") {
            return Answer::NoSuchPath;
        }
        // Nor whether an incident has a value that only a later version defines.
        if request.method == "GET" && request.path.ends_with("&sort=newest&limit=1") {
            return Answer::NoIncident;
        }
        let body = request.body.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
        self.refused.push(format!("no recording asks {} {} {body}", request.method, request.path));
        Answer::NotRecorded
    }
}

/// A response of the old server that is in no recording.
fn unrecorded(body: serde_json::Value) -> RecordedResponse {
    RecordedResponse {
        status: 200,
        headers: [("content-type".into(), "application/json".into())].into(),
        body: Some(body),
        text: None,
    }
}

fn serve(mut stream: TcpStream, script: &Mutex<Script>) {
    while let Some(mut request) = read_request(&mut stream) {
        request.path = request.path.strip_prefix(URL).unwrap_or(&request.path).to_owned();
        let mut script = script.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = match script.answer(&request) {
            Answer::Recorded(answer) => answer,
            Answer::Away => return,
            Answer::Health => unrecorded(serde_json::json!({"status": "ok"})),
            Answer::Directory => unrecorded(serde_json::json!({
                "people": [], "teams": [], "services": [], "policies": [], "schedules": []
            })),
            Answer::NoIncident => unrecorded(serde_json::json!({
                "rows": [], "next": null, "total": 0, "counts": null
            })),
            Answer::NoSuchPath => RecordedResponse {
                status: 404,
                ..unrecorded(serde_json::json!({
                    "type": "urn:redphone:not_found", "title": "Not found", "status": 404,
                    "code": "not_found",
                    "detail": "there is no such path: /v1/openapi.json lists all"
                }))
            },
            Answer::NotRecorded => {
                let _ = stream.write_all(b"HTTP/1.1 501 Not Recorded\r\nContent-Length: 0\r\n\r\n");
                continue;
            }
        };
        let body = answer.body.as_ref().map(ToString::to_string).or(answer.text);
        let body = script.bindings.applied(&body.unwrap_or_default());
        drop(script);
        let now = Utc::now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let headers = answer.headers.iter().filter(|(name, _)| *name != "content-encoding");
        let headers = headers.map(|(name, value)| (name.as_str(), value.as_str()));
        let headers = headers.chain([("Date", now.as_str())]);
        let length = (answer.status != 304).then_some(body.len());
        let head = head(&format!("HTTP/1.1 {} Recorded", answer.status), headers, length);
        if stream.write_all(format!("{head}{body}").as_bytes()).is_err() {
            return;
        }
    }
}
