//! The disk fails under a server: everything it acknowledged is stored, each failure is a sentence,
//! and a command that is sent again is carried out once.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use redphone::api::{Answered, Answers, Order};
use redphone::model::IncidentCommand;
use serde_json::{Value, json};

use super::injected::{CALLS, Fault, faults, files, has_strace, program_output};
use super::is_possible;
use crate::support::api::{client, declare, order};
use crate::support::cli::{CliFixture, json_lines};
use crate::support::program;
use crate::support::sample::{Sample, seed};

/// The server makes more calls than a command: it checks whether it can write.
const MAX_CALLS: u64 = 60;

struct Served {
    child: Child,
    url: String,
}

impl Served {
    /// Starts the server; `None` if it reports on standard error that it can't start.
    fn start(cli: &CliFixture, fault: Option<Fault>) -> Option<Self> {
        let mut command = match fault {
            Some(fault) => {
                let mut strace = fault.strace(cli, CALLS, &files(cli));
                // The process is the server, and `strace` one of its children.
                strace.arg("-D").arg(program());
                strace
            }
            None => cli.program(),
        };
        command.args(["serve", "--listen", "127.0.0.1:0", "--access-log", "access.jsonl"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        if line.is_empty() {
            let output = child.wait_with_output().unwrap();
            let run = program_output(output);
            assert!(matches!(run.code, 1 | 4), "{fault:?}: {run:?}");
            let last = run.err.lines().last().unwrap_or_default();
            assert!(last.starts_with("redphone: "), "{fault:?}: {run:?}");
            assert_harmless(fault, last);
            return None;
        }
        let url = line.rsplit(' ').next().unwrap().trim_end().to_owned();
        assert!(url.starts_with("http"), "{line}");
        Some(Self { child, url })
    }

    async fn send(&self, token: &str, order: &Order) -> (u16, String) {
        let request = client().post(format!("{}/v1/commands", self.url)).bearer_auth(token);
        let response = request.json(&json!({ "commands": [order] })).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    fn end(mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap();
    }
}

#[track_caller]
fn assert_harmless(fault: Option<Fault>, sentence: &str) {
    for raw in ["os error", "SQLITE", "panicked", "database", "(code"] {
        assert!(!sentence.contains(raw), "{fault:?}: {sentence}");
    }
}

/// Returns whether an answer acknowledges the command. Any other must be a sentence.
#[track_caller]
fn is_done(fault: Option<Fault>, status: u16, body: &str) -> bool {
    if status == 200 {
        let answers: Answers = serde_json::from_str(body).unwrap();
        return matches!(answers.answers[..], [Answered::Done { .. }]);
    }
    assert!(matches!(status, 500 | 503), "{fault:?}: {status} {body}");
    let problem: Value = serde_json::from_str(body).unwrap();
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.len() > 10, "{fault:?}: {body}");
    assert_harmless(fault, detail);
    false
}

#[tokio::test]
async fn server_answers_as_done_only_what_is_stored() {
    if !is_possible("strace", has_strace()) {
        return;
    }
    println!("seed {}", seed());
    let (mut happened_in, mut failed) = (0, 0);
    let rounds = Sample::new("REDPHONE_FAULT_RUNS", 4).rounds(2);
    for (_, fault) in rounds.zip(faults(MAX_CALLS)) {
        let cli = CliFixture::new();
        cli.declare("Before", "cdn");
        let token = cli.run(["token", "create", "--name", "ines", "--scope", "respond"]).out;
        let token = token.trim();
        let (id, declaration) = declare("Declared");
        let orders = [
            declaration,
            order(id, IncidentCommand::Acknowledge),
            order(id, IncidentCommand::AddNote { text: "a note".into() }),
        ];
        let mut done = [false; 3];
        if let Some(server) = Served::start(&cli, Some(fault)) {
            for (order, done) in orders.iter().zip(&mut done) {
                let (status, body) = server.send(token, order).await;
                // A command on an incident that was not declared is not found.
                let is_declared = order.id == orders[0].id || status != 404;
                *done = is_declared && is_done(Some(fault), status, &body);
                failed += u64::from(!*done);
            }
            server.end();
        }
        happened_in += u64::from(Fault::happened(&cli));
        // The disk is well again.
        let stored = |export: &str| {
            let lines = json_lines(export);
            let commands = lines.iter().filter_map(|line| line.pointer("/event/command"));
            let commands: Vec<String> =
                commands.map(|id| id.as_str().unwrap().to_owned()).collect();
            orders.each_ref().map(|order| {
                commands.iter().filter(|command| **command == order.id.to_string()).count()
            })
        };
        let found = stored(&cli.ok(["export"]));
        for (found, done) in found.iter().zip(done) {
            assert!(*found == 1 || !done && *found == 0, "{fault:?}: {done:?} {found:?}");
        }
        cli.ok(["doctor"]);
        let server = Served::start(&cli, None).unwrap();
        for order in &orders {
            let (status, body) = server.send(token, order).await;
            assert!(is_done(None, status, &body), "{fault:?}: {status} {body}");
        }
        server.end();
        assert_eq!(stored(&cli.ok(["export"])), [1; 3], "{fault:?}");
        cli.ok(["doctor"]);
    }
    println!("{happened_in} servers met a fault, {failed} commands failed");
}
