//! The present program as a server, on a free port.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::http::{self, Request, Response};
use super::program::Home;

/// A running server, which is killed at the end of the test.
pub struct Server {
    child: Child,
    /// The port on which it listens on this machine.
    pub port: u16,
}

impl Server {
    /// Starts `redphone serve`. `global` arguments come before the command, `args` after it.
    pub fn start(home: &Home, global: &[String], args: &[String]) -> Self {
        let mut child = home
            .program()
            .args(global)
            .args(["serve", "--listen", "127.0.0.1:0", "--access-log", "access.jsonl"])
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim_end().rsplit(':').next().and_then(|port| port.parse().ok());
        let port = port.unwrap_or_else(|| panic!("the server says {line:?}"));
        Self { child, port }
    }

    /// Sends one request.
    pub fn send(&self, request: &Request) -> Response {
        http::send(self.port, request)
    }

    /// Sends commands with a token, and returns the outcome of each.
    pub fn command(&self, token: &str, commands: &Value) -> Vec<Value> {
        let body = serde_json::json!({ "commands": commands }).to_string();
        let headers = vec![
            ("Authorization".into(), format!("Bearer {token}")),
            ("Content-Type".into(), "application/json".into()),
        ];
        let (method, path) = ("POST".into(), "/v1/commands".into());
        let response =
            self.send(&Request { method, path, headers, body: Some(body.into()), withheld: 0 });
        assert_eq!(response.status, 200, "{}", String::from_utf8_lossy(&response.body));
        let answer: Value = serde_json::from_slice(&response.body).unwrap();
        answer["answers"].as_array().unwrap().clone()
    }

    /// Reads a path with a token.
    pub fn get(&self, token: &str, path: &str) -> Response {
        let headers = vec![("Authorization".into(), format!("Bearer {token}"))];
        let (method, path) = ("GET".into(), path.into());
        self.send(&Request { method, path, headers, body: None, withheld: 0 })
    }

    /// Ends the server as its operator does. Its log is complete then.
    pub fn stop(mut self) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).unwrap();
        kill_process(id, Signal::TERM).unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
