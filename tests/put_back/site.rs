//! A served store and the people who use it, each with a home folder and a token.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::cli::Run;
use crate::support::port::ReservedPort;

pub struct Site {
    folder: TempDir,
    server: Option<Child>,
    port: ReservedPort,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Site {
    /// Makes a store with tokens for these people, and serves it.
    pub fn start(people: &[&str]) -> Self {
        let (folder, port) = (TempDir::new().unwrap(), ReservedPort::new());
        let mut site = Self { folder, server: None, port };
        for name in people {
            site.make_token(name);
        }
        site.serve();
        site
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn store(&self) -> PathBuf {
        self.path("store.db")
    }

    pub fn make_token(&self, name: &str) {
        let run = self.host(&["token", "create", "--name", name, "--scope", "respond"]);
        assert_eq!(run.code, 0, "{run:?}");
        std::fs::write(self.path(&format!("{name}.token")), run.out.trim_end()).unwrap();
    }

    pub fn token(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(&format!("{name}.token"))).unwrap()
    }

    fn program(&self, home: &Path) -> Command {
        let mut program = Command::new(crate::support::program());
        program
            .env_clear()
            .current_dir(self.folder.path())
            .env("HOME", home)
            .env("TERM", "xterm-256color")
            .stdin(Stdio::null());
        program
    }

    /// Runs the program on the machine of the server.
    pub fn host(&self, args: &[&str]) -> Run {
        let mut program = self.program(&self.path("host"));
        Run::from(program.env("REDPHONE_STORE", self.store()).args(args).output().unwrap())
    }

    /// Serves the store, on the same port each time.
    pub fn serve(&mut self) {
        let listen = self.port.address.to_string();
        let mut child = self
            .program(&self.path("host"))
            .env("REDPHONE_STORE", self.store())
            .args(["serve", "--listen", &listen, "--access-log", "access.jsonl"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert!(line.trim_end().ends_with(&listen), "it does not serve: {line}");
        self.server = Some(child);
    }

    pub fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let pid = server.id().to_string();
            Command::new("kill").args(["-TERM", &pid]).status().unwrap();
            server.wait().unwrap();
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.port.address)
    }

    pub fn port(&self) -> u16 {
        self.port.address.port()
    }

    /// Runs the program as a person, against the server.
    pub fn run(&self, name: &str, args: &[&str]) -> Run {
        self.run_with(name, &self.url(), &[("REDPHONE_TOKEN", &self.token(name))], args)
    }

    /// Runs the program in the home of a person, against a URL and with an environment.
    pub fn run_with(&self, home: &str, url: &str, env: &[(&str, &str)], args: &[&str]) -> Run {
        let mut program = self.program(&self.path(home));
        program.env("REDPHONE_BACKEND", url).env("REDPHONE_USER", home).envs(env.iter().copied());
        Run::from(program.args(args).output().unwrap())
    }

    /// Runs a command that must end with a code; returns its output.
    pub fn expect(&self, name: &str, code: i32, args: &[&str]) -> Run {
        let run = self.run(name, args);
        assert_eq!(run.code, code, "{args:?}: {run:?}");
        run
    }

    pub fn declare(&self, name: &str, code: i32, title: &str) -> Run {
        let args = ["declare", "--title", title, "--impact", "high", "--urgency", "low", "--json"];
        self.expect(name, code, &args)
    }

    /// Returns the numbers of all incidents, by title.
    pub fn numbers(&self) -> BTreeMap<String, u64> {
        let run = self.host(&["list", "is:any", "--all", "--json"]);
        assert_eq!(run.code, 0, "{run:?}");
        let rows = run.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let pairs: Vec<(String, u64)> = rows
            .map(|row| (row["title"].as_str().unwrap().into(), row["number"].as_u64().unwrap()))
            .collect();
        let numbers: BTreeMap<_, _> = pairs.iter().cloned().collect();
        assert_eq!(numbers.len(), pairs.len(), "an incident is there twice: {pairs:?}");
        numbers
    }

    /// Returns the whole timeline and record of an incident, as JSON.
    pub fn show(&self, number: u64) -> String {
        let run = self.host(&["show", &number.to_string(), "--json"]);
        assert_eq!(run.code, 0, "{run:?}");
        run.out
    }
}
