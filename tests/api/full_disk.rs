//! A server whose files can't be written for a while, as on a full disk.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use redphone::server::scope::Scope;
use redphone::server::tokens::TokenFile;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::json;

use crate::support::api::{TestResponse, client, declare, fetch, token};
use crate::support::wait::until;

/// The program as a process whose files can be given a largest size while it runs.
struct Serving {
    child: Child,
    url: String,
}

impl Serving {
    fn start(folder: &Path) -> Self {
        // A signal that is ignored stays so: a write beyond the limit is an error, as on a full disk.
        let mut child = Command::new("sh")
            .args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"])
            .arg(crate::support::program())
            .args(["serve", "--listen", "127.0.0.1:0", "--access-log", "access.jsonl"])
            .args(["--tokens", "tokens.json"])
            .env_clear()
            .current_dir(folder)
            .env("HOME", folder.join("home"))
            .env("REDPHONE_STORE", folder.join("secret-folder/store.db"))
            .env("REDPHONE_USER", "ines")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let url = line.rsplit(' ').next().unwrap().trim_end().to_owned();
        assert!(url.starts_with("http"), "{line}");
        Self { child, url }
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Sets the largest size of the files that the process writes.
    fn limit_files(&self, bytes: Option<u64>) {
        prlimit(Some(self.pid()), Resource::Fsize, Rlimit { current: bytes, maximum: None })
            .unwrap();
    }

    async fn get(&self, token: &str, path: &str) -> TestResponse {
        fetch(client().get(format!("{}{path}", self.url)).bearer_auth(token)).await
    }

    async fn post(&self, token: &str, order: &redphone::api::Order) -> TestResponse {
        let request = client().post(format!("{}/v1/commands", self.url)).bearer_auth(token);
        fetch(request.json(&json!({ "commands": [order] }))).await
    }

    /// Ends the process. Returns its standard error.
    fn end(mut self) -> String {
        rustix::process::kill_process(self.pid(), rustix::process::Signal::TERM).unwrap();
        assert!(self.child.wait().unwrap().success());
        let mut stderr = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        stderr
    }
}

#[tokio::test]
async fn server_is_not_ready_while_writes_fail() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = TokenFile::new(folder.path().join("tokens.json"));
    let make = |name, scope| token(&tokens, name, scope);
    let (respond, ingest) = (make("ines", Scope::Respond), make("pager", Scope::Ingest));
    let server = Serving::start(folder.path());
    assert_eq!(server.post(&respond, &declare("Card payments fail").1).await.status, 200);
    assert_eq!(server.get("", "/v1/ready").await.status, 200);

    server.limit_files(Some(0));
    let (_, order) = declare("Logins fail");
    let names_file = |response: &TestResponse| {
        let text = String::from_utf8_lossy(&response.body).into_owned();
        ["secret-folder", "store.db", "SQL", "database", "code"]
            .iter()
            .any(|part| text.replace("\"code\":", "").contains(part))
    };
    let failed = server.post(&respond, &order).await;
    failed.refused(503, "unreachable", "store.db");
    let failed = server.post(&ingest, &order).await;
    failed.refused(503, "unreachable", "the disk of the store");
    assert!(!names_file(&failed), "{failed:?}");
    let ready = server.get("", "/v1/ready").await;
    ready.refused(503, "unreachable", "nothing can be written");
    assert!(!names_file(&ready), "{ready:?}");
    assert_eq!(server.get("", "/v1/health").await.status, 200);
    assert_eq!(server.get(&respond, "/v1/incidents").await.status, 200);
    let figures = server.get(&respond, "/v1/metrics").await;
    let figures = String::from_utf8(figures.body).unwrap();
    assert!(figures.contains("redphone_ready 0\n"), "{figures}");
    // It is tried again, and fails again.
    tokio::time::sleep(std::time::Duration::from_millis(2500)).await;
    assert_eq!(server.get("", "/v1/ready").await.status, 503);

    server.limit_files(None);
    // No command is needed for it.
    until("it is ready", async || server.get("", "/v1/ready").await.status == 200).await;
    assert_eq!(server.post(&respond, &order).await.status, 200);
    let figures = String::from_utf8(server.get(&respond, "/v1/metrics").await.body).unwrap();
    let lost = |name: &str| {
        let line = figures.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().parse::<u64>().unwrap()
    };
    assert!(figures.contains("redphone_ready 1\n"), "{figures}");
    assert!(lost("redphone_access_log_lost_total") >= 6, "{figures}");
    assert!(lost("redphone_log_lost_total") >= 1, "{figures}");
    let page = server.get(&respond, "/v1/incidents").await.json();
    assert_eq!(page["rows"].as_array().unwrap().len(), 2);
    let stderr = server.end();
    for expected in [
        "not ready, as nothing can be written: ",
        "secret-folder/store.db",
        "writing works again",
        "home/.local/state/redphone/log can't be written",
        "the access log has lost ",
    ] {
        assert!(stderr.contains(expected), "{expected:?} is not in {stderr}");
    }
    let log = std::fs::read_to_string(folder.path().join("access.jsonl")).unwrap();
    assert!(
        log.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()),
        "{log}"
    );
}

#[tokio::test]
async fn warnings_reach_standard_error() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = TokenFile::new(folder.path().join("tokens.json"));
    let revoked = token(&tokens, "gone", Scope::Respond);
    let id = tokens.revoke("gone").unwrap().id;
    let server = Serving::start(folder.path());
    for _ in 0..3 {
        assert_eq!(server.get(&revoked, "/v1/incidents").await.status, 401);
    }
    let stderr = server.end();
    let expected = format!(" WARN the revoked token {id} was used from 127.0.0.1\n");
    assert_eq!(stderr.matches(&expected).count(), 1, "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    let log = std::fs::read_to_string(folder.path().join("home/.local/state/redphone/log"));
    assert!(log.unwrap().contains(expected.trim_start_matches(" WARN ").trim_end()));
}
