//! A real server over a real file, which can be stopped and dropped.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use redphone::backend::file::{FileStore, Options as StoreOptions};
use redphone::backend::http::{
    HttpBackend, Options as ClientOptions, ProxySettings, Timeouts, TokenSource,
};
use redphone::model::PersonRef;
use redphone::model::directory::Directory;
use redphone::server::scope::Scope;
use redphone::server::tls::TlsFiles;
use redphone::server::tokens::{NewToken, TokenFile};
use redphone::server::{BindError, Options, Server};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::port::ReservedPort;
use super::store as stores;

/// The server. It has its own threads, so that it can end as a killed process does.
pub struct Served {
    folder: TempDir,
    pub address: SocketAddr,
    /// Reserves the address, on which the server is started again.
    _port: ReservedPort,
    /// Certificate and key; `None` for plain HTTP.
    tls: Option<TlsFiles>,
    running: Option<Running>,
    /// The people of its directory besides Ines Moreau and Tom Varga.
    more_people: Vec<PersonRef>,
}

struct Running {
    runtime: Runtime,
    stop: oneshot::Sender<()>,
    ended: oneshot::Receiver<()>,
}

impl Served {
    /// Starts a server over an empty store, with Ines Moreau and Tom Varga in its directory.
    pub async fn start() -> Self {
        let mut served = Self::new();
        served.again().await;
        served
    }

    /// Like [`Self::start`], but with more people in its directory.
    pub async fn start_with_people(more: &[PersonRef]) -> Self {
        let mut served = Self::new();
        served.more_people = more.to_vec();
        served.again().await;
        served
    }

    /// Like [`Self::start`], but over TLS, with a certificate that its clients trust.
    pub async fn start_with_tls() -> Self {
        let mut served = Self::new();
        let names = ["127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let files = TlsFiles { cert: served.path("cert.pem"), key: served.path("key.pem") };
        std::fs::write(&files.cert, made.cert.pem()).unwrap();
        std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
        served.tls = Some(files);
        served.again().await;
        served
    }

    fn new() -> Self {
        let port = ReservedPort::new();
        let served = Self {
            folder: tempfile::tempdir().unwrap(),
            address: port.address,
            _port: port,
            tls: None,
            running: None,
            more_people: Vec::new(),
        };
        for (name, scope) in [("ines", Scope::Admin), ("tom", Scope::Respond), ("eye", Scope::Read)]
        {
            served.make_token(name, scope);
        }
        served
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns the path of the store.
    pub fn store(&self) -> PathBuf {
        self.path("store.db")
    }

    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Returns the path of the file with a token: of `ines` (admin), `tom` (respond) or `eye`
    /// (read).
    pub fn token(&self, name: &str) -> PathBuf {
        self.path(&format!("{name}.token"))
    }

    /// Returns the token with this name.
    pub fn secret(&self, name: &str) -> String {
        std::fs::read_to_string(self.token(name)).unwrap()
    }

    fn make_token(&self, name: &str, scope: Scope) {
        use std::io::Write;
        use std::os::unix::fs::OpenOptionsExt;
        let new = NewToken { name: name.into(), scope, person: None, expires_at: None };
        let (secret, _) = self.tokens().create(new).unwrap();
        let mut to = std::fs::OpenOptions::new();
        let mut to = to.write(true).create(true).mode(0o600).open(self.token(name)).unwrap();
        to.write_all(secret.reveal().as_bytes()).unwrap();
    }

    pub fn tokens(&self) -> TokenFile {
        TokenFile::new(self.path("tokens.json"))
    }

    /// Starts the server again on the same port.
    pub async fn again(&mut self) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let mut options = Options::new(self.address.to_string(), self.path("tokens.json"));
        options.limits.requests_per_minute = 1_000_000.try_into().unwrap();
        options.tls.clone_from(&self.tls);
        let (store, more_people) = (self.store(), self.more_people.clone());
        let (stop, stopped) = oneshot::channel();
        let (bound, is_bound) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        runtime.spawn(async move {
            let store = open_with(store, &more_people).await;
            let server = loop {
                match Server::bind(options.clone(), Arc::new(store.clone())).await {
                    Ok(server) => break server,
                    // The killed server may still occupy the port for a moment.
                    Err(BindError::Listen(_)) => tokio::task::yield_now().await,
                    Err(error) => panic!("{error}"),
                }
            };
            bound.send(()).unwrap();
            server
                .run(async {
                    let _ = stopped.await;
                })
                .await;
            store.close().await;
            let _ = end.send(());
        });
        is_bound.await.expect("it listens");
        self.running = Some(Running { runtime, stop, ended });
    }

    /// Shuts the server down.
    pub async fn stop(&mut self) {
        let Some(running) = self.running.take() else { return };
        let _ = running.stop.send(());
        let _ = running.ended.await;
        running.runtime.shutdown_background();
    }

    /// Kills the server, without a shutdown.
    pub fn kill(&mut self) {
        if let Some(running) = self.running.take() {
            running.runtime.shutdown_background();
        }
    }

    /// Returns a client of the server, or of a proxy in front of it.
    pub fn client(&self, url: &str, token: &str, timeouts: Timeouts) -> HttpBackend {
        let options = ClientOptions {
            address: url.parse().unwrap(),
            token: TokenSource::File(self.token(token)),
            ca_file: self.tls.as_ref().map(|files| files.cert.clone()),
            insecure_http: false,
            proxies: ProxySettings::System,
            timeouts,
        };
        HttpBackend::new(options).unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Opens the store of a server.
pub async fn open(path: PathBuf) -> FileStore {
    open_with(path, &[]).await
}

/// Opens the store of a server with more people in its directory than Ines Moreau and Tom Varga.
async fn open_with(path: PathBuf, more: &[PersonRef]) -> FileStore {
    let mut people =
        vec![PersonRef::new("ines", "Ines Moreau"), PersonRef::new("tom", "Tom Varga")];
    people.extend_from_slice(more);
    let overlay = Directory { people, ..Directory::default() };
    let options = StoreOptions { overlay, ..stores::options() };
    FileStore::open(&path, options).await.unwrap()
}
