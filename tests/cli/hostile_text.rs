//! Text from outside reaches standard output and standard error only in a harmless form.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::thread;

use redphone::model::text::sanitize;
use rstest::rstest;

use crate::support::cli::{CliFixture, Run, json_lines};

/// Clears the screen, colours, reorders and hides.
macro_rules! hostile_line {
    () => {
        "x\u{1b}[2J\u{9b}31m\u{202e}y\u{200b}z\u{feff}"
    };
}
/// The hostile text where a line break is refused.
const HOSTILE_LINE: &str = hostile_line!();
/// The hostile text, which begins a line of its own as well.
const HOSTILE: &str = concat!(hostile_line!(), "\nINJECTED");
/// The name of a file in a folder that does not exist.
const IN_MISSING_FOLDER: &str = concat!("missing/", hostile_line!(), "\nINJECTED");
/// A filter whose second term is wrong.
const WRONG_FILTER: &str = concat!(hostile_line!(), "\nINJECTED:x");
/// The end of the text as it is shown. Clap drops the escape sequence before it.
const SHOWN: &str = "\u{fffd}31m\u{fffd}yz";

/// Checks that nothing in the output can harm a terminal, and returns the output.
#[track_caller]
fn harmless_output(run: &Run) -> String {
    let text = format!("{}{}", run.out, run.err);
    assert!(!text.is_empty(), "{run:?}");
    for line in text.lines() {
        assert_eq!(sanitize(line), line, "{run:?}");
        assert!(!line.starts_with("INJECTED"), "{run:?}");
    }
    text
}

/// A store with an incident all of whose texts are hostile.
fn hostile_store() -> CliFixture {
    let cli = CliFixture::new();
    let run = cli.run([
        "declare",
        "--impact=high",
        "--urgency=high",
        "--title",
        HOSTILE_LINE,
        "--service",
        HOSTILE_LINE,
        "--team",
        HOSTILE_LINE,
        "--label",
        HOSTILE_LINE,
        "--owner",
        HOSTILE_LINE,
        "--runbook",
        HOSTILE_LINE,
        "--dedup-key",
        HOSTILE_LINE,
        "--symptoms",
        HOSTILE,
    ]);
    assert_eq!(run.code, 0, "{run:?}");
    harmless_output(&run);
    let run = cli.run(["note", "1", HOSTILE, "--user", HOSTILE_LINE]);
    assert_eq!(run.code, 0, "{run:?}");
    harmless_output(&run);
    cli
}

#[test]
fn hostile_incident_is_listed_and_shown_harmlessly() {
    let cli = hostile_store();
    let list = harmless_output(&cli.run(["list"]));
    assert_eq!(list.matches(SHOWN).count(), 3, "owner, service and title: {list}");
    let page = harmless_output(&cli.run(["show", "1"]));
    assert!(page.matches(SHOWN).count() >= 9, "{page}");
    assert!(page.contains(" INJECTED\n"), "a text of several lines: {page}");
}

/// JSON escapes harmful characters, so that the text is the same once it is parsed.
#[rstest]
#[case(&["list", "--json"], "/title")]
#[case(&["show", "1", "--json"], "/incident/title")]
fn json_of_a_hostile_incident_is_harmless(#[case] args: &[&str], #[case] field: &str) {
    let json = hostile_store().ok(args);
    let harms = |c: char| c != '\n' && (c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c));
    assert!(!json.contains(harms), "{json:?}");
    assert_eq!(json_lines(&json)[0].pointer(field).unwrap(), HOSTILE_LINE, "{json}");
}

#[rstest]
#[case(&[HOSTILE])]
#[case(&["list", WRONG_FILTER])]
#[case(&["list", "--sort", HOSTILE])]
#[case(&["list", "--theme", HOSTILE])]
#[case(&["list", "--config", HOSTILE])]
#[case(&["list", "--profile", HOSTILE])]
#[case(&["list", "--store", HOSTILE])]
#[case(&["list", "--backend", "http://127.0.0.1:9", "--token-file", HOSTILE])]
#[case(&["wall", "--view", WRONG_FILTER])]
#[case(&["show", HOSTILE])]
#[case(&["ack", HOSTILE])]
#[case(&["declare", "--title", "x", "--urgency", "low", "--impact", HOSTILE])]
#[case(&["outbox", "retry", HOSTILE])]
#[case(&["export", HOSTILE])]
#[case(&["export", IN_MISSING_FOLDER])]
#[case(&["export", "--store", HOSTILE])]
#[case(&["import", HOSTILE])]
#[case(&["doctor", "--store", HOSTILE])]
#[case(&["doctor", "--salvage", HOSTILE])]
#[case(&["doctor", "--salvage", IN_MISSING_FOLDER])]
#[case(&["demo", "--seed-only", "--incidents", "1", "--keep", HOSTILE])]
#[case(&["serve", "--listen", HOSTILE])]
#[case(&["serve", "--listen", "127.0.0.1:0", "--access-log", IN_MISSING_FOLDER])]
#[case(&["serve", "--listen", "127.0.0.1:0", "--tls-cert", HOSTILE, "--tls-key", HOSTILE])]
#[case(&["token", "revoke", HOSTILE])]
#[case(&["token", "create", "--name", "x", "--scope", HOSTILE])]
#[case(&["token", "list", "--tokens", concat!("store.db/", hostile_line!())])]
#[case(&["config", "path", "--config", HOSTILE])]
#[case(&["config", "init", "--config", HOSTILE])]
#[case(&["login", HOSTILE])]
#[case(&["logout", HOSTILE])]
#[case(&["completions", HOSTILE])]
#[case(&["man", "--out", HOSTILE])]
fn hostile_argument_is_quoted_harmlessly(#[case] args: &[&str]) {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    let shown = harmless_output(&cli.run(args));
    assert!(shown.contains(SHOWN), "{shown}");
}

#[rstest]
#[case("REDPHONE_ASCII")]
#[case("REDPHONE_CONFIG")]
#[case("REDPHONE_LOG")]
#[case("REDPHONE_PROFILE")]
#[case("REDPHONE_STORE")]
fn hostile_variable_is_quoted_harmlessly(#[case] name: &str) {
    let cli = CliFixture::new();
    let run = Run::from(cli.program().arg("list").env(name, HOSTILE).output().unwrap());
    let shown = harmless_output(&run);
    assert!(run.code != 0 && shown.contains(SHOWN), "{shown}");
}

#[test]
fn hostile_settings_are_quoted_harmlessly() {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    // JSON escapes as TOML does.
    let quoted = serde_json::to_string(HOSTILE).unwrap();
    let program = cli.path(HOSTILE_LINE);
    let program = serde_json::to_string(&program).unwrap();
    let settings = format!(
        "{quoted} = 1\n[looks]\ntheme = {quoted}\n[profiles.{quoted}]\nstore = {quoted}\n\
         [profiles.api]\nbackend = \"http://127.0.0.1:9\"\ntoken_command = [{program}]\n\
         [profiles.file]\nbackend = \"http://127.0.0.1:9\"\ntoken_file = {quoted}\n\
         [profiles.bad]\nbackend = {quoted}\n"
    );
    let file = cli.path(HOSTILE);
    std::fs::write(&file, settings).unwrap();
    for args in [
        ["config", "check"].as_slice(),
        &["config", "show"],
        &["list"],
        &["profiles"],
        &["profiles", "--check"],
        &["list", "--profile", "api"],
        &["list", "--profile", "file"],
        &["list", "--profile", "bad"],
        &["list", "--profile", HOSTILE],
        &["logout", HOSTILE],
        &["login", "bad"],
    ] {
        let output = cli.program().args(args).env("REDPHONE_CONFIG", &file).output().unwrap();
        let shown = harmless_output(&Run::from(output));
        assert!(shown.contains("␛[2J") || shown.contains("u001b[2J"), "{args:?}: {shown}");
    }
}

#[test]
fn hostile_import_is_refused_harmlessly() {
    let cli = CliFixture::new();
    let line = serde_json::json!({ "event": { "id": HOSTILE } });
    let run = cli.pipe(["import", "-"], format!("{line}\n").as_bytes());
    harmless_output(&run);
    let kind = serde_json::json!({ HOSTILE: 1 });
    let header = serde_json::json!({"header": {"format": "redphone", "version": 1}});
    for args in [["import", "-"].as_slice(), &["import", "-", "--skip-bad"]] {
        let shown = harmless_output(&cli.pipe(args, format!("{header}\n{kind}\n").as_bytes()));
        assert!(shown.contains(SHOWN), "{shown}");
    }
}

#[test]
fn hostile_state_folder_is_named_harmlessly() {
    let cli = CliFixture::new();
    let state = cli.path(HOSTILE);
    let list = || {
        let mut program = cli.program();
        program.env_remove("REDPHONE_STORE").env("XDG_STATE_HOME", &state);
        program.env("REDPHONE_BACKEND", "http://127.0.0.1:9").env("REDPHONE_TOKEN", "token");
        harmless_output(&Run::from(program.arg("list").output().unwrap()))
    };
    list();
    let outbox = find(&state, "outbox.db").unwrap();
    std::fs::remove_file(&outbox).unwrap();
    std::fs::create_dir(&outbox).unwrap();
    let shown = list();
    assert!(shown.contains("outbox.db") && shown.contains(SHOWN), "{shown}");
    std::fs::remove_dir_all(&state).unwrap();
    std::fs::write(&state, "").unwrap();
    let shown = list();
    assert!(shown.contains(SHOWN), "{shown}");
}

/// Returns the path of the file with this name in a folder or below it.
fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    std::fs::read_dir(folder).unwrap().find_map(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() { find(&path, name) } else { path.ends_with(name).then_some(path) }
    })
}

/// Serves these answers by path, and a problem for every other path. Returns the URL.
fn hostile_server(name: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
                request.push(byte[0]);
            }
            let is_capabilities = request.starts_with(b"GET /v1/capabilities ");
            let (status, media_type, body) = if is_capabilities && !name.is_empty() {
                let me = serde_json::json!({ "handle": name, "name": name });
                let body = serde_json::json!({
                    "name": name, "verbs": [], "live": true, "me": me, "checks_person": false,
                });
                ("200 OK", "application/json".to_owned(), body)
            } else {
                let body = serde_json::json!({
                    "type": "urn:redphone:not_allowed", "title": HOSTILE, "status": 403,
                    "code": "not_allowed", "detail": HOSTILE,
                });
                ("403 Forbidden", "application/problem+json".to_owned(), body)
            };
            let body = body.to_string();
            // A client that has disconnected needs no answer.
            let _ = write!(
                stream,
                "HTTP/1.1 {status}\r\ncontent-type: {media_type}\r\nconnection: close\r\n\
                 content-length: {}\r\n\r\n{body}",
                body.len()
            );
        }
    });
    url
}

#[rstest]
#[case("", &["list"])]
#[case("", &["list", "--json"])]
#[case("", &["show", "1"])]
#[case("", &["profiles", "--check"])]
#[case(HOSTILE, &["list"])]
#[case(HOSTILE, &["ack", "1"])]
#[case(HOSTILE, &["ack", "1", "--json"])]
#[case(HOSTILE, &["profiles", "--check"])]
#[case(HOSTILE, &["profiles", "--check", "--json"])]
fn hostile_answer_of_a_server_is_printed_harmlessly(
    #[case] name: &'static str,
    #[case] args: &[&str],
) {
    let cli = CliFixture::new();
    let url = hostile_server(name);
    let settings = format!("[profiles.api]\nbackend = \"{url}\"\ntoken_env = \"TOKEN\"\n");
    std::fs::write(cli.path("config.toml"), settings).unwrap();
    let mut program = cli.program();
    program.env_remove("REDPHONE_STORE").env("TOKEN", "token").env("REDPHONE_PROFILE", "api");
    program.env("REDPHONE_CONFIG", cli.path("config.toml"));
    let run = Run::from(program.args(args).output().unwrap());
    let harms = |c: char| c != '\n' && (c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c));
    assert!(!run.out.contains(harms) && !run.err.contains(harms), "{run:?}");
    let shown = format!("{}{}", run.out, run.err);
    assert!(shown.contains("␛[2J") || shown.contains("u001b[2J"), "{run:?}");
    assert!(!shown.contains("\nINJECTED"), "{run:?}");
}
