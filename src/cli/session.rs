//! An open place of work, and who uses it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;

use super::failure::{Exit, Failure};
use super::out;
use super::value::IncidentRef;
use crate::backend::file::{FileStore, Options};
use crate::backend::http::{self, HttpBackend, ProxySettings, Timeouts};
use crate::backend::{Backend, Capabilities, Outcome};
use crate::config::{Config, Location, RemoteConfig};
use crate::model::directory::Directory;
use crate::model::text::sanitize;
use crate::model::{Actor, Command, CommandId, Envelope, IncidentCommand, IncidentId, PersonRef};
use crate::sync;
use crate::sync::remote::{Remote as Kept, RemoteKey, Submission};

/// How long an API may take to answer before what is kept is given instead, and before what is asked
/// counts as kept.
const REMOTE_TIMEOUT: Duration = Duration::from_secs(4);

/// How long another process may hold the store.
pub const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// What becomes of a store that is not there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IfMissing {
    /// It is made.
    Create,
    /// It is an error: there would be nothing in it.
    Refuse,
}

/// A place where incidents live, opened.
#[derive(Clone)]
pub struct BackendConnection {
    /// What it does.
    pub backend: Arc<dyn Backend>,
    /// The same, where it is a store's file.
    pub file: Option<FileStore>,
    /// What is kept of it on this machine, where it is an API.
    pub remote: Option<Arc<Kept>>,
    /// For messages, safe to show: the file's path, or the URL.
    pub display_name: String,
}

impl From<FileStore> for BackendConnection {
    fn from(store: FileStore) -> Self {
        let told = sanitize(&store.path().to_string_lossy()).into_owned();
        Self {
            backend: Arc::new(store.clone()),
            file: Some(store),
            remote: None,
            display_name: told,
        }
    }
}

impl BackendConnection {
    /// Says where what was read was kept, and from when.
    pub fn report_staleness(&self) {
        let Some(remote) = &self.remote else { return };
        if let Some(at) = remote.served_as_of() {
            let at = at.format("%Y-%m-%d %H:%M UTC");
            // One that is only slow has not failed yet.
            let slow = || format!("{} does not answer", self.display_name);
            let why = remote.last_failure().unwrap_or_else(slow);
            out::print_hint(&format!("{}: this is as of {at}", sanitize(&why)));
        }
    }

    /// Ends with it. What was sent is durable already.
    pub async fn close(self) {
        // The file is closed by the last one who has it.
        drop(self.backend);
        if let Some(store) = self.file {
            store.close().await;
        }
    }
}

/// Opens the place of a configuration. Of an API nothing is asked yet.
pub async fn open(config: &Config, missing: IfMissing) -> Result<BackendConnection, Failure> {
    match &config.location {
        Location::File(path) => Ok(open_file(path, config, missing).await?.into()),
        Location::Remote(remote) => {
            let far = Arc::new(open_remote(remote)?);
            let kept = open_synced_remote(config, remote, Arc::clone(&far), Sending::Yes).await?;
            let backend =
                kept.clone().map_or(far as Arc<dyn Backend>, |kept| kept as Arc<dyn Backend>);
            Ok(BackendConnection {
                backend,
                file: None,
                remote: kept,
                display_name: config.location.display_name(),
            })
        }
    }
}

/// Whether this process may send what waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sending {
    /// It may, as long as not only reading was asked for.
    Yes,
    /// It only looks.
    No,
}

/// What is kept of an API on this machine; `None` where there is no home folder for it.
async fn open_synced_remote(
    config: &Config,
    remote: &RemoteConfig,
    far: Arc<HttpBackend>,
    sending: Sending,
) -> Result<Option<Arc<Kept>>, Failure> {
    let Some(folder) = config.remotes.clone() else { return Ok(None) };
    let named = RemoteKey {
        name: remote.name.clone(),
        url: remote.address.to_string(),
        handle: config.me.clone(),
    };
    let options = sync::remote::Options {
        key: named,
        folder,
        rules: config.rules.clone(),
        answer_timeout: REMOTE_TIMEOUT,
        sends: sending == Sending::Yes && !config.read_only,
        token_changes: Some(far.token_changes()),
        lock_timeout: 2 * Timeouts::default().request(),
    };
    let kept = Kept::open(far, options).await;
    let kept = kept.map_err(|why| Failure::new(Exit::Unreachable, why))?;
    Ok(Some(kept))
}

/// The outbox of the API of a configuration.
pub async fn open_outbox(config: &Config, sending: Sending) -> Result<Arc<Kept>, Failure> {
    let Some(remote) = config.location.remote() else {
        return Err(Failure::usage(format!(
            "{} is a store's file: what is done there is in it at once, and nothing waits; name an \
             API with --profile NAME or --backend URL",
            config.location.display_name()
        )));
    };
    let far = Arc::new(open_remote(remote)?);
    let opened = open_synced_remote(config, remote, far, sending).await?;
    let kept = opened.ok_or_else(|| {
        Failure::usage("there is no home folder to keep an outbox in: set HOME or XDG_STATE_HOME")
    })?;
    for warning in kept.warnings() {
        out::print_hint(warning);
    }
    Ok(kept)
}

/// Opens the store of a configuration, for what can be done with nothing else.
pub async fn open_store(
    config: &Config,
    missing: IfMissing,
    what: &str,
) -> Result<FileStore, Failure> {
    open_file(config.store_file(what)?, config, missing).await
}

async fn open_file(path: &Path, config: &Config, missing: IfMissing) -> Result<FileStore, Failure> {
    let options = Options {
        name: "local".into(),
        rules: config.rules.clone(),
        overlay: config.directory.clone(),
        create: missing == IfMissing::Create,
        lock_timeout: LOCK_TIMEOUT,
    };
    if config.read_only {
        return Ok(FileStore::open_read_only(path, options).await?);
    }
    Ok(FileStore::open(path, options).await?)
}

/// Makes ready to ask an API.
pub fn open_remote(remote: &RemoteConfig) -> Result<HttpBackend, Failure> {
    let options = http::Options {
        address: remote.address.clone(),
        token: remote.token_source(),
        ca_file: remote.ca_file.clone(),
        insecure_http: remote.insecure_http,
        proxies: ProxySettings::System,
        timeouts: Timeouts::default(),
    };
    HttpBackend::new(options).map_err(|error| Failure::new(Exit::Unreachable, error.to_string()))
}

/// A person by handle, with the full name where the directory has it.
pub fn resolve_person(handle: &str, directory: &Directory) -> PersonRef {
    directory.person(handle).cloned().unwrap_or_else(|| {
        let handle = handle.trim_start_matches('@');
        PersonRef::new(handle, handle)
    })
}

/// Commands of one person on one place.
pub struct Session {
    /// Where they go.
    pub connection: BackendConnection,
    /// Who asks.
    pub me: PersonRef,
}

impl Session {
    /// Opens the place of a configuration for its user, or for whom the place takes them.
    pub async fn open(config: &Config, missing: IfMissing) -> Result<Self, Failure> {
        let place = open(config, missing).await?;
        if let Some(remote) = &place.remote {
            for warning in remote.warnings() {
                out::print_hint(warning);
            }
        }
        let known = place.backend.capabilities().await;
        let me = match known {
            Ok(Capabilities { me: Some(me), .. }) => me,
            // What is asked is kept: it is known later who asks.
            Err(error) if error.is_temporary() && place.remote.is_some() => {
                resolve_person(&config.me, &config.directory)
            }
            known => {
                known?;
                resolve_person(&config.me, &place.backend.directory().await?)
            }
        };
        Ok(Self { connection: place, me })
    }

    /// As [`Self::open`] for what shows by itself whether a place answers: an API is not waited for,
    /// and says later whom it takes the user for.
    pub async fn open_panes(config: &Config, missing: IfMissing) -> Result<Self, Failure> {
        if config.location.remote().is_none() {
            return Self::open(config, missing).await;
        }
        let me = resolve_person(&config.me, &config.directory);
        Ok(Self { connection: open(config, missing).await?, me })
    }

    /// The id of an incident.
    pub async fn find_incident(&self, target: IncidentRef) -> Result<IncidentId, Failure> {
        match target {
            IncidentRef::Id(id) => match &self.connection.remote {
                Some(remote) => Ok(remote.resolve_alias(id).await?),
                None => Ok(id),
            },
            IncidentRef::Number(number) => {
                Ok(self.connection.backend.find_by_number(number).await?)
            }
        }
    }

    /// Asks for something about an incident, as this person, now.
    pub async fn execute(
        &self,
        incident: IncidentId,
        ask: IncidentCommand,
    ) -> Result<Outcome, Failure> {
        let envelope = Envelope {
            id: CommandId::new(),
            at: Utc::now(),
            actor: Actor::Person(self.me.clone()),
            command: Command::Incident { incident, command: ask },
        };
        let Some(remote) = &self.connection.remote else {
            return Ok(self.connection.backend.execute(&envelope).await?);
        };
        match remote.submit_and_wait(&envelope).await? {
            Submission::Done(outcome) => Ok(*outcome),
            Submission::Queued(why) => Err(Failure::new(
                Exit::Queued,
                format!(
                    "{}: kept, and sent by the next redphone that runs or by `redphone outbox send`",
                    sanitize(&why).trim_end_matches('.')
                ),
            )),
        }
    }
}
