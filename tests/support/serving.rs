//! Real servers over a store of a test, which can be killed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Stdio};

use super::cli::CliFixture;

/// A server that is killed at the end of the test.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

impl Server {
    /// Starts a server at any port.
    pub fn start(cli: &CliFixture, number: usize) -> Self {
        Self::start_at(cli, number, "127.0.0.1:0")
    }

    /// Starts a server at an address.
    pub fn start_at(cli: &CliFixture, number: usize, listen: &str) -> Self {
        let mut program = cli.program();
        let log = format!("access-{number}.jsonl");
        program.args(["serve", "--listen", listen, "--access-log", &log]);
        let mut child = program.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().rsplit('/').next().and_then(|text| text.parse().ok());
        Self { child, address: address.unwrap_or_else(|| panic!("{line}")) }
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be dead already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Writes the settings file.
pub fn write_settings(cli: &CliFixture, text: &str) {
    let folder = cli.path("home/.config/redphone");
    std::fs::create_dir_all(&folder).unwrap();
    // A server that reads it must find all of it.
    let new = folder.join("config.toml.new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(&new, folder.join("config.toml")).unwrap();
}

/// Writes a file with the secret of webhooks next to the settings, and returns its name.
pub fn write_secret(cli: &CliFixture) -> &'static str {
    use std::os::unix::fs::OpenOptionsExt;
    let folder = cli.path("home/.config/redphone");
    std::fs::create_dir_all(&folder).unwrap();
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = file.open(folder.join("hook.secret")).unwrap();
    file.write_all(b"whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=\n").unwrap();
    "hook.secret"
}

/// Returns the body of an answer to a GET with a token.
pub fn get(address: SocketAddr, path: &str, token: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
