//! New client, old server: the current program carries out each recorded action of the command line
//! against a fake of the old server. It sends the requests of the old one, and prints the same.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::local::differences;
use super::program::{Home, Run, run_with_input};
use super::recording::{Exchange, lines};
use super::stand_in::{StandIn, URL};

/// A recorded run of the program.
#[derive(Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
struct Action {
    title: String,
    client: String,
    token: String,
    args: Vec<String>,
    stdin: Option<String>,
    exit: i32,
    out: String,
    err: String,
    exchanges: Vec<Exchange>,
}

/// The settings that every recorded client has.
fn settings() -> String {
    format!(
        "user = \"ines\"\n[profiles.prod]\nbackend = \"{URL}\"\ninsecure_http = true\n\
         token_env = \"PROD_TOKEN\"\n"
    )
}

fn client_home() -> Home {
    let home = Home::new();
    std::fs::create_dir_all(home.path("config/redphone")).unwrap();
    std::fs::write(home.path("config/redphone/config.toml"), settings()).unwrap();
    home
}

fn act(home: &Home, stand_in: &StandIn, action: &Action) -> Run {
    let url = format!("http://127.0.0.1:{}", stand_in.port);
    let mut program = home.program();
    program
        .args(action.args.iter().map(|arg| arg.replace("{url}", &url)))
        .env("HTTP_PROXY", &url)
        .env("PROD_TOKEN", &action.token)
        .env("REDPHONE_TOKEN", &action.token);
    let run = run_with_input(program, action.stdin.as_deref());
    let as_recorded = |text: &str| {
        let folder = home.path("").to_str().unwrap().trim_end_matches('/').to_owned();
        let proxy = url.strip_prefix("http://").unwrap();
        stand_in
            .as_recorded(text)
            .replace(&url, "{url}")
            .replace(proxy, "{proxy}")
            .replace(&folder, "{home}")
    };
    Run { code: run.code, out: as_recorded(&run.out), err: as_recorded(&run.err) }
}

fn play(name: &str) {
    let (_, lines) = lines(name);
    let mut failures = Vec::new();
    let stand_in = StandIn::start();
    let mut homes: BTreeMap<String, Home> = BTreeMap::new();
    let is_action = |line: &Value| line.get("args").is_some();
    for line in lines.into_iter().filter(is_action) {
        let mut action: Action = serde_json::from_value(line).unwrap();
        let home = homes.entry(action.client.clone()).or_insert_with(client_home);
        stand_in.play(std::mem::take(&mut action.exchanges));
        let run = act(home, &stand_in, &action);
        let mut found = stand_in.differences();
        found.extend(differences(action.exit, &action.out, &action.err, &run));
        if !found.is_empty() {
            failures.push(format!("{}:\n    {}", action.title, found.join("\n    ")));
        }
    }
    let count = failures.len();
    assert!(failures.is_empty(), "{count} actions differ:\n{}", failures.join("\n"));
}

#[test]
fn command_line_sends_and_prints_as_recorded() {
    play("recordings/client-commands.jsonl");
}

#[test]
fn client_without_a_server_queues_and_sends_as_recorded() {
    play("recordings/client-outbox.jsonl");
}
