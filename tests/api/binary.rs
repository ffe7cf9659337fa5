//! The `redphone serve` process: start, requests, reload, shutdown and kill.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use redphone::api::Answers;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::api::{TestResponse, client, declare, fetch};
use crate::support::wait::until;

fn program(folder: &Path) -> Command {
    let mut program = Command::new(crate::support::program());
    program
        .env_clear()
        .current_dir(folder)
        .env("HOME", folder.join("home"))
        .env("REDPHONE_STORE", folder.join("store.db"))
        .env("REDPHONE_USER", "ines")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    program
}

struct Serving {
    child: Child,
    url: String,
    token: String,
}

fn token(folder: &Path, args: &[&str]) -> String {
    let output = program(folder).args(["token", "create"]).args(args).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// Starts the program. Its first line of output gives its URL.
fn start(folder: &Path, token: &str, args: &[&str]) -> Serving {
    started(program(folder), token, args)
}

fn started(mut program: Command, token: &str, args: &[&str]) -> Serving {
    let mut child = program
        .args(["serve", "--listen", "127.0.0.1:0", "--access-log", "access.jsonl"])
        .args(args)
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let url = line.rsplit(' ').next().unwrap().trim_end().to_owned();
    assert!(url.starts_with("http"), "{line}");
    Serving { child, url, token: token.to_owned() }
}

impl Serving {
    async fn send(&self, orders: Vec<redphone::api::Order>) -> Option<Answers> {
        let body = serde_json::json!({"commands": orders});
        let request = client().post(format!("{}/v1/commands", self.url));
        let response = request.bearer_auth(&self.token).json(&body).send().await.ok()?;
        response.json().await.ok()
    }

    async fn get(&self, path: &str) -> TestResponse {
        fetch(client().get(format!("{}{path}", self.url)).bearer_auth(&self.token)).await
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Waits until it ends. Returns its exit code and its standard error.
    fn ended(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().unwrap();
        let mut stderr = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        (status.code(), stderr)
    }
}

#[tokio::test]
async fn server_serves_a_queue_and_ends_cleanly_on_a_signal() {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    let token = token(path, &["--name", "ines", "--scope", "respond"]);
    let server = start(path, &token, &[]);
    let (id, declaration) = declare("Card payments fail");
    assert!(server.send(vec![declaration]).await.is_some());
    let list = program(path).args(["list", "--json"]).output().unwrap();
    assert!(String::from_utf8(list.stdout).unwrap().contains(&id.to_string()));
    server.signal("-TERM");
    let (code, stderr) = server.ended();
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let log = std::fs::read_to_string(path.join("access.jsonl")).unwrap();
    let line: Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    assert_eq!((&line["token"], &line["status"]), (&"ines".into(), &200.into()));
    let listed = program(path).args(["token", "list", "--json"]).output().unwrap();
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed["state"], "holds");
    assert!(listed["last_used_at"].is_string());
    assert!(!listed.to_string().contains(&token[16..]));
}

#[tokio::test]
async fn acknowledged_commands_survive_a_kill_and_can_be_resent() {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    let token = token(path, &["--name", "ines", "--scope", "respond", "--expires", "never"]);
    let mut sent = Vec::new();
    for round in 0..3 {
        let mut server = start(path, &token, &[]);
        for n in 0..10 {
            let (id, order) = declare(&format!("No {n} of round {round}"));
            assert!(server.send(vec![order.clone()]).await.is_some());
            sent.push((id, order));
        }
        server.child.kill().unwrap();
        server.child.wait().unwrap();
    }
    let server = start(path, &token, &[]);
    for (id, order) in &sent {
        let answers = server.send(vec![order.clone()]).await.unwrap();
        let redphone::api::Answered::Done { outcome, .. } = &answers.answers[0] else {
            panic!("{answers:?}")
        };
        assert!(outcome.replayed && outcome.incident == Some(*id));
    }
    let page = server.get("/v1/incidents?limit=100").await.json();
    assert_eq!(page["rows"].as_array().unwrap().len(), sent.len());
    server.signal("-INT");
    assert_eq!(server.ended().0, Some(0));
}

#[tokio::test]
async fn rotated_log_file_is_reopened() {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    let token = token(path, &["--name", "wall", "--scope", "read"]);
    let server = start(path, &token, &[]);
    server.get("/v1/incidents").await;
    let (log, old) = (path.join("access.jsonl"), path.join("access.old"));
    until("a line is written", async || std::fs::metadata(&log).unwrap().len() > 0).await;
    std::fs::rename(&log, &old).unwrap();
    server.signal("-HUP");
    until("the log is begun anew", async || log.exists()).await;
    server.get("/v1/health").await;
    server.signal("-TERM");
    assert_eq!(server.ended().0, Some(0));
    assert!(std::fs::read_to_string(&log).unwrap().contains("/v1/health"));
    assert!(std::fs::read_to_string(&old).unwrap().contains("/v1/incidents"));
}

#[tokio::test]
async fn changed_settings_are_reloaded_and_wrong_ones_are_named() {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    let token = token(path, &["--name", "ines", "--scope", "respond"]);
    let settings = path.join("config.toml");
    let acknowledge = |time: &str| {
        let rules = format!("[levels.p1]\nacknowledge = \"{time}\"\n");
        std::fs::write(&settings, rules).unwrap();
    };
    acknowledge("30m");
    let config = settings.to_str().unwrap();
    let mut program = program(path);
    program.env("REDPHONE_CONFIG", config).env("REDPHONE_LOG", "warn");
    let server = started(program, &token, &[]);
    assert!(server.send(vec![declare("Card payments fail").1]).await.is_some());
    let late = async || {
        let page = server.get("/v1/incidents?filter=sla:late").await.json();
        page["rows"].as_array().unwrap().len()
    };
    assert_eq!(late().await, 0);
    acknowledge("1s");
    until("the new level holds", async || late().await == 1).await;
    std::fs::write(&settings, "[levels").unwrap();
    server.signal("-HUP");
    assert_eq!(late().await, 1, "what held before still holds");
    acknowledge("30m");
    until("the old level holds again", async || late().await == 0).await;
    server.signal("-TERM");
    assert_eq!(server.ended().0, Some(0));
}

#[tokio::test]
async fn second_signal_does_not_wait_for_running_requests() {
    use std::io::Write;
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    let token = token(path, &["--name", "ines", "--scope", "respond"]);
    let server = start(path, &token, &[]);
    // A request whose body never arrives.
    let mut stuck = std::net::TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
    let head = format!(
        "POST /v1/commands HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Expect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n"
    );
    stuck.write_all(head.as_bytes()).unwrap();
    let mut some = [0; 16];
    assert!(stuck.read(&mut some).unwrap() > 0, "its body is waited for");
    let begun = std::time::Instant::now();
    server.signal("-TERM");
    let refused =
        || std::net::TcpStream::connect(server.url.trim_start_matches("http://")).is_err();
    until("nothing new is accepted", async || refused()).await;
    server.signal("-TERM");
    let (code, stderr) = server.ended();
    assert_eq!(code, Some(0));
    assert!(stderr.contains("ended at once"), "{stderr}");
    assert!(begun.elapsed() < std::time::Duration::from_secs(15));
}

#[test]
fn openapi_document_is_printed_without_a_store() {
    let folder = TempDir::new().unwrap();
    let output = program(folder.path()).args(["serve", "--print-openapi"]).output().unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    assert!(!folder.path().join("store.db").exists());
}

#[test]
fn unusable_serve_options_are_refused_in_a_sentence() {
    let folder = TempDir::new().unwrap();
    let run = |args: &[&str]| {
        let output = program(folder.path()).arg("serve").args(args).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    // There is no store to read yet.
    assert_eq!(run(&["--read-only"]).0, 3);
    let (code, stderr) = run(&["--listen", "0.0.0.0:0"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("can be reached by other machines"), "{stderr}");
    let tls = ["--listen", "127.0.0.1:0", "--tls-cert", "a.pem", "--tls-key", "b.pem"];
    let (code, stderr) = run(&tls);
    assert_eq!(code, 4);
    assert!(stderr.contains("a.pem can't be read"), "{stderr}");
    assert_eq!(run(&["--tls-cert", "a.pem"]).0, 2);
}

#[tokio::test]
async fn demo_is_served_and_prints_how_to_connect() {
    let folder = TempDir::new().unwrap();
    let mut child = program(folder.path())
        .args(["demo", "--serve", "--incidents", "50", "--keep", "demo.db"])
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    assert!(first.contains("the demo is served at http://127.0.0.1:"), "{first}");
    let how = lines.next().unwrap().unwrap();
    let parts: Vec<_> = how.split_whitespace().collect();
    assert_eq!((parts[0], parts[1], parts[3]), ("redphone", "--backend", "--token-file"));
    let file = folder.path().join(parts[4]);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let token = std::fs::read_to_string(file).unwrap();
    let request = client().get(format!("{}/v1/incidents", parts[2])).bearer_auth(token.trim());
    let page = fetch(request).await.json();
    assert!(page["rows"].as_array().unwrap().len() >= 10);
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
