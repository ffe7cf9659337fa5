//! Switching between workspaces in one terminal.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use portable_pty::CommandBuilder;

use super::store::Store;
use crate::support::program;
use crate::support::terminal::Terminal;

const LEAVES_THE_SCREEN: &str = "\x1b[?1049l";

/// A production store with three incidents, another store with one, and settings that name both and
/// a missing one.
struct Workspaces {
    prod: Store,
    staging: Store,
}

impl Workspaces {
    fn new() -> Self {
        let (prod, staging) = (Store::filled(), Store::empty());
        staging.declare("A drill", "search", "low", "low");
        let workspaces = Self { prod, staging };
        let program = program().display().to_string();
        workspaces.write(&format!(
            "[profiles.prod]\nstore = \"{}\"\nproduction = true\n\
             [profiles.staging]\nstore = \"{}\"\n\
             [profiles.gone]\nstore = \"{}\"\n\
             [[commands]]\nname = \"where\"\nrun = [\"sh\", \"-c\", \"echo $REDPHONE_STORE $REDPHONE_PROFILE; redphone=$0; $redphone list\", {program:?}]\n",
            workspaces.prod.file().display(),
            workspaces.staging.file().display(),
            workspaces.prod.folder.path().join("gone.db").display(),
        ));
        workspaces
    }

    fn write(&self, settings: &str) {
        let folder = self.prod.folder.path().join("redphone");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("config.toml"), settings).expect("settings");
    }

    fn command(&self, arguments: &[&str]) -> CommandBuilder {
        let mut command = self.prod.command();
        let argv = command.get_argv_mut();
        // Remove the flag `--store`, so that the profile selects the store.
        argv.truncate(1);
        command.args(arguments);
        command
    }

    fn open(&self, size: (u16, u16), arguments: &[&str]) -> Terminal {
        Terminal::start(self.command(arguments), size.0, size.1)
    }

    fn drafts_folder(&self) -> PathBuf {
        self.prod.folder.path().join("redphone").join("drafts")
    }
}

fn switch(terminal: &mut Terminal, name: &str) {
    terminal.press("B");
    terminal.wait_for_text("Switch to");
    terminal.press(name);
    terminal.wait_for_text(&format!("› {name}"));
    terminal.press("\r");
}

fn leave(mut terminal: Terminal) {
    terminal.press("\x03");
    assert!(terminal.wait_for_end().success());
    assert!(terminal.is_given_back());
    assert_eq!(terminal.modes(), terminal.initial);
}

#[test]
fn workspace_switches_to_another_profile_and_back() {
    for size in [(126, 36), (80, 24), (40, 12)] {
        let workspaces = Workspaces::new();
        let mut terminal = workspaces.open(size, &["--profile", "prod"]);
        terminal.wait_for_text("Cards fail");
        terminal.wait_for_text("PROD");
        switch(&mut terminal, "staging");
        terminal.wait_for("the other one", |screen| {
            let text = screen.contents();
            text.contains("A drill") && !text.contains("Cards fail") && !text.contains("PROD")
        });
        terminal.press("a");
        terminal.wait_for_text("INC-1 acknowledged");
        terminal.wait_for("it is stored", |screen| !screen.contents().contains("pending"));
        switch(&mut terminal, "prod");
        terminal.wait_for("the first one", |screen| {
            let text = screen.contents();
            text.contains("Cards fail") && !text.contains("A drill") && text.contains("PROD")
        });
        let written = String::from_utf8_lossy(&terminal.written);
        assert!(!written.contains(LEAVES_THE_SCREEN), "the shell was shown in between");
        leave(terminal);
        assert_eq!(workspaces.staging.shown("1")["incident"]["status"], "acknowledged");
        assert_eq!(workspaces.prod.shown("1")["incident"]["status"], "triggered");
    }
}

#[test]
fn failed_switch_says_why_and_the_current_workspace_works() {
    let workspaces = Workspaces::new();
    let mut terminal = workspaces.open((126, 36), &["--profile", "prod"]);
    terminal.wait_for_text("Reported");
    switch(&mut terminal, "gone");
    terminal.wait_for_text("switching to gone: ");
    terminal.wait_for_text("gone.db");
    terminal.press("a");
    terminal.wait_for_text("INC-1 acknowledged");
    leave(terminal);
    assert!(!workspaces.prod.folder.path().join("gone.db").exists(), "nothing is made by a slip");
    assert_eq!(workspaces.prod.shown("1")["incident"]["status"], "acknowledged");
}

#[test]
fn workspace_of_the_store_flag_can_be_returned_to() {
    let workspaces = Workspaces::new();
    let other = Store::empty();
    other.declare("Only here", "auth", "high", "high");
    let file = other.file();
    let mut terminal = workspaces.open((126, 36), &["--store", file.to_str().expect("a name")]);
    terminal.wait_for_text("Only here");
    switch(&mut terminal, "staging");
    terminal.wait_for_text("A drill");
    switch(&mut terminal, "start");
    terminal.wait_for_text("Only here");
    leave(terminal);
}

#[test]
fn profile_added_to_the_settings_can_be_opened() {
    let workspaces = Workspaces::new();
    let mut terminal = workspaces.open((126, 36), &["--profile", "prod"]);
    terminal.wait_for_text("Reported");
    workspaces.write(&format!(
        "[profiles.prod]\nstore = \"{}\"\nproduction = true\n[profiles.fresh]\nstore = \"{}\"\n",
        workspaces.prod.file().display(),
        workspaces.staging.file().display(),
    ));
    terminal.wait_for_text("settings read again");
    switch(&mut terminal, "fresh");
    terminal.wait_for_text("A drill");
    leave(terminal);
}

#[test]
fn draft_stays_in_its_workspace() {
    let workspaces = Workspaces::new();
    let mut terminal = workspaces.open((126, 36), &["--profile", "prod"]);
    terminal.wait_for_text("Reported");
    terminal.press("n");
    terminal.wait_for_text("Note on INC-1");
    terminal.press("half a thought");
    terminal.wait_for_text("half a thought");
    terminal.press("\x1b");
    terminal.wait_for_text("keep as a draft");
    terminal.press("k");
    terminal.wait_for("it is closed", |screen| !screen.contents().contains("half a thought"));
    switch(&mut terminal, "staging");
    terminal.wait_for_text("A drill");
    // The draft is about an incident of the other workspace.
    terminal.press("d");
    terminal.wait_for_text("no draft is kept");
    switch(&mut terminal, "prod");
    terminal.wait_for_text("1 draft was kept");
    terminal.press("d");
    terminal.wait_for_text("half a thought");
    terminal.press("\x1b");
    terminal.wait_for("it is closed", |screen| !screen.contents().contains("half a thought"));
    leave(terminal);
    assert!(workspaces.drafts_folder().read_dir().expect("a folder").next().is_some());
}

#[test]
fn run_command_works_on_the_same_store() {
    let workspaces = Workspaces::new();
    let mut command = workspaces.command(&["--profile", "prod"]);
    // Environment variables of the panes do not apply to another workspace.
    command.env("REDPHONE_STORE", "/nowhere/else.db");
    let mut terminal = Terminal::start(command, 126, 36);
    terminal.wait_for_text("Reported");
    switch(&mut terminal, "staging");
    terminal.wait_for_text("A drill");
    // A command runs on an incident once its record is read.
    terminal.wait_for_text("urgency low");
    terminal.press(":");
    terminal.wait_for_text("a name, or a number");
    terminal.press("run where\r");
    terminal.wait_for_text(" staging");
    terminal.wait_for_text("exit 0");
    // The list has the incidents of that store.
    terminal.wait_for_text("P4   triggered");
    terminal.press("q");
    leave(terminal);
}

#[test]
fn question_names_production() {
    for size in [(126, 36), (80, 24), (40, 12)] {
        let workspaces = Workspaces::new();
        let mut terminal = workspaces.open(size, &["--profile", "prod"]);
        terminal.wait_for_text("Cards fail");
        terminal.press("m");
        terminal.wait_for_text("Merge INC-1");
        terminal.press("slow");
        terminal.wait_for_text("› slow");
        terminal.press("\r");
        for text in ["Merge INC-1 into INC-2?", "can't be taken back", "This is PRODUCTION: prod."]
        {
            terminal.wait_for_text(text);
        }
        terminal.press("n");
        leave(terminal);
    }
}

#[test]
fn demo_continues_while_another_workspace_is_open() {
    let workspaces = Workspaces::new();
    let mut terminal = workspaces.open((126, 36), &["demo", "--incidents", "30", "--seed", "7"]);
    terminal.wait_for_text("demo");
    terminal.wait_for_text("Reported");
    switch(&mut terminal, "staging");
    terminal.wait_for_text("A drill");
    switch(&mut terminal, "start");
    terminal.wait_for("the demo", |screen| {
        let text = screen.contents();
        text.contains("demo") && !text.contains("A drill")
    });
    leave(terminal);
}

/// A server over a store, and the file with a token for it.
struct Served {
    child: Child,
    url: String,
    token: PathBuf,
    store: Store,
}

impl Served {
    fn new() -> Self {
        let store = Store::empty();
        store.declare("Far away", "edge", "high", "high");
        let made = store.run(&["token", "create", "--name", "ines", "--scope", "respond"]);
        assert!(made.status.success(), "{made:?}");
        let token = store.folder.path().join("token");
        let mut open = std::fs::OpenOptions::new();
        std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
        let mut file = open.create(true).write(true).truncate(true).open(&token).expect("a file");
        file.write_all(&made.stdout).expect("a token");
        let mut child = Command::new(program())
            .arg("--store")
            .arg(store.file())
            .args(["serve", "--listen", "127.0.0.1:0", "--access-log", "/dev/null"])
            .env("XDG_STATE_HOME", store.folder.path())
            .env("XDG_CONFIG_HOME", store.folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it runs");
        let mut line = String::new();
        let out = child.stdout.as_mut().expect("a pipe");
        BufReader::new(out).read_line(&mut line).expect("a line");
        let url = line.rsplit(' ').next().expect("a word").trim_end().to_owned();
        assert!(url.starts_with("http://"), "{line}");
        Self { child, url, token, store }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn workspace_of_an_api_is_switched_to_like_that_of_a_file() {
    let (workspaces, served) = (Workspaces::new(), Served::new());
    let program = program().display().to_string();
    workspaces.write(&format!(
        "[profiles.prod]\nstore = \"{}\"\n\
         [profiles.away]\nbackend = {:?}\ntoken_file = {:?}\nproduction = true\n\
         [[commands]]\nname = \"where\"\nrun = [\"sh\", \"-c\", \"echo [$REDPHONE_STORE$REDPHONE_BACKEND] $REDPHONE_PROFILE; $0 list\", {program:?}]\n",
        workspaces.prod.file().display(),
        served.url,
        served.token,
    ));
    let mut terminal = workspaces.open((126, 36), &["--profile", "prod"]);
    terminal.wait_for_text("Reported");
    terminal.press("B");
    terminal.wait_for_text("PRODUCTION · http://127.0.0.1");
    terminal.press("away");
    terminal.wait_for_text("› away");
    terminal.press("\r");
    terminal.wait_for("the other one", |screen| {
        let text = screen.contents();
        text.contains("Far away") && !text.contains("Cards fail") && text.contains("away PROD")
    });
    terminal.wait_for_text("Reported");
    terminal.press("a");
    terminal.wait_for_text("INC-1 acknowledged");
    terminal.wait_for("it is stored", |screen| !screen.contents().contains("pending"));
    // Commands that are run from the panes use the same API, with the token of the profile.
    terminal.press(":");
    terminal.wait_for_text("a name, or a number");
    terminal.press("run where\r");
    terminal.wait_for_text("[] away");
    terminal.wait_for_text("exit 0");
    terminal.wait_for_text("Far away");
    terminal.press("q");
    switch(&mut terminal, "prod");
    terminal.wait_for_text("Cards fail");
    leave(terminal);
    assert_eq!(served.store.shown("1")["incident"]["status"], "acknowledged");
    assert_eq!(workspaces.prod.shown("1")["incident"]["status"], "triggered");
}

#[test]
fn unusable_profile_says_why_in_the_list() {
    let (workspaces, served) = (Workspaces::new(), Served::new());
    workspaces.write(&format!(
        "[profiles.prod]\nstore = \"{}\"\n[profiles.away]\nbackend = \"ftp://{}\"\n",
        workspaces.prod.file().display(),
        served.url.trim_start_matches("http://"),
    ));
    let mut terminal = workspaces.open((126, 36), &["--profile", "prod"]);
    terminal.wait_for_text("Reported");
    switch(&mut terminal, "away");
    // The list of workspaces already shows why it can't be opened.
    terminal.wait_for_text("not now: ");
    terminal.press("\x1b");
    terminal.wait_for("the list is left", |screen| !screen.contents().contains("Switch to"));
    terminal.press("a");
    terminal.wait_for_text("INC-1 acknowledged");
    leave(terminal);
}
