//! A remote as the old program left it: its outbox and cache on a client, and its store on a server.

use serde_json::Value;

use super::program::{Home, Run, copy_folder, file, text_of};
use super::relay::Relay;
use super::server::Server;

/// A client with the old outbox and the old cache, and the old store on a server.
pub struct Remote {
    /// The client.
    pub client: Home,
    /// The present program, serving the old store.
    pub server: Server,
    // Dropped, and so removed, after the server has ended.
    _store: Home,
    /// The proxy between client and server.
    pub relay: Relay,
    /// The token of the client.
    pub token: String,
}

/// Returns a recorded token by its name.
pub fn token(name: &str) -> String {
    let secrets: Value = serde_json::from_str(&text_of("secrets.json")).unwrap();
    secrets[name].as_str().unwrap().to_owned()
}

impl Remote {
    /// Starts the server, and sets up the client with its old files.
    pub fn new() -> Self {
        let store = Home::new();
        copy_folder(&file("data"), &store.path("data/redphone"));
        let server = Server::start(&store, &[], &[]);
        let relay = Relay::start(server.port);
        let client = Home::new();
        copy_folder(&file("remotes"), &client.path("state/redphone/remotes"));
        std::fs::create_dir_all(client.path("config/redphone")).unwrap();
        let config = client.path("config/redphone/config.toml");
        std::fs::copy(file("settings/remote.toml"), config).unwrap();
        Self { client, server, _store: store, relay, token: token("ines") }
    }

    /// Returns the environment that leads a client to the server, with its token.
    pub fn environment(&self, port: u16) -> [(&'static str, String); 2] {
        let proxy = format!("http://127.0.0.1:{port}");
        [("HTTP_PROXY", proxy), ("PROD_TOKEN", self.token.clone())]
    }

    /// Runs a command of the client; the server is reached through a port, or not at all.
    pub fn run(&self, port: u16, args: &[&str]) -> Run {
        let mut program = self.client.program();
        program.args(["--profile", "prod"]).args(args).envs(self.environment(port));
        Run::from(program.output().unwrap())
    }
}

/// The discard port, where nobody listens.
pub const CLOSED: u16 = 9;
