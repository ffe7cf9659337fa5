//! A real server on loopback over a real store, and requests to it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use redphone::api::{Answered, Answers, Order, Orders};
use redphone::backend::Backend;
use redphone::backend::file::FileStore;
use redphone::model::directory::Directory;
use redphone::model::{Command, CommandId, IncidentCommand, IncidentId, PersonRef};
use redphone::server::scope::Scope;
use redphone::server::tokens::{NewToken, TokenFile};
use redphone::server::{self, Server};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{commands, store as stores};

/// A running server with one token for each scope.
pub struct TestServer {
    pub url: String,
    pub addr: std::net::SocketAddr,
    pub store: FileStore,
    pub tokens: TokenFile,
    pub read: String,
    pub ingest: String,
    pub respond: String,
    pub admin: String,
    stop: Option<oneshot::Sender<()>>,
    running: Option<JoinHandle<()>>,
    folder: TempDir,
}

/// A response, read completely.
#[derive(Debug)]
pub struct TestResponse {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Vec<u8>,
}

impl TestResponse {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&self.body)))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Checks a refusal: its status, its code, and that it is problem details with a sentence.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str, expected: &str) {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{text}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{text}");
        let json = self.json();
        assert_eq!(json["code"], code, "{text}");
        assert_eq!(json["status"], status, "{text}");
        assert_eq!(json["type"], format!("urn:redphone:{code}"));
        let detail = json["detail"].as_str().unwrap();
        assert!(detail.contains(expected), "{expected:?} is not in {detail:?}");
        assert!(detail.chars().all(|c| !c.is_control()), "{detail:?}");
    }
}

impl TestServer {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// Starts a server whose options were changed by a function.
    pub async fn with(change: impl FnOnce(&mut server::Options)) -> Self {
        let folder = TempDir::new().unwrap();
        let store = stores::open(&folder.path().join("store.db")).await;
        let people =
            vec![PersonRef::new("ines", "Ines Moreau"), PersonRef::new("tom", "Tom Varga")];
        store.set_directory(&Directory { people, ..Directory::default() }).await.unwrap();
        let tokens = TokenFile::new(folder.path().join("tokens.json"));
        let make = |name: &str, scope| token(&tokens, name, scope);
        let (read, ingest) = (make("wall", Scope::Read), make("Alertmanager", Scope::Ingest));
        let (respond, admin) = (make("ines", Scope::Respond), make("root", Scope::Admin));
        let mut options = server::Options::new("127.0.0.1:0", tokens.path());
        options.limits.requests_per_minute = 1_000_000.try_into().unwrap();
        change(&mut options);
        let server = Server::bind(options, Arc::new(store.clone())).await.unwrap();
        let (addr, url) = (server.addr(), server.url());
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(server.run(async {
            // Ends when the server is stopped, or dropped at the end of a test.
            stopped.await.ok();
        }));
        let (stop, running) = (Some(stop), Some(running));
        Self { url, addr, store, tokens, read, ingest, respond, admin, stop, running, folder }
    }

    /// Starts a server over another store, with the tokens of a server that has stopped.
    pub async fn restarted_on(store: FileStore, other: &Self) -> Self {
        let folder = TempDir::new().unwrap();
        let tokens = TokenFile::new(other.tokens.path());
        let mut options = server::Options::new("127.0.0.1:0", tokens.path());
        options.limits.requests_per_minute = 1_000_000.try_into().unwrap();
        let server = Server::bind(options, Arc::new(store.clone())).await.unwrap();
        let (addr, url) = (server.addr(), server.url());
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(server.run(async {
            stopped.await.ok();
        }));
        let (read, ingest) = (other.read.clone(), other.ingest.clone());
        let (respond, admin) = (other.respond.clone(), other.admin.clone());
        let (stop, running) = (Some(stop), Some(running));
        Self { url, addr, store, tokens, read, ingest, respond, admin, stop, running, folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Requests the shutdown of the server.
    pub fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// Waits until the server has stopped.
    pub async fn stopped(&mut self) {
        tokio::time::timeout(Duration::from_mins(1), self.running.take().unwrap())
            .await
            .expect("it ends")
            .unwrap();
    }

    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        client().request(method.parse().unwrap(), format!("{}{path}", self.url))
    }

    /// Sends a GET request with a token.
    pub async fn get(&self, token: &str, path: &str) -> TestResponse {
        fetch(self.request("GET", path).bearer_auth(token)).await
    }

    /// Sends a body that claims to be JSON.
    pub async fn post(&self, token: &str, body: impl Into<reqwest::Body>) -> TestResponse {
        let request = self.request("POST", "/v1/commands").bearer_auth(token);
        fetch(request.header("content-type", "application/json").body(body)).await
    }

    /// Sends commands and returns the answer to each.
    pub async fn send(&self, token: &str, commands: Vec<Order>) -> Vec<Answered> {
        let ids: Vec<_> = commands.iter().map(|order| order.id).collect();
        let response = self.post(token, serde_json::to_vec(&Orders { commands }).unwrap()).await;
        // The refusal of a single command is the response itself.
        if let ([id], Ok(details)) = (&ids[..], serde_json::from_slice(&response.body)) {
            return vec![Answered::Refused { id: *id, details: Box::new(details) }];
        }
        assert_eq!(response.status, 200, "{}", String::from_utf8_lossy(&response.body));
        serde_json::from_slice::<Answers>(&response.body).unwrap().answers
    }

    /// Declares an incident straight in the store.
    pub async fn declared(&self, title: &str) -> IncidentId {
        let (id, order) = declare(title);
        let actor = redphone::model::Actor::Person(PersonRef::new("ines", "Ines Moreau"));
        self.store.execute(&order.into_envelope(actor)).await.unwrap();
        id
    }
}

/// The client of all requests. It ignores the proxy settings of the environment.
pub fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().no_gzip().build().unwrap()
}

pub async fn fetch(request: reqwest::RequestBuilder) -> TestResponse {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    TestResponse { status, headers, body: response.bytes().await.unwrap().to_vec() }
}

pub fn token(tokens: &TokenFile, name: &str, scope: Scope) -> String {
    let new = NewToken { name: name.into(), scope, person: None, expires_at: None };
    tokens.create(new).unwrap().0.reveal()
}

pub fn order(incident: IncidentId, incident_command: IncidentCommand) -> Order {
    let command = Command::incident(incident, incident_command);
    Order {
        id: CommandId::new(),
        at: Utc::now(),
        command,
        expected_seq: None,
        accept_unknown: false,
        as_person: None,
    }
}

pub fn declare(title: &str) -> (IncidentId, Order) {
    let id = IncidentId::new();
    (id, order(id, IncidentCommand::Declare(Box::new(commands::declaration(title)))))
}

#[track_caller]
pub fn done(answer: &Answered) -> &redphone::backend::Outcome {
    match answer {
        Answered::Done { outcome, .. } => outcome,
        Answered::Refused { details, .. } => panic!("{details:?}"),
    }
}
