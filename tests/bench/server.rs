//! Speed of the server, against an axum handler that returns a constant and against the file
//! backend itself, on the same machine in the same run, with the client on the same cores.
//!
//! `cargo bench -- server`.

mod client;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get as route;
use redphone::api::{Order, Orders};
use redphone::backend::Backend;
use redphone::backend::file::FileStore;
use redphone::model::command::Declaration;
use redphone::model::{Actor, IncidentCommand, IncidentId, PersonRef, Urgency};
use redphone::server::scope::Scope;
use redphone::server::tokens::{NewToken, TokenFile};
use tempfile::TempDir;

use self::client::{Client, get, post, rate};
use super::report::{median, row_with_floor};
use crate::support::api::order;
use crate::support::commands;
use crate::support::program;
use crate::support::store::open;
use crate::support::wait;

/// Set for the process that answers with a constant.
const CONSTANT: &str = "REDPHONE_BENCH_CONSTANT";
/// Open incidents.
const OPEN: usize = 500;
/// Clients that send commands.
const CLIENTS: usize = 32;
/// Clients that wait for changes.
const WAITING: usize = 2000;

pub fn run() {
    if let Some(body) = std::env::var_os(CONSTANT) {
        constant(body.into_string().unwrap());
        return;
    }
    allow_files();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(all());
}

/// Each connection needs a file.
fn allow_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
}

/// Another process that serves and prints its address on its first line.
struct Serving {
    child: Child,
    addr: SocketAddr,
}

impl Serving {
    fn start(process: &mut Process) -> Self {
        let mut child = process.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let addr = line.trim_end().rsplit('/').next().unwrap().parse().unwrap();
        Self { child, addr }
    }

    /// Resident memory in MiB.
    fn resident(&self) -> f64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmRSS"));
        let kib = line.and_then(|line| line.split_whitespace().nth(1)).and_then(|n| n.parse().ok());
        kib.unwrap_or(0.0) / 1024.0
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Answers every request with the same body, with the least work that axum allows.
fn constant(body: String) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let body = bytes::Bytes::from(body);
        let app: Router = Router::new().route(
            "/v1/changes",
            route(async move || ([("content-type", "application/json")], body.clone())),
        );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("http://{}", listener.local_addr().unwrap());
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let service = hyper_util::service::TowerToHyperService::new(app.clone());
            let stream = hyper_util::rt::TokioIo::new(stream);
            tokio::spawn(
                hyper::server::conn::http1::Builder::new().serve_connection(stream, service),
            );
        }
    });
}

fn declare(n: usize) -> Order {
    let title = format!("Card payments fail for some customers of shop {n}");
    let declaration = Declaration {
        services: vec!["checkout".into(), "payments-gateway".into()],
        urgency: Urgency::Medium,
        symptoms: "one in ten is declined".into(),
        team: Some("payments".into()),
        ..commands::declaration(title)
    };
    order(IncidentId::new(), IncidentCommand::Declare(Box::new(declaration)))
}

fn actor() -> Actor {
    Actor::Person(PersonRef::new("bench", "bench"))
}

/// A store with open incidents.
async fn filled(path: &Path) -> Vec<IncidentId> {
    let store = open(path).await;
    let commands: Vec<_> = (0..OPEN).map(|n| declare(n).into_envelope(actor())).collect();
    let mut ids = Vec::new();
    for outcome in store.execute_all(&commands).await {
        ids.push(outcome.unwrap().incident.unwrap());
    }
    store.close().await;
    ids
}

/// The real program over a store.
fn serve(path: &Path) -> (Serving, String) {
    let tokens = TokenFile::for_store(path);
    let new =
        NewToken { name: "bench".into(), scope: Scope::Admin, person: None, expires_at: None };
    let token = tokens.create(new).unwrap().0.reveal();
    let mut process = Process::new(program());
    process
        .args(["serve", "--listen", "127.0.0.1:0", "--requests-a-minute", "4000000000"])
        .arg("--access-log")
        .arg(path.with_extension("access"))
        .arg("--store")
        .arg(path);
    (Serving::start(&mut process), token)
}

async fn all() {
    println!("{:<44} {:>14} {:>14} {:>6}  {:<12}", "what", "figure", "floor", "ratio", "target");
    let base = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/bench");
    std::fs::create_dir_all(&base).unwrap();
    // On the same disk as the other figures, not in memory.
    let folder = TempDir::new_in(&base).unwrap();
    let path = folder.path().join("served.db");
    let ids = filled(&path).await;
    let (server, token) = serve(&path);
    reading(&server, &token).await;
    waiting(&server, &token).await;
    commands(folder.path(), &server, &token, &ids).await;
}

async fn reading(server: &Serving, token: &str) {
    let mut client = Client::connect(server.addr).await;
    let first = client.ask(&get("/v1/changes", token, "")).await;
    let first: serde_json::Value = serde_json::from_slice(first.body).unwrap();
    let path = format!("/v1/changes?since={}", first["cursor"].as_str().unwrap());
    let poll = get(&path, token, "");
    let nothing = String::from_utf8(client.ask(&poll).await.body.to_vec()).unwrap();
    let constant = Serving::start(
        Process::new(std::env::current_exe().unwrap())
            .args(["--bench", "server"])
            .env(CONSTANT, nothing),
    );
    let page = get("/v1/incidents?limit=100", token, "");
    let rows: serde_json::Value = serde_json::from_slice(client.ask(&page).await.body).unwrap();
    assert_eq!(rows["rows"].as_array().unwrap().len(), 100);
    let (mut floors, mut polls, mut pages) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..3 {
        floors.push(rate(constant.addr, CLIENTS, &poll, 200).await);
        polls.push(rate(server.addr, CLIENTS, &poll, 200).await);
        pages.push(rate(server.addr, CLIENTS, &page, 200).await);
    }
    let (floor, polls, pages) = (median(&mut floors), median(&mut polls), median(&mut pages));
    let ratio = polls / floor;
    row_with_floor(
        "polls without change, against a constant",
        &format!("{polls:.0}/s"),
        &format!("{floor:.0}/s"),
        &format!("{ratio:.2}"),
        ">= 0.5",
        ratio >= 0.5,
    );
    row_with_floor(
        "first pages of 100",
        &format!("{pages:.0}/s"),
        "",
        "",
        ">= 3000/s",
        pages >= 3000.0,
    );
}

async fn waiting(server: &Serving, token: &str) {
    let mut client = Client::connect(server.addr).await;
    let first = client.ask(&get("/v1/changes", token, "")).await;
    let first: serde_json::Value = serde_json::from_slice(first.body).unwrap();
    let path = format!("/v1/changes?wait=60&since={}", first["cursor"].as_str().unwrap());
    let mut clients = Vec::new();
    for _ in 0..WAITING {
        let mut client = Client::connect(server.addr).await;
        client.write(&get(&path, token, "")).await;
        clients.push(client);
    }
    let figure = format!("redphone_requests_held {WAITING}\n");
    wait::until("all of them wait", async || {
        let metrics = client.ask(&get("/v1/metrics", token, "")).await;
        std::str::from_utf8(metrics.body).unwrap().contains(&figure)
    })
    .await;
    let resident = server.resident();
    row_with_floor(
        "memory with 2,000 that wait for changes",
        &format!("{resident:.0} MiB"),
        "",
        "",
        "<= 200 MiB",
        resident <= 200.0,
    );
    let body = serde_json::to_string(&Orders { commands: vec![declare(OPEN)] }).unwrap();
    let request = post(&body, token);
    let begun = Instant::now();
    client.write(&request).await;
    for client in &mut clients {
        let answer = client.read().await;
        assert!(answer.status == 200 && answer.body.len() > 200);
    }
    let elapsed = begun.elapsed();
    row_with_floor(
        "a change told to all of them, after",
        &format!("{:.0} ms", elapsed.as_secs_f64() * 1e3),
        "",
        "",
        "<= 1 s",
        elapsed <= Duration::from_secs(1),
    );
    client.read().await;
}

/// Durable commands of many clients, through the server and straight to a store, in turns.
async fn commands(folder: &Path, server: &Serving, token: &str, ids: &[IncidentId]) {
    let path = folder.join("alone.db");
    let own = filled(&path).await;
    let store = open(&path).await;
    let (mut alone, mut behind) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        alone.push(straight(&store, &own).await);
        behind.push(through(server, token, ids).await);
    }
    let (alone, behind) = (median(&mut alone), median(&mut behind));
    let ratio = behind / alone;
    row_with_floor(
        "durable commands of 32 clients, served",
        &format!("{behind:.0}/s"),
        &format!("{alone:.0}/s"),
        &format!("{ratio:.2}"),
        ">= 0.7",
        ratio >= 0.7,
    );
    store.close().await;
}

/// The number of commands of each client in a turn.
const EACH: usize = 60;

fn note(ids: &[IncidentId], client: usize, n: usize) -> Order {
    let text = format!("note {n} of client {client}: restarted two of the four nodes, watching");
    order(ids[(client * 7 + n) % ids.len()], IncidentCommand::AddNote { text })
}

fn a_second(begun: Instant) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "some thousands")]
    let count = (CLIENTS * EACH) as f64;
    count / begun.elapsed().as_secs_f64()
}

async fn straight(store: &FileStore, ids: &[IncidentId]) -> f64 {
    let begun = Instant::now();
    let mut tasks = Vec::new();
    for client in 0..CLIENTS {
        let orders: Vec<_> = (0..EACH).map(|n| note(ids, client, n)).collect();
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            for order in orders {
                store.execute(&order.into_envelope(actor())).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    a_second(begun)
}

async fn through(server: &Serving, token: &str, ids: &[IncidentId]) -> f64 {
    let begun = Instant::now();
    let mut tasks = Vec::new();
    for client in 0..CLIENTS {
        let requests: Vec<_> = (0..EACH)
            .map(|n| {
                let orders = Orders { commands: vec![note(ids, client, n)] };
                post(&serde_json::to_string(&orders).unwrap(), token)
            })
            .collect();
        let addr = server.addr;
        tasks.push(tokio::spawn(async move {
            let mut client = Client::connect(addr).await;
            for request in requests {
                let answer = client.ask(&request).await;
                let text = std::str::from_utf8(answer.body).unwrap();
                assert!(answer.status == 200 && text.contains("\"done\""), "{text}");
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    a_second(begun)
}
