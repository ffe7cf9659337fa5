//! A temporary home folder and store for each test, and the program run in it.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::program;

/// A temporary folder with a home folder and a store.
pub struct CliFixture {
    folder: TempDir,
}

/// The exit code and the output of a run.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl CliFixture {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn store(&self) -> PathBuf {
        self.path("store.db")
    }

    /// Returns the program with the environment of a person called ines, and without the variables
    /// of this process.
    pub fn program(&self) -> Command {
        let mut program = Command::new(program());
        program
            .env_clear()
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path().join("home"))
            .env("REDPHONE_STORE", self.store())
            .env("REDPHONE_USER", "ines")
            .env("TERM", "xterm-256color")
            .stdin(Stdio::null());
        program
    }

    pub fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Run {
        Run::from(self.program().args(args).output().unwrap())
    }

    /// Runs a command that must succeed, and returns its output.
    pub fn ok<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> String {
        let run = self.run(args);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{run:?}");
        run.out
    }

    /// Runs a command with a text on its standard input.
    pub fn pipe<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>, input: &[u8]) -> Run {
        let mut child = self
            .program()
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        // A program that refuses early does not read its entire input.
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let run = Run::from(child.wait_with_output().unwrap());
        writer.join().unwrap();
        run
    }

    /// Declares an incident and returns its number.
    pub fn declare(&self, title: &str, service: &str) -> String {
        let args = ["declare", "--title", title, "--service", service];
        let level = ["--impact", "high", "--urgency", "high"];
        self.ok(args.iter().chain(&level)).trim_end().to_owned()
    }

    /// Declares an incident in a store that has one, and leaves the files of the store as after a crash
    /// of the machine: there is a log, and no index.
    pub fn declare_before_crash(&self, title: &str, service: &str) {
        const FILES: [&str; 2] = ["store.db", "store.db-wal"];
        let owner = rusqlite::Connection::open(self.store()).unwrap();
        owner.query_row("SELECT count(*) FROM incident", [], |row| row.get::<_, i64>(0)).unwrap();
        self.declare(title, service);
        for name in FILES {
            std::fs::copy(self.path(name), self.path(&format!("left-{name}"))).unwrap();
        }
        drop(owner);
        for name in FILES {
            std::fs::rename(self.path(&format!("left-{name}")), self.path(name)).unwrap();
        }
    }

    /// Returns a store with a directory.
    pub fn with_directory(directory: &serde_json::Value) -> Self {
        let cli = Self::new();
        let header = serde_json::json!({"header": {"format": "redphone", "version": 1}});
        let directory = serde_json::json!({"directory": directory});
        let run = cli.pipe(["import", "-"], format!("{header}\n{directory}\n").as_bytes());
        assert_eq!((run.code, run.err.as_str()), (0, ""));
        cli
    }

    /// Returns a store with a directory of two teams, three services and two people.
    pub fn with_company() -> Self {
        Self::with_directory(&serde_json::json!({
            "people": [
                {"handle": "ines", "name": "Ines Moreau"},
                {"handle": "tom", "name": "Tom Varga"},
            ],
            "teams": [
                {"name": "payments", "members": ["ines"]},
                {"name": "platform", "members": ["tom"]},
            ],
            "services": [
                {"name": "checkout", "team": "payments", "depends_on": ["ledger"],
                 "runbook": "payments/5xx"},
                {"name": "ledger", "team": "payments"},
                {"name": "cdn", "team": "platform"},
            ],
            "policies": [], "schedules": [],
        }))
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Run {
    /// Checks a refusal: its exit code, nothing on standard output, and one sentence with these
    /// parts.
    #[track_caller]
    pub fn refused(&self, code: i32, expected: &[&str]) {
        assert_eq!(self.code, code, "{self:?}");
        assert_eq!(self.out, "", "{self:?}");
        self.assert_error(expected);
    }

    /// Checks that standard error is one sentence with these parts.
    #[track_caller]
    pub fn assert_error(&self, expected: &[&str]) {
        assert!(self.err.starts_with("redphone: "), "{self:?}");
        assert_eq!(self.err.lines().filter(|l| !l.starts_with("  ")).count(), 1, "{self:?}");
        assert!(self.err.chars().all(|c| c == '\n' || !c.is_control()), "{self:?}");
        for part in expected {
            assert!(self.err.contains(part), "{part:?} is not in {self:?}");
        }
    }
}

/// Parses JSON Lines.
pub fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().unwrap().permissions().mode() & 0o777
}
