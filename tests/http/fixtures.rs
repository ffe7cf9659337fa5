//! A client, and canned responses for it.

use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::Duration;

use redphone::api::Details;
use redphone::backend::http::{
    FirstAnswer, HttpBackend, Options, ProxySettings, Timeouts, TokenSource,
};
use redphone::backend::{Capabilities, Cursor, Delta};
use tempfile::TempDir;

use crate::support::proxy::{Fault, answer};

/// The token that the client sends.
pub const TOKEN: &str = "hunter2";

/// A folder with a token in it.
pub struct ClientFixture {
    folder: TempDir,
}

impl ClientFixture {
    pub fn new() -> Self {
        let fixture = Self { folder: tempfile::tempdir().unwrap() };
        fixture.write("token", TOKEN);
        fixture
    }

    pub fn token(&self) -> PathBuf {
        self.path("token")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file of its folder that only its owner can read.
    pub fn write(&self, name: &str, text: &str) {
        let mut to = std::fs::OpenOptions::new();
        let to = to.write(true).create(true).truncate(true).mode(0o600).open(self.path(name));
        std::io::Write::write_all(&mut to.unwrap(), text.as_bytes()).unwrap();
    }

    pub fn options(&self, url: &str) -> Options {
        Options {
            address: url.parse().unwrap(),
            token: TokenSource::File(self.token()),
            ca_file: None,
            insecure_http: false,
            proxies: ProxySettings::System,
            timeouts: patient(),
        }
    }

    pub fn client(&self, url: &str) -> HttpBackend {
        HttpBackend::new(self.options(url)).unwrap()
    }
}

/// Returns time limits that even a busy machine does not reach.
pub fn patient() -> Timeouts {
    let long = Duration::from_mins(1);
    let first = FirstAnswer { capabilities: long, after_silence: long };
    Timeouts { connect: long, response: long, chunk: long, body: long, first }
}

pub fn capabilities() -> Capabilities {
    Capabilities {
        name: "test".into(),
        verbs: <_>::default(),
        live: true,
        me: None,
        checks_person: false,
        store: None,
        escalates: false,
    }
}

pub fn delta(cursor: u64) -> Delta {
    Delta {
        cursor: Cursor(cursor),
        reset: false,
        rows: Vec::new(),
        directory: false,
        redacted: Vec::new(),
    }
}

/// Returns a JSON response of the API.
pub fn json(headers: &str, body: &impl serde::Serialize) -> Fault {
    let body = serde_json::to_string(body).unwrap();
    Fault::says("200 OK", headers, "application/json", &body)
}

/// Returns an error response of the API.
pub fn refusal(details: &Details) -> Fault {
    Fault::Say(Duration::ZERO, refusal_text(details))
}

pub fn refusal_text(details: &Details) -> String {
    let body = serde_json::to_string(details).unwrap();
    // The server sends `Retry-After` with each 503.
    let headers = if details.status == 503 { "retry-after: 1\r\n" } else { "" };
    answer(&format!("{} X", details.status), headers, redphone::api::details::MEDIA_TYPE, &body)
}
