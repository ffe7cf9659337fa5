//! The program works with a server of a later version, and finds the data that a later version
//! stored.

use std::path::PathBuf;
use std::process::Command;

use portable_pty::CommandBuilder;
use serde_json::{Value, json};

use crate::support::cli::{Run, json_lines};
use crate::support::later;
use crate::support::program;
use crate::support::proxy::{Fault, Proxy};
use crate::support::served::Served;
use crate::support::terminal::Terminal;

/// The program of a person who works with a server, or with something in between.
struct Client<'a> {
    server: &'a Served,
    url: String,
    home: PathBuf,
}

impl<'a> Client<'a> {
    fn new(server: &'a Served, url: String, home: &str) -> Self {
        Self { server, url, home: server.path(home) }
    }

    fn env(&self) -> [(&'static str, String); 6] {
        let home = self.home.to_string_lossy().into_owned();
        [
            ("HOME", home.clone()),
            ("XDG_CONFIG_HOME", home.clone()),
            ("XDG_STATE_HOME", home),
            ("REDPHONE_USER", "ines".into()),
            ("REDPHONE_BACKEND", self.url.clone()),
            ("REDPHONE_TOKEN_FILE", self.server.token("ines").to_string_lossy().into_owned()),
        ]
    }

    fn run(&self, args: &[&str]) -> Run {
        let mut program = Command::new(program());
        program.env_clear().envs(self.env()).stdin(std::process::Stdio::null());
        Run::from(program.args(args).output().unwrap())
    }
}

const DECLARE: [&str; 9] = [
    "declare",
    "--title",
    "Cards fail",
    "--service",
    "checkout",
    "--impact",
    "high",
    "--urgency",
    "high",
];
const RESOLVE: [&str; 8] =
    ["resolve", "1", "--action", "rollback", "--detail", "v811", "--validation", "ok"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn command_line_goes_on_with_a_server_of_a_later_version() {
    let server = Served::start().await;
    // One example of each kind; the library meets both.
    for number in (0..later::count()).step_by(2) {
        let (name, text) = later::describe(number);
        let proxy =
            Proxy::start(Some(server.address), move |_| Fault::Edit(later::edit, number)).await;
        let client = Client::new(&server, proxy.url(), &format!("home-{number}"));
        let ok = |args: &[&str]| {
            let run = client.run(args);
            assert_eq!(run.code, 0, "{name}: {args:?}: {run:?}");
            run.out
        };
        let label = ok(&DECLARE).trim().to_owned();
        ok(&["ack", &label]);
        ok(&["note", &label, "rolled", "back"]);
        let list = ok(&["list", "--json"]);
        let shown = ok(&["show", &label, "--json"]);
        if name == "row that makes no sense" {
            let run = client.run(&["list"]);
            assert!(run.err.contains("1 entry of an answer"), "{run:?}");
        }
        for args in [["list"].as_slice(), &["list", "is:any"], &["show", &label]] {
            assert!(ok(args).contains("Cards fail"), "{name}: {args:?}");
        }
        let resolve: Vec<&str> =
            RESOLVE.iter().map(|arg| if *arg == "1" { &*label } else { arg }).collect();
        ok(&resolve);
        assert_eq!(ok(&["outbox", "--json"]).matches("\"pending\"").count(), 0, "{name}");
        let is_of_rows = later::OF_RECORDS.iter().any(|addition| addition.name == name);
        let owner = name.contains("owner");
        assert!(!is_of_rows || owner || list.contains(text), "{name}: {list}");
        assert!(!is_of_rows || owner || shown.contains(text), "{name}: {shown}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn panes_go_on_with_a_server_of_a_later_version() {
    let server = Served::start().await;
    let direct = Client::new(&server, server.url(), "direct");
    assert_eq!(direct.run(&DECLARE).code, 0);
    // A status that only a later version defines.
    let proxy = Proxy::start(Some(server.address), |_| Fault::Edit(later::edit, 0)).await;
    let (_, text) = later::describe(0);
    let client = Client::new(&server, proxy.url(), "home");
    let mut command = CommandBuilder::new(program());
    for (name, value) in client.env() {
        command.env(name, value);
    }
    // Otherwise it starts in its home, which does not exist.
    command.cwd("/");
    command.env("TERM", "xterm-256color");
    command.env("LANG", "C.UTF-8");
    let mut terminal = Terminal::start(command, 160, 40);
    terminal.wait_for_text("Cards fail");
    terminal.wait_for_text(text);
    terminal.press("/");
    terminal.press(&format!("status:{text}\r"));
    terminal.wait_for_text("1 of 1");
    terminal.press("n");
    terminal.press("still there\x13");
    terminal.wait_for("the note", |screen| screen.contents().matches("still there").count() == 1);
    terminal.press("q");
    assert!(terminal.wait_for_end().success());
    let shown = direct.run(&["show", "1", "--json"]);
    assert!(shown.out.contains("still there"), "{shown:?}");
}

/// Stores incidents of which one has a status and one a category of a later version.
fn store_later_values(server: &Served) {
    let direct = Client::new(server, server.url(), "direct");
    for _ in 0..3 {
        assert_eq!(direct.run(&DECLARE).code, 0);
    }
    assert_eq!(direct.run(&["ack", "1"]).code, 0);
    let store = server.store();
    let on_file = |args: &[&str]| {
        let mut program = Command::new(program());
        program.env_clear().env("HOME", server.path("file")).env("REDPHONE_USER", "ines");
        program.arg("--store").arg(&store).args(args).stdin(std::process::Stdio::null());
        Run::from(program.output().unwrap())
    };
    let mut lines = json_lines(&on_file(&["export"]).out);
    for line in &mut lines {
        match line["event"]["kind"].as_str() {
            Some("acknowledged") => {
                line["event"]["kind"] = json!("status_moved");
                line["event"]["to"] = json!("paused_by_vendor");
            }
            Some("declared") if line["event"]["number"] == 2 => {
                line["event"]["category"] = json!("supply-chain");
            }
            _ => {}
        }
    }
    let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
    let text = lines.join("\n") + "\n";
    std::fs::write(server.path("later.jsonl"), text).unwrap();
}

fn numbers(run: &Run) -> Vec<u64> {
    assert_eq!(run.code, 0, "{run:?}");
    json_lines(&run.out).iter().filter_map(|row: &Value| row["number"].as_u64()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_name_values_of_a_later_version_that_are_stored() {
    let mut server = Served::start().await;
    store_later_values(&server);
    server.stop().await;
    std::fs::remove_file(server.store()).unwrap();
    // The log is there if a connection was closed after the one that would have removed it.
    for end in ["-wal", "-shm"] {
        std::fs::remove_file(format!("{}{end}", server.store().display())).ok();
    }
    let on_file = |args: &[&str]| {
        let mut program = Command::new(program());
        program.env_clear().env("HOME", server.path("file")).env("REDPHONE_USER", "ines");
        program.arg("--store").arg(server.store()).args(args).stdin(std::process::Stdio::null());
        Run::from(program.output().unwrap())
    };
    let run = on_file(&["import", &server.path("later.jsonl").to_string_lossy()]);
    assert_eq!(run.code, 0, "{run:?}");
    let found: [(&[&str], &[u64]); 6] = [
        (&["status:paused_by_vendor"], &[1]),
        (&["status:\"paused by vendor\""], &[1]),
        (&["-status:paused_by_vendor"], &[3, 2]),
        (&["cat:supply-chain", "is:any"], &[2]),
        (&["status:triggered", "status:paused_by_vendor", "cards"], &[3, 2, 1]),
        (&["cat:supply-chain", "status:paused_by_vendor"], &[]),
    ];
    let refused = [
        ("status:paused", "\"paused\" is not a status"),
        ("status:supply-chain", "is not a status: choose from triggered"),
        ("status:unknown", "\"unknown\" is not a status"),
        ("cat:paused_by_vendor", "is not a category"),
        ("priority:P0", "is not a priority: choose from P1"),
        ("sla:paused_by_vendor", "is not a service level state"),
    ];
    let check = |run: &dyn Fn(&[&str]) -> Run| {
        for (filter, expected) in found {
            let run = run(&[&["list", "--json", "--sort", "newest"], filter].concat());
            assert_eq!(numbers(&run), expected, "{filter:?}");
        }
        for (filter, expected) in refused {
            let run = run(&["list", filter]);
            assert_eq!((run.code, run.out.as_str()), (2, ""), "{filter}: {run:?}");
            assert!(run.err.contains(expected), "{filter}: {run:?}");
        }
    };
    check(&on_file);
    server.again().await;
    let client = Client::new(&server, server.url(), "client");
    check(&|args| client.run(args));
}
