//! The real program is killed at random moments, as a server and as single commands: everything it
//! has acknowledged is stored, and nothing is duplicated.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use redphone::api::{Answered, Answers};
use redphone::model::IncidentCommand;
use serde_json::Value;

use crate::support::api::{client, declare, order};
use crate::support::cli::{CliFixture, json_lines};
use crate::support::sample::{Sample, seed};

/// The acknowledged commands: their ids, and titles of incidents that were declared.
type Acknowledged = Arc<Mutex<Vec<String>>>;

fn start_server(cli: &CliFixture) -> (Child, String) {
    let mut program = cli.program();
    program.args(["serve", "--listen", "127.0.0.1:0", "--access-log", "access.jsonl"]);
    let mut child = program.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.rsplit(' ').next().unwrap().trim_end().to_owned();
    assert!(url.starts_with("http"), "{line}");
    (child, url)
}

/// Sends commands until the server has ended.
async fn send_all(url: String, token: String, acknowledged: Acknowledged) {
    let client = client();
    for round in 0.. {
        let (id, declaration) = declare(&format!("Round {round}"));
        let mut orders = vec![declaration, order(id, IncidentCommand::Acknowledge)];
        orders.extend(
            (0..round % 4)
                .map(|n| order(id, IncidentCommand::AddNote { text: format!("note {n}") })),
        );
        let body = serde_json::json!({ "commands": orders });
        let request = client.post(format!("{url}/v1/commands")).bearer_auth(&token).json(&body);
        let Ok(response) = request.send().await else { return };
        let Ok(answers) = response.json::<Answers>().await else { return };
        for answer in answers.answers {
            if let Answered::Done { id, .. } = answer {
                acknowledged.lock().unwrap().push(id.to_string());
            }
        }
    }
}

async fn kill_server(cli: &CliFixture, token: &str, rng: &mut ChaCha8Rng) -> Vec<String> {
    let (mut child, url) = start_server(cli);
    let acknowledged = Acknowledged::default();
    let senders: Vec<_> = (0..3)
        .map(|_| tokio::spawn(send_all(url.clone(), token.to_owned(), Arc::clone(&acknowledged))))
        .collect();
    tokio::time::sleep(Duration::from_millis(rng.random_range(20..600))).await;
    child.kill().unwrap();
    child.wait().unwrap();
    for sender in senders {
        sender.await.unwrap();
    }
    acknowledged.lock().unwrap().clone()
}

/// Runs commands one after another, and kills the last one. Returns the titles of the incidents
/// whose declaration was answered.
fn kill_command(cli: &CliFixture, run: u64, rng: &mut ChaCha8Rng) -> Vec<String> {
    let mut declared = Vec::new();
    let count = rng.random_range(1..4);
    for number in 0..count {
        let title = format!("command {number} of run {run}");
        let mut program = cli.program();
        program.args(["declare", "--title", &title, "--impact", "low", "--urgency", "low"]);
        let mut child = program.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        if number + 1 == count {
            std::thread::sleep(Duration::from_micros(rng.random_range(0..150_000)));
            child.kill().ok();
        }
        if child.wait().unwrap().success() {
            declared.push(title);
        }
    }
    declared
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answered_commands_of_the_real_program_survive_a_kill() {
    let runs = Sample::new("REDPHONE_CRASH_RUNS", 4);
    println!("seed {}", seed());
    let mut rng = ChaCha8Rng::seed_from_u64(seed());
    let cli = CliFixture::new();
    let token = cli.run(["token", "create", "--name", "ines", "--scope", "respond"]).out;
    let token = token.trim();
    let mut answered = Vec::new();
    for run in runs.rounds(2) {
        answered.extend(if run % 2 == 0 {
            kill_server(&cli, token, &mut rng).await
        } else {
            kill_command(&cli, run, &mut rng)
        });
        let mut stored = HashSet::new();
        for line in json_lines(&cli.ok(["export"])) {
            let event = &line["event"];
            let Value::String(command) = &event["command"] else { continue };
            assert!(stored.insert(command.clone()), "run {run}: {command} was done twice");
            if let Value::String(title) = &event["title"] {
                stored.insert(title.clone());
            }
        }
        for what in &answered {
            assert!(stored.contains(what), "run {run}: {what} was answered and is lost");
        }
        cli.ok(["doctor"]);
    }
    println!("{} answers", answered.len());
    assert!(!answered.is_empty());
}
