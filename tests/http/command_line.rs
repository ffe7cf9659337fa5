//! The command line against an API.

use std::path::PathBuf;
use std::process::Command;

use portable_pty::CommandBuilder;
use redphone::backend::Backend;
use redphone::backend::http::Timeouts;
use redphone::model::EventBody;
use serde_json::Value;

use crate::support::cli::Run;
use crate::support::program;
use crate::support::served::Served;
use crate::support::terminal::Terminal;

/// The home folder of a person, with the settings of a team that shares a queue.
pub(super) struct ClientFixture<'a> {
    pub server: &'a Served,
}

impl ClientFixture<'_> {
    fn home(&self) -> PathBuf {
        self.server.path("home")
    }

    fn settings(&self, text: &str) {
        let file = self.home().join("redphone/config.toml");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    pub fn program(&self) -> Command {
        let mut program = Command::new(program());
        program
            .env_clear()
            .env("HOME", self.home())
            .env("XDG_CONFIG_HOME", self.home())
            .env("XDG_STATE_HOME", self.home())
            .env("REDPHONE_USER", "somebody")
            .env("REDPHONE_LOG", "trace")
            .stdin(std::process::Stdio::null());
        program
    }

    /// Returns the program on the API, with a token.
    pub fn program_as(&self, token: &str, args: &[&str]) -> Command {
        let mut program = self.program();
        program.env("REDPHONE_BACKEND", self.server.url());
        program.env("REDPHONE_TOKEN_FILE", self.server.token(token)).args(args);
        program
    }

    /// Runs the program on the API, with a token.
    pub fn run(&self, token: &str, args: &[&str]) -> Run {
        let run = Run::from(self.program_as(token, args).output().unwrap());
        self.assert_no_secrets(&run);
        run
    }

    /// Checks that no token occurs in the output or the log.
    fn assert_no_secrets(&self, run: &Run) {
        let log = std::fs::read_to_string(self.home().join("redphone/log")).unwrap_or_default();
        for name in ["ines", "tom", "eye"] {
            let secret = self.server.secret(name);
            for text in [&run.out, &run.err, &log] {
                assert!(!text.contains(secret.trim()), "{text}");
            }
        }
    }

    pub fn ok(&self, token: &str, args: &[&str]) -> String {
        let run = self.run(token, args);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{args:?}");
        run.out
    }
}

pub(super) fn json(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub(super) const DECLARE: [&str; 9] = [
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_works_as_on_a_file() {
    let server = Served::start().await;
    let fixture = ClientFixture { server: &server };
    assert_eq!(fixture.ok("tom", &DECLARE), "INC-1\n");
    assert_eq!(fixture.ok("ines", &["ack", "1"]), "INC-1 acknowledged\n");
    assert_eq!(fixture.ok("ines", &["note", "INC-1", "rolled", "back"]), "INC-1 noted\n");
    let resolve =
        ["resolve", "1", "--action", "rollback", "--detail", "v811", "--validation", "ok"];
    assert_eq!(fixture.ok("tom", &resolve), "INC-1 resolved\n");
    let rows = json(&fixture.ok("eye", &["list", "is:any", "--json"]));
    assert_eq!((rows.len(), rows[0]["status"].as_str()), (1, Some("resolved")));
    let shown = json(&fixture.ok("eye", &["show", "1", "--json"]));
    let actors: Vec<&str> = shown[0]["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|event| event["actor"]["person"]["name"].as_str())
        .collect();
    assert_eq!(actors.first(), Some(&"Tom Varga"), "{shown:?}");
    assert!(actors.contains(&"Ines Moreau"), "{actors:?}");
    let declare_mine: Vec<&str> = DECLARE.iter().copied().chain(["--owner", "me"]).collect();
    fixture.ok("tom", &declare_mine);
    let mine = json(&fixture.ok("tom", &["list", "owner:me", "--json"]));
    assert_eq!(mine[0]["assignee"]["handle"], "tom");
    assert_eq!(fixture.run("ines", &["list", "owner:me", "--json"]).out, "");
    // The token identifies the person, not the account.
    let events = |who| fixture.ok(who, &["events", "--person", "me", "--template", "{kind}"]);
    assert_eq!(events("ines"), "acknowledged\nnote_added\n");
    assert_eq!(events("tom"), "declared\nresolved\ndeclared\nassigned\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_have_a_sentence_and_an_exit_code() {
    let mut server = Served::start().await;
    let fixture = ClientFixture { server: &server };
    fixture.ok("tom", &DECLARE);
    for what in [&["export"][..], &["import", "-"], &["doctor"], &["serve"]] {
        let run = fixture.run("tom", what);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{run:?}");
        assert!(run.err.contains(&format!("{} needs a store's file", what[0])), "{run:?}");
    }
    let run = fixture.run("eye", &["ack", "1"]);
    // The token can be corrected, so the command stays in the outbox.
    assert_eq!(run.code, 5, "{run:?}");
    assert!(run.err.contains("INC-1: ") && run.err.contains("scope read"), "{run:?}");
    let run = fixture.run("tom", &["ack", "99"]);
    assert_eq!(run.code, 3, "{run:?}");
    let run = fixture.run("tom", &["--read-only", "ack", "1"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.err.contains("was opened read-only"), "{run:?}");
    std::fs::write(server.token("tom"), "nobody").unwrap();
    let run = fixture.run("tom", &["list"]);
    assert_eq!(run.code, 4, "{run:?}");
    assert!(run.err.contains("does not take the token"), "{run:?}");
    let host = server.address.to_string();
    server.stop().await;
    let fixture = ClientFixture { server: &server };
    let run = fixture.run("ines", &["list"]);
    assert_eq!((run.code, run.out.as_str()), (4, ""), "{run:?}");
    let expected =
        format!("redphone: {host} refuses the connection: nothing listens on that port\n");
    // Commands from before the token was replaced are listed first.
    assert!(run.err.ends_with(&expected), "{run:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn profiles_are_listed_and_checked() {
    let server = Served::start().await;
    let fixture = ClientFixture { server: &server };
    let (url, token) = (server.url(), server.token("ines"));
    let open = server.path("open.token");
    std::fs::write(&open, "hunter2").unwrap();
    std::fs::set_permissions(&open, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    fixture.settings(&format!(
        "[profiles.prod]\nbackend = {url:?}\nproduction = true\ntoken_file = {token:?}\n\
         [profiles.open]\nbackend = {url:?}\ntoken_file = {open:?}\n\
         [profiles.down]\nbackend = \"http://127.0.0.1:1\"\ntoken_file = {token:?}\n\
         [profiles.bad]\nbackend = \"nowhere\"\n\
         [profiles.run]\nbackend = {url:?}\ntoken_command = [\"cat\", {token:?}]\n"
    ));
    let run = |args: &[&str]| {
        let run = Run::from(fixture.program().args(args).output().unwrap());
        fixture.assert_no_secrets(&run);
        run
    };
    let listed = run(&["profiles"]);
    assert_eq!(listed.code, 0, "{listed:?}");
    let token = token.display();
    for part in [
        format!("prod        {url} · production · token from the file {token}\n"),
        format!("open        {url} · no token\n"),
        "mode 0644".to_owned(),
        "bad         can't be used: config.toml:12: profiles.bad.backend is no URL".to_owned(),
        format!("run         {url} · token from the command cat, not run\n"),
    ] {
        assert!(listed.out.contains(&part), "{part:?} is not in\n{}", listed.out);
    }
    let checked = run(&["profiles", "--check", "--json"]);
    assert_eq!(checked.code, 4, "{checked:?}");
    let profiles = json(&checked.out);
    let of = |name: &str| profiles.iter().find(|profile| profile["name"] == name).unwrap();
    assert_eq!(of("prod")["check"]["answers"], true);
    assert_eq!(of("prod")["check"]["me"], "Ines Moreau");
    assert_eq!(of("run")["check"]["answers"], true);
    assert!(of("open").get("check").is_none() && of("open")["token"]["found"] == false);
    let why = of("down")["check"]["error"].as_str().unwrap();
    assert!(why.starts_with("127.0.0.1:1 refuses the connection"), "{why}");
    // A wrong profile must not make the program use another backend.
    let refused = run(&["--profile", "bad", "list"]);
    assert_eq!((refused.code, refused.out.as_str()), (2, ""), "{refused:?}");
    assert!(refused.err.contains("the profile \"bad\" can't be used"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn login_without_a_keyring_explains_the_alternative() {
    let server = Served::start().await;
    let fixture = ClientFixture { server: &server };
    let mut program = fixture.program();
    program.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere").args(["login", &server.url()]);
    let secret = std::fs::File::open(server.token("ines")).unwrap();
    let run = Run::from(program.stdin(secret).output().unwrap());
    fixture.assert_no_secrets(&run);
    assert_eq!((run.code, run.out.as_str()), (1, ""), "{run:?}");
    for part in ["keyring", "umask 077", "token_file", "--token-file", "REDPHONE_TOKEN_FILE"] {
        assert!(run.err.contains(part), "{part:?} is not in {run:?}");
    }
    for (args, expected) in [
        (&["login"][..], "there is no API to login to"),
        (&["login", "prdo"], "there is no profile \"prdo\""),
        (&["login", "http://a.example"], "the API is http://a.example: without TLS the token"),
        (&["login", "https://ines:hunter2@a"], "the URL has a name or a password"),
    ] {
        let run = Run::from(fixture.program().args(args).output().unwrap());
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.err.contains(expected) && !run.err.contains("hunter2"), "{run:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn panes_work_on_an_api_as_on_a_file() {
    let server = Served::start().await;
    let fixture = ClientFixture { server: &server };
    fixture.ok("tom", &DECLARE);
    let mut command = CommandBuilder::new(program());
    command.env("REDPHONE_BACKEND", server.url());
    command.env("REDPHONE_TOKEN_FILE", server.token("ines"));
    command.env("REDPHONE_USER", "somebody");
    command.env("HOME", fixture.home());
    command.env("XDG_CONFIG_HOME", fixture.home());
    command.env("XDG_STATE_HOME", fixture.home());
    command.env("TERM", "xterm-256color");
    command.env("LANG", "C.UTF-8");
    let mut terminal = Terminal::start(command, 126, 36);
    terminal.wait_for_text("Cards fail");
    terminal.press("a");
    terminal.wait_for_text("0 unacknowledged");
    let client = server.client(&server.url(), "eye", Timeouts::default());
    let id = client.find_by_number(redphone::model::IncidentNumber(1)).await.unwrap();
    // Commands of somebody else appear by themselves.
    fixture.ok("tom", &["note", "1", "rolled back to v811"]);
    terminal.wait_for_text("rolled back to v811");
    terminal.press("q");
    assert!(terminal.wait_for_end().success());
    let events = client.timeline(id, redphone::backend::TimelineRange::Last(10)).await.unwrap();
    let acknowledged =
        events.iter().find(|event| matches!(event.body, EventBody::Acknowledged)).unwrap();
    assert_eq!(acknowledged.actor.name(), "Ines Moreau");
}
