//! The examples of the README for scripts, verbatim, against a real server.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use super::parts;
use crate::support::api::client;
use crate::support::served::Served;

/// The address in the examples.
const ADDRESS: &str = "https://redphone.example.com:7373";
/// The file with the token in the examples.
const HEADER: &str = "/etc/redphone/header";

/// A server, and the examples with its address and its token.
struct Examples {
    server: Served,
    blocks: Vec<String>,
}

impl Examples {
    async fn new() -> Self {
        let server = Served::start().await;
        let header = server.path("header");
        let line = format!("Authorization: Bearer {}\n", server.secret("tom").trim());
        std::fs::write(&header, line).unwrap();
        let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
        let readme = std::fs::read_to_string(readme).unwrap();
        let section = readme.split("### From scripts").nth(1).expect("the section");
        let section = section.replace(ADDRESS, &server.url());
        let section = section.replace(HEADER, header.to_str().unwrap());
        let blocks = section.split("```").skip(1).step_by(2).map(ToOwned::to_owned).collect();
        Self { server, blocks }
    }

    /// Returns the example with a text in it.
    fn with(&self, text: &str) -> &str {
        let block = self.blocks.iter().find(|block| block.contains(text));
        let block = block.unwrap_or_else(|| panic!("no example has {text}"));
        block.strip_prefix("sh\n").unwrap_or(block).trim_start_matches('\n')
    }

    /// Writes an example that is a script, in which another program replaces one of its own.
    fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.server.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    async fn incidents(&self) -> Vec<Value> {
        let url = format!("{}/v1/incidents?filter=is:any&sort=oldest", self.server.url());
        let request = client().get(url).bearer_auth(self.server.secret("eye"));
        let page: Value = request.send().await.unwrap().json().await.unwrap();
        page["rows"].as_array().unwrap().clone()
    }
}

fn run(command: &mut Command, input: &str) -> Output {
    let mut child = command
        .env("no_proxy", "127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// Returns the label of the incident in the answer that a command printed.
fn label(output: &Output) -> String {
    let (stdout, stderr) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let answer: Value =
        serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}{stderr}"));
    answer["label"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn examples_for_scripts_report_incidents() {
    if !parts::are_tested("the examples for scripts", &["curl", "sh", "iconv"]) {
        return;
    }
    let examples = Examples::new().await;

    let cron = examples.with("/etc/cron.d/backup").lines().nth(1).unwrap();
    // Five fields of time, and the user.
    let command = cron.split_whitespace().skip(6).collect::<Vec<_>>().join(" ");
    let command = command.replace("/usr/local/bin/backup", "false");
    assert_eq!(label(&run(Command::new("sh").args(["-c", &command]), "")), "INC-1");

    let deploy = examples.with("./deploy").replace("./deploy", "false");
    let deploy = examples.script("deploy.sh", &deploy);
    for _ in 0..2 {
        let output = run(Command::new("sh").arg(&deploy).arg("v812"), "");
        assert_eq!((label(&output).as_str(), output.status.code()), ("INC-2", Some(1)));
    }

    let mail = examples.script("mail.sh", examples.with("mail-to-incident"));
    let long = "é".repeat(150);
    let message = format!(
        "From: someone@example.com\nsubject: Zahlung schlägt fehl & mehr {long}\nTo: x\n\nSeit 9 \
         Uhr:\nnichts geht.\n"
    );
    assert_eq!(label(&run(Command::new("sh").arg(&mail), &message)), "INC-3");

    let rows = examples.incidents().await;
    let field = |index: usize, field: &str| rows[index][field].clone();
    assert_eq!(rows.len(), 3);
    assert_eq!(field(0, "title"), "The backup of db1 failed");
    assert_eq!(field(1, "title"), "The deploy of v812 failed");
    assert_eq!(field(1, "impact"), "high");
    assert!(field(2, "title").as_str().unwrap().starts_with("Zahlung schlägt fehl & mehr éé"));

    for line in examples.with("INC-12/acknowledge").lines().filter(|line| !line.contains(" -N ")) {
        let output = run(Command::new("sh").args(["-c", &line.replace("INC-12", "INC-1")]), "");
        assert_eq!(label(&output), "INC-1", "{line}");
    }
    let stream = examples.with(" -N ").lines().find(|line| line.contains(" -N ")).unwrap();
    let stream = format!("{stream} --max-time 2");
    let output = run(Command::new("sh").args(["-c", &stream]), "");
    assert!(output.stdout.starts_with(b"retry: "), "{output:?}");
}
