//! Custom commands and runbooks in the real program, with a settings file.

use std::fs;
use std::path::PathBuf;

use super::store::Store;
use crate::support::terminal::Terminal;
use crate::support::wait::until_blocking;

/// Returns a store with a settings file and the files that the settings need.
fn with(settings: &str) -> Store {
    let store = Store::filled();
    let folder = store.folder.path().join("redphone");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("config.toml"), settings).expect("a file");
    store
}

fn opened(store: &Store, title: &str) -> Terminal {
    let mut terminal = store.open(126, 36);
    terminal.wait_for_text(title);
    terminal.wait_for("the detail", |s| s.contents().contains("Reported"));
    terminal
}

/// Returns a custom command that runs a shell script, in TOML. `more` are further settings.
fn script(name: &str, script: &str, more: &str) -> String {
    format!(
        "[[commands]]\nname = \"{name}\"\nkey = \"k\"\nrun = [\"sh\", \"-c\", '''{script}''', \"sh\"{more}]\n"
    )
}

fn notes(store: &Store) -> Vec<String> {
    let shown = store.shown("1");
    let events = shown["timeline"].as_array().expect("a timeline").clone();
    let notes = events.iter().filter(|event| event["kind"] == "note_added");
    notes.map(|note| note["text"].as_str().expect("a text").to_owned()).collect()
}

fn wait_for_file(path: &PathBuf) -> String {
    let read = || fs::read_to_string(path).unwrap_or_default();
    until_blocking(&format!("{} is written", path.display()), || read().ends_with('\n'));
    read()
}

fn is_running(process: &str) -> bool {
    // A zombie process counts as ended.
    fs::read_to_string(format!("/proc/{process}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().trim().starts_with('Z'))
}

fn wait_for_end_of(process: &str) {
    until_blocking(&format!("process {process} ends"), || !is_running(process));
}

#[test]
fn title_is_one_argument_and_no_shell_reads_it() {
    let settings = script(
        "say",
        "printf '<%s>' \"$@\"; echo; echo \"=$REDPHONE_INCIDENT_TITLE=\"; echo \"$REDPHONE_INCIDENT_NUMBER $REDPHONE_INCIDENT_PRIORITY $REDPHONE_USER\"",
        ", \"{title}\", \"{number}\"",
    );
    let store = Store::empty();
    let folder = store.folder.path().join("redphone");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("config.toml"), settings).expect("a file");
    let evil = "a 'b' \"c\" $(touch owned) `touch owned`; touch owned {number}";
    store.declare(evil, "checkout", "high", "high");
    let mut terminal = opened(&store, "a 'b'");
    terminal.press("xk");
    terminal.wait_for_text(&format!("<{evil}><INC-1>"));
    terminal.wait_for_text(&format!("={evil}="));
    terminal.wait_for_text("INC-1 P1 ines");
    terminal.wait_for_text("exit 0");
    terminal.press("qq");
    assert!(terminal.wait_for_end().success());
    assert!(!store.folder.path().join("owned").exists());
    assert!(!PathBuf::from("owned").exists());
}

#[test]
fn command_has_no_terminal_and_empty_input() {
    let settings = script(
        "look",
        "cat; (echo hello > /dev/tty) 2>/dev/null && echo has one || echo has none; exec ls -m /proc/self/fd",
        "",
    );
    let store = with(&settings);
    let mut terminal = opened(&store, "Cards fail");
    terminal.press("xk");
    terminal.wait_for_text("has none");
    // The fourth is the folder that `ls` reads.
    terminal.wait_for("its files are three", |screen| {
        screen.contents().lines().any(|line| line.contains("0, 1, 2, 3 "))
    });
    terminal.wait_for_text("exit 0");
}

#[test]
fn output_is_shown_safely_and_added_to_the_timeline() {
    let settings = format!(
        "{}note = true\n",
        script(
            "write",
            "printf 'red \\033[31mtext\\033[0m \\033]0;owned\\007 \\233 end\\n'; echo oops >&2; exit 3",
            ""
        )
    );
    let store = with(&settings);
    let mut terminal = opened(&store, "Cards fail");
    terminal.press("xk");
    terminal.wait_for_text("exit 3");
    terminal.wait_for_text("oops");
    terminal.wait_for("it is stored", |s| {
        s.contents().contains("on the timeline") && !s.contents().contains("pending")
    });
    terminal.press("q");
    terminal.wait_for("the panes", |s| s.contents().contains("Metrics"));
    terminal.press("q");
    assert!(terminal.wait_for_end().success());
    let written = String::from_utf8_lossy(&terminal.written).into_owned();
    assert!(!written.contains("\u{1b}]0;owned"));
    let notes = notes(&store);
    assert!(notes[0].starts_with("ran write: exit 3, after "), "{notes:?}");
    assert!(notes[0].contains("red text") && notes[0].contains("oops"), "{notes:?}");
}

#[test]
fn endless_command_is_stopped_by_key_with_its_children() {
    let store = Store::filled();
    let pids = store.folder.path().join("pids");
    let folder = store.folder.path().join("redphone");
    fs::create_dir_all(&folder).expect("a folder");
    // The program and its child ignore SIGTERM.
    let line = format!(
        "trap '' TERM; sleep 1000 & echo $$ $! > {}; echo begun; while :; do sleep 1; done",
        pids.display()
    );
    fs::write(folder.join("config.toml"), script("hang", &line, "")).expect("a file");
    let mut terminal = opened(&store, "Cards fail");
    terminal.press("xk");
    terminal.wait_for_text("begun");
    let started = wait_for_file(&pids);
    terminal.press("\x03");
    terminal.wait_for_text("stopping");
    terminal.wait_for_text("stopped at");
    for process in started.split_whitespace() {
        wait_for_end_of(process);
    }
    terminal.press("qq");
    assert!(terminal.wait_for_end().success());
}

#[test]
fn command_ends_at_its_timeout() {
    let settings = format!("{}timeout = \"1s\"\n", script("wait", "echo begun; sleep 1000", ""));
    let store = with(&settings);
    let mut terminal = opened(&store, "Cards fail");
    terminal.press("xk");
    terminal.wait_for_text("stopped after 1s: its time was up");
}

#[test]
fn command_ends_with_the_panes_however_these_end() {
    for end in ["quit", "TERM", "HUP"] {
        let store = Store::filled();
        let pids = store.folder.path().join("pids");
        let folder = store.folder.path().join("redphone");
        fs::create_dir_all(&folder).expect("a folder");
        let line = format!("sleep 1000 & echo $$ $! > {}; wait", pids.display());
        fs::write(folder.join("config.toml"), script("hang", &line, "")).expect("a file");
        let mut terminal = opened(&store, "Cards fail");
        terminal.press("xk");
        let started = wait_for_file(&pids);
        if end == "quit" {
            terminal.press("q");
            terminal.wait_for_text("goes on");
            terminal.press("q");
            terminal.wait_for_text("again stops it and ends");
            terminal.press("q");
        } else {
            terminal.signal(end);
        }
        terminal.wait_for_end();
        for process in started.split_whitespace() {
            wait_for_end_of(process);
        }
    }
}

#[test]
fn endless_output_leaves_the_panes_fast_and_small() {
    let store = with(&script(
        "flood",
        "while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done",
        "",
    ));
    let mut terminal = opened(&store, "Cards fail");
    terminal.press("xk");
    // With more output than fits, the view can be scrolled to the first line.
    terminal.wait_for_text("↑ ");
    terminal.press("g");
    terminal.wait_for_text("lines before this are not kept");
    terminal.press("\x03");
    terminal.wait_for_text("stopped at");
}

#[test]
fn dangerous_command_is_not_run_by_enter() {
    let store = Store::filled();
    let made = store.folder.path().join("made");
    let folder = store.folder.path().join("redphone");
    fs::create_dir_all(&folder).expect("a folder");
    let line = format!("echo x > {}", made.display());
    let settings = format!("{}dangerous = true\n", script("make", &line, ""));
    fs::write(folder.join("config.toml"), settings).expect("a file");
    let mut terminal = opened(&store, "Cards fail");
    terminal.press("xk");
    terminal.wait_for_text("Run make on INC-1?");
    terminal.press("\r");
    terminal.press("n");
    terminal.wait_for("no question", |s| !s.contents().contains("Run make"));
    assert!(!made.exists());
    terminal.press("xk");
    terminal.wait_for_text("Run make on INC-1?");
    terminal.press("y");
    wait_for_file(&made);
}

#[test]
fn runbook_step_is_ticked_into_the_store_at_both_sizes() {
    for (columns, rows) in [(126, 36), (80, 24)] {
        let store = Store::filled();
        let folder = store.folder.path().join("redphone/runbooks/web");
        fs::create_dir_all(&folder).expect("a folder");
        let text = "services: checkout\n\n# Cards\n\n- [ ] Look at the gateway\n- [ ] Restart it\n";
        fs::write(folder.join("cards.md"), text).expect("a file");
        let mut terminal = store.open(columns, rows);
        terminal.wait_for_text("Cards fail");
        terminal.wait_for("the detail", |s| s.contents().contains("Reported"));
        terminal.press("x");
        terminal.wait_for_text("web/cards");
        terminal.press("\r");
        terminal.wait_for_text("Look at the gateway");
        terminal.press(" ");
        terminal.wait_for_text("1 of 2 done");
        terminal.press("\r");
        terminal.wait_for_text("2 of 2 done");
        terminal.press("q");
        terminal.wait_for("the panes", |s| !s.contents().contains("of 2 done"));
        terminal.press("q");
        terminal.wait_for_end();
        assert_eq!(
            notes(&store),
            [
                "runbook web/cards · step 1 done: Look at the gateway",
                "runbook web/cards · step 2 done: Restart it"
            ]
        );
    }
}

#[test]
fn past_state_is_shown_and_closed_at_both_sizes() {
    for (columns, rows) in [(126, 36), (80, 24)] {
        let store = Store::filled();
        assert!(store.run(&["ack", "1"]).status.success());
        assert!(store.run(&["note", "1", "seen"]).status.success());
        let mut terminal = store.open(columns, rows);
        terminal.wait_for_text("Cards fail");
        terminal.wait_for("it is acknowledged", |s| s.contents().contains("Picked up"));
        terminal.press("2[[");
        terminal.wait_for_text("event 1 of 3 · Esc returns");
        terminal.wait_for("as it was", |s| !s.contents().contains("Picked up"));
        terminal.press("a");
        terminal.wait_for_text("this is how it was, at event 1");
        terminal.press("\x1b");
        terminal.wait_for("as it is", |s| s.contents().contains("Picked up"));
    }
}

#[test]
fn change_to_the_open_incident_by_another_is_announced() {
    let store = Store::filled();
    let mut terminal = opened(&store, "Cards fail");
    let output = std::process::Command::new(crate::support::program())
        .arg("--store")
        .arg(store.file())
        .args(["--user", "tomo", "ack", "1"])
        .env("XDG_STATE_HOME", store.folder.path())
        .env("XDG_CONFIG_HOME", store.folder.path())
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{output:?}");
    terminal.wait_for_text("INC-1: tomo acknowledged it");
}
