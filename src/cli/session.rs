//! Connections to a backend, and sessions of a user on them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::channels::reach_source;
use super::failure::{Exit, Failure};
use super::migration;
use super::out;
use super::value::IncidentRef;
use crate::backend::file::{FileStore, Options, StoreClock};
use crate::backend::http::{self, HttpBackend, ProxySettings, Timeouts};
use crate::backend::{Backend, Capabilities, Outcome, clock_sentence, unreadable_sentence};
use crate::config::{Config, Location, RemoteConfig};
use crate::model::directory::Directory;
use crate::model::text::SafeText;
use crate::model::{Actor, Command, CommandId, Envelope, IncidentCommand, IncidentId, PersonRef};
use crate::sync::remote::{Remote, RemoteKey, Submission};
use crate::sync::{self, Reader, Sourced};
use crate::verbs::{ProblemTitles, VerbRequest};

/// How long an API may take to answer before cached data is returned instead, and before a command
/// counts as queued.
const REMOTE_TIMEOUT: Duration = Duration::from_secs(4);

/// How long to wait for another process that has locked the store.
pub const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// The handling of a missing store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IfMissing {
    /// Create an empty store.
    Create,
    /// Fail: a new store would be empty.
    Refuse,
}

/// An open connection to a backend.
#[derive(Clone)]
pub struct BackendConnection {
    /// The backend itself, for commands and for data that is never cached.
    pub backend: Arc<dyn Backend>,
    /// Reads the backend, and its cache.
    pub reader: Arc<dyn Reader>,
    /// The same backend, if it is a store's file.
    pub file: Option<FileStore>,
    /// The local state of an API (cache and outbox), if the backend is one.
    pub remote: Option<Arc<Remote>>,
    /// The file's path or the URL, for messages.
    pub display_name: SafeText<'static>,
    /// The problems that were found when it was opened, as sentences.
    pub warnings: Vec<SafeText<'static>>,
}

impl From<FileStore> for BackendConnection {
    fn from(store: FileStore) -> Self {
        let display_name = SafeText::from(store.path().to_string_lossy()).into_owned();
        let backend: Arc<dyn Backend> = Arc::new(store.clone());
        let reader = sync::reader(Arc::clone(&backend), None);
        let warnings = store.put_back_notice().map(SafeText::from).into_iter().collect();
        Self { backend, reader, file: Some(store), remote: None, display_name, warnings }
    }
}

/// The age of the oldest cached value among several that were read.
#[derive(Clone, Copy, Debug, Default)]
pub struct OldestRead(Option<DateTime<Utc>>);

impl OldestRead {
    /// Records the age of a value, and returns the value.
    pub fn record<T>(&mut self, read: Sourced<T>) -> T {
        self.0 = self.0.into_iter().chain(read.as_of).min();
        read.value
    }

    /// Returns when the oldest of the values was fetched; `None` if none came from the cache.
    pub fn at(self) -> Option<DateTime<Utc>> {
        self.0
    }

    /// Returns whether no value came from the cache.
    pub fn is_fresh(self) -> bool {
        self.0.is_none()
    }
}

impl BackendConnection {
    /// Prints a hint if cached data was read: why, and as of when.
    pub fn report_staleness(&self, oldest: OldestRead) {
        if let Some(at) = oldest.0 {
            let at = at.format("%Y-%m-%d %H:%M UTC");
            // An API that is only slow has not failed yet.
            let slow = || format!("{} does not answer", self.display_name);
            let why = self.reader.last_failure().unwrap_or_else(slow);
            out::print_hint(format!("{why}: this is as of {at}"));
        }
    }

    /// Returns the current time by the clock of the backend, as far as its offset was measured. The
    /// times of incidents are by that clock.
    pub fn backend_now(&self) -> DateTime<Utc> {
        let correction = self.backend.clock_offset().map(|clock| clock.correction());
        let now = Utc::now();
        now.checked_add_signed(correction.unwrap_or_default()).unwrap_or(now)
    }

    /// Returns the handle of the acting person: that of the token, if an API reports it.
    pub async fn my_handle(&self, config: &Config) -> String {
        let capabilities = self.reader.read_capabilities().await.ok();
        let me = capabilities.and_then(|read| read.value.me);
        me.map_or_else(|| config.me.clone(), |me| me.handle)
    }

    /// Returns the handle for a typed person: that of the acting person for `me`, and none for
    /// `nobody`.
    pub async fn typed_handle(&self, config: &Config, typed: Option<&str>) -> Option<String> {
        match typed? {
            "me" => Some(self.my_handle(config).await),
            "nobody" => Some(String::new()),
            handle => Some(handle.trim_start_matches('@').to_owned()),
        }
    }

    /// Prints a hint if this machine's clock is notably wrong.
    fn report_clock(&self) {
        if let Some(offset) = self.backend.clock_offset().and_then(|clock| clock.notable()) {
            out::print_hint(clock_sentence(offset, self.display_name.as_str()));
        }
    }

    /// Prints a hint if entries of an answer could not be read and were left out.
    fn report_unreadable(&self) {
        match self.backend.unreadable_count() {
            0 => {}
            count => out::print_hint(unreadable_sentence(count, self.display_name.as_str())),
        }
    }

    /// Finds the id of an incident by number or id, and records how old the answer is.
    pub async fn find_incident(
        &self,
        target: IncidentRef,
        oldest: &mut OldestRead,
    ) -> Result<IncidentId, Failure> {
        match target {
            IncidentRef::Id(id) => Ok(self.reader.resolve_alias(id).await?),
            IncidentRef::Number(number) => {
                Ok(oldest.record(self.reader.find_incident(number).await?))
            }
        }
    }

    /// Prints the problems that were found when it was opened.
    pub fn report_warnings(&self) {
        for warning in &self.warnings {
            out::print_hint(warning);
        }
    }

    /// Prints why a store can only be read although that was not requested. The refusal of a
    /// command contains it already.
    pub fn report_read_only(&self) {
        if let Some(notice) = self.file.as_ref().and_then(FileStore::read_only_notice) {
            out::print_hint(notice);
        }
    }

    /// Prints that the server's store was restored, until a person has decided which commands are
    /// sent again.
    pub async fn report_put_back(&self) {
        let Some(remote) = &self.remote else { return };
        remote.confirm_store().await;
        if let Some(notice) = &remote.watch_outbox().borrow().remote.put_back {
            let advice = if notice.resendable > 0 {
                "`redphone outbox resend` does that, `redphone outbox resend --none` does not"
            } else {
                "`redphone outbox resend --none` takes note of it"
            };
            out::print_hint(format!("{}: {advice}", notice.sentence()));
        }
    }

    /// Closes the connection. All executed commands are durable already.
    pub async fn close(self) {
        self.report_clock();
        self.report_unreadable();
        // The file is closed when its last handle is dropped.
        drop((self.backend, self.reader));
        if let Some(store) = self.file {
            store.close().await;
        }
    }
}

/// Opens the backend of a configuration for a command that only reads, and prints its problems.
pub async fn open_to_read(config: &Config) -> Result<BackendConnection, Failure> {
    let connection = open(config, IfMissing::Refuse).await?;
    connection.report_warnings();
    connection.report_read_only();
    Ok(connection)
}

/// Opens the backend of a configuration. No request is sent to an API yet.
pub async fn open(config: &Config, missing: IfMissing) -> Result<BackendConnection, Failure> {
    match &config.location {
        Location::File(path) => Ok(open_store_at(path, config, missing).await?.into()),
        Location::Remote(remote) => {
            let client = Arc::new(open_remote(remote)?);
            let mut warnings = Vec::new();
            let opened =
                open_synced_remote(config, remote, Arc::clone(&client), Sending::Yes).await;
            let synced = match opened {
                Ok(synced) => synced,
                Err(error) if error.is_unwritable() => {
                    warnings.push(SafeText::from(format!(
                        "{error}: going on without it, what is read is not kept, and what is asked \
                         is sent at once or fails"
                    )));
                    None
                }
                Err(error) => return Err(Failure::new(Exit::Unreachable, error.to_string())),
            };
            if let Some(synced) = &synced {
                warnings.extend(synced.warnings().iter().cloned());
            }
            let backend = synced
                .clone()
                .map_or(client as Arc<dyn Backend>, |synced| synced as Arc<dyn Backend>);
            let reader = sync::reader(Arc::clone(&backend), synced.as_ref());
            Ok(BackendConnection {
                backend,
                reader,
                file: None,
                remote: synced,
                display_name: config.location.display_name().into_owned(),
                warnings,
            })
        }
    }
}

/// Whether this process may send pending commands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sending {
    /// It may, unless the configuration is read-only.
    Yes,
    /// It only reads the outbox.
    No,
}

/// Opens the cache and outbox of an API; `None` if there is no home folder for them.
async fn open_synced_remote(
    config: &Config,
    remote: &RemoteConfig,
    client: Arc<HttpBackend>,
    sending: Sending,
) -> Result<Option<Arc<Remote>>, sync::remote::OpenError> {
    let Some(folder) = config.remotes.clone() else { return Ok(None) };
    // The outbox belongs to the token. An unreadable token is reported by the first request.
    if let Err(error) = client.read_token().await {
        tracing::debug!(%error, "no token");
    }
    let key = RemoteKey {
        name: remote.name.clone(),
        url: remote.address.to_string(),
        handle: config.me.clone(),
    };
    let options = sync::remote::Options {
        key,
        folder,
        rules: config.rules.clone(),
        answer_timeout: REMOTE_TIMEOUT,
        sends: sending == Sending::Yes && !config.read_only,
        drafts: config.drafts.clone(),
        token_changes: Some(client.token_changes()),
        lock_timeout: 2 * Timeouts::default().request(),
    };
    Remote::open(client, options).await.map(Some)
}

/// Reads the directory, also from the cache, and prints the problems of its source. Returns it with
/// the current time by the clock of the backend.
pub async fn read_directory(config: &Config) -> Result<(Directory, DateTime<Utc>), Failure> {
    let connection = open_to_read(config).await?;
    let mut oldest = OldestRead::default();
    let directory = oldest.record(connection.reader.read_directory().await?);
    let now = connection.backend_now();
    connection.report_staleness(oldest);
    connection.close().await;
    Ok((directory, now))
}

/// Opens the outbox of the configuration's API, without asking the API.
pub async fn open_outbox(config: &Config, sending: Sending) -> Result<Arc<Remote>, Failure> {
    let Some(remote) = config.location.remote() else {
        return Err(Failure::usage(format!(
            "{} is a store's file: what is done there is in it at once, and nothing waits; name an \
             API with --profile NAME or --backend URL",
            config.location.display_name()
        )));
    };
    let client = Arc::new(open_remote(remote)?);
    let opened = open_synced_remote(config, remote, client, sending).await;
    let opened = opened.map_err(|error| Failure::new(Exit::Unreachable, error.to_string()))?;
    let synced = opened.ok_or_else(|| {
        Failure::usage("there is no home folder to keep an outbox in: set HOME or XDG_STATE_HOME")
    })?;
    for warning in synced.warnings() {
        out::print_hint(warning);
    }
    Ok(synced)
}

/// Opens the store of a configuration, for commands that work only with a store's file.
///
/// `what` is the name of the command in the failure if the configuration leads to an API.
pub async fn open_store(
    config: &Config,
    missing: IfMissing,
    command: &str,
) -> Result<FileStore, Failure> {
    open_store_at(config.store_file(command)?, config, missing).await
}

/// Opens a store at a path with the other settings of a configuration.
pub async fn open_store_at(
    path: &Path,
    config: &Config,
    missing: IfMissing,
) -> Result<FileStore, Failure> {
    let options = store_options(config, missing);
    let store = if config.read_only {
        FileStore::open_read_only(path, options).await?
    } else {
        FileStore::open(path, options).await?
    };
    store.set_reach(reach_source(config));
    Ok(store)
}

/// Returns how a store is opened with a configuration.
pub fn store_options(config: &Config, missing: IfMissing) -> Options {
    Options {
        name: "local".into(),
        rules: config.rules.clone(),
        overlay: config.directory.clone(),
        overlay_file: config.file.clone(),
        create: missing == IfMissing::Create,
        lock_timeout: LOCK_TIMEOUT,
        migration: migration::observer(),
        clock: StoreClock::default(),
    }
}

/// Creates the client of an API; no request is sent yet.
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

/// Returns a person by handle, with the full name if the directory has it.
pub fn resolve_person(handle: &str, directory: &Directory) -> PersonRef {
    directory.person(handle).cloned().unwrap_or_else(|| {
        let handle = handle.trim_start_matches('@');
        PersonRef::new(handle, handle)
    })
}

/// A user's session on a backend, for executing commands.
pub struct Session {
    /// The connection to the backend.
    pub connection: BackendConnection,
    /// The user, who is the actor of the commands.
    pub me: PersonRef,
    /// Whether an API decides who the user is and has not been reached yet.
    pub me_is_assumed: bool,
    /// Whether the token belongs to a program and not to a person.
    pub is_program: bool,
}

impl Session {
    /// Opens a session for the user whom the backend names, or else for that of the configuration.
    pub async fn open(config: &Config, missing: IfMissing) -> Result<Self, Failure> {
        let connection = open(config, missing).await?;
        connection.report_warnings();
        let capabilities = connection.reader.read_capabilities().await.map(|read| read.value);
        let is_program = connection.file.is_none()
            && capabilities.as_ref().is_ok_and(|capabilities| capabilities.me.is_none());
        let mut me_is_assumed = false;
        let me = match capabilities {
            Ok(Capabilities { me: Some(me), .. }) => me,
            // Commands are queued, and the API names the user when it is reachable again.
            Err(error) if error.is_temporary() && connection.remote.is_some() => {
                me_is_assumed = true;
                resolve_person(&config.me, &config.directory)
            }
            capabilities => {
                capabilities?;
                resolve_person(&config.me, &connection.reader.read_directory().await?.value)
            }
        };
        connection.report_put_back().await;
        Ok(Self { connection, me, me_is_assumed, is_program })
    }

    /// Opens a session for the panes, which show by themselves whether a backend answers.
    ///
    /// Unlike [`Self::open`], this does not wait for an API, which names the user later.
    pub async fn open_panes(config: &Config, missing: IfMissing) -> Result<Self, Failure> {
        if config.location.remote().is_none() {
            return Self::open(config, missing).await;
        }
        let me = resolve_person(&config.me, &config.directory);
        let connection = open(config, missing).await?;
        Ok(Self { connection, me, me_is_assumed: true, is_program: false })
    }

    /// Finds the id of an incident by number or id.
    pub async fn find_incident(&self, target: IncidentRef) -> Result<IncidentId, Failure> {
        self.connection.find_incident(target, &mut OldestRead::default()).await
    }

    /// Returns the titles of the problems, if a request depends on them. Without an answer of an
    /// API the link only contains the id: the command is queued anyway.
    pub async fn problem_titles(&self, request: &VerbRequest) -> Result<ProblemTitles, Failure> {
        if !request.needs_problem_titles() {
            return Ok(ProblemTitles::default());
        }
        match self.connection.reader.read_problems().await {
            Ok(problems) if problems.as_of.is_none() => Ok(ProblemTitles::of_all(problems.value)),
            // Others may have been recorded since.
            Ok(problems) => Ok(ProblemTitles::of_some(problems.value)),
            Err(error) if error.is_temporary() && self.connection.remote.is_some() => {
                Ok(ProblemTitles::default())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Executes a command on an incident now, with the user as its actor.
    pub async fn execute(
        &self,
        incident: IncidentId,
        command: IncidentCommand,
    ) -> Result<Outcome, Failure> {
        self.execute_command(CommandId::new(), Command::incident(incident, command), None).await
    }

    /// Executes a command with an id now, with the user as its actor, but only if the last event of
    /// the incident has the number `expected_seq`.
    pub async fn execute_command(
        &self,
        id: CommandId,
        command: Command,
        expected_seq: Option<u32>,
    ) -> Result<Outcome, Failure> {
        let actor = Actor::Person(self.me.clone());
        self.submit(Envelope { id, at: Utc::now(), actor, command, expected_seq }).await
    }

    /// Executes a command now, unchanged: the caller sets the actor.
    pub async fn submit(&self, mut envelope: Envelope) -> Result<Outcome, Failure> {
        let Some(remote) = &self.connection.remote else {
            // With an outbox, the times are corrected when the command is sent.
            if let Some(clock) = self.connection.backend.clock_offset() {
                envelope.correct_clock(clock.correction());
            }
            return Ok(self.connection.backend.execute(&envelope).await?);
        };
        match remote.submit_and_wait(&envelope).await? {
            Submission::Done(outcome) => Ok(*outcome),
            Submission::Queued(why) => Err(Failure::new(
                Exit::Queued,
                format!(
                    "{}: kept, and sent by the next redphone that runs or by `redphone outbox send`",
                    why.trim_end_matches('.')
                ),
            )),
        }
    }
}
