//! A store filled through the command line.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use portable_pty::CommandBuilder;
use tempfile::TempDir;

use crate::support::program;
use crate::support::terminal::Terminal;

/// A store in a temporary folder, without any file of the user who runs the tests.
pub struct Store {
    pub folder: TempDir,
}

impl Store {
    pub fn empty() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    /// Three incidents: a P1, a P2 and a P4.
    pub fn filled() -> Self {
        let store = Self::empty();
        store.declare("Cards fail", "checkout", "high", "high");
        store.declare("Slow find", "search", "high", "medium");
        store.declare("Late report", "reports", "low", "low");
        store
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join("redphone.db")
    }

    pub fn declare(&self, title: &str, service: &str, impact: &str, urgency: &str) -> String {
        let output = self.run(&[
            "declare",
            "--title",
            title,
            "--service",
            service,
            "--impact",
            impact,
            "--urgency",
            urgency,
        ]);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    }

    /// Runs a command of the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        Command::new(program())
            .arg("--store")
            .arg(self.file())
            .args(arguments)
            .env("REDPHONE_USER", "ines")
            .env("XDG_STATE_HOME", self.folder.path())
            .env("XDG_CONFIG_HOME", self.folder.path())
            .output()
            .expect("it runs")
    }

    /// Returns what `show --json` prints of an incident.
    pub fn shown(&self, number: &str) -> serde_json::Value {
        let output = self.run(&["show", number, "--json"]);
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    pub fn command(&self) -> CommandBuilder {
        command(&program(), &self.file(), self.folder.path())
    }

    /// Runs a command on a terminal.
    pub fn terminal(&self, arguments: &[&str], columns: u16, rows: u16) -> Terminal {
        let mut command = self.command();
        command.args(arguments);
        Terminal::start(command, columns, rows)
    }

    /// Opens the panes on this store.
    pub fn open(&self, columns: u16, rows: u16) -> Terminal {
        Terminal::start(self.command(), columns, rows)
    }
}

/// Returns the command that opens the panes on a store, in a minimal environment.
pub fn command(program: &Path, store: &Path, state: &Path) -> CommandBuilder {
    let mut command = CommandBuilder::new(program);
    command.arg("--store");
    command.arg(store);
    command.cwd(state);
    command.env("REDPHONE_USER", "ines");
    command.env("XDG_STATE_HOME", state);
    command.env("XDG_CONFIG_HOME", state);
    command.env("TERM", "xterm-256color");
    command.env("LANG", "C.UTF-8");
    command.env("TZ", "UTC");
    command.env_remove("NO_COLOR");
    command
}
