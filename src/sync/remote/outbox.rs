//! The outbox on disk: what was asked is there before it counts as accepted, and stays there until
//! it is answered.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, Row, SqliteConnection};
use tokio::sync::Mutex;

use super::disk::{self, InUse, Kind, millis, time};
use super::entry::{Entry, Listing, State, incident};
use super::place::OUTBOX;
use crate::api::Details;
use crate::backend::{BackendError, Outcome};
use crate::model::command::Link;
use crate::model::{Ask, Command, CommandId, Envelope, IncidentId, Rejection, RejectionKind};

const KIND: Kind = Kind {
    application: 1_382_313_848,
    migrations: &[include_str!("migrations/outbox_1.sql"), include_str!("migrations/outbox_2.sql")],
    durable: true,
};

/// Commands that were sent and are still shown.
const SHOWN: i64 = 50;
/// Commands that were sent and are remembered, so that another process can learn their outcome.
const REMEMBERED: i64 = 2_000;

const PENDING: i64 = 0;
const SENT: i64 = 1;
const REFUSED: i64 = 2;

/// The file.
pub(super) struct Outbox {
    pub path: PathBuf,
    conn: Mutex<SqliteConnection>,
    /// Nobody moves the file away as long as this is held.
    _in_use: Option<InUse>,
}

/// Commands that were asked together about one incident, with its name for people.
#[derive(Clone, Debug)]
pub struct Chain {
    /// In order; never empty.
    pub envelopes: Vec<Envelope>,
    /// The incident's number, or `new`.
    pub label: String,
    /// Its title.
    pub title: String,
    /// The handle of whom the remote takes the asker for, where it has said so.
    pub person: Option<String>,
}

/// A command that could not be delivered.
pub(super) struct Tried {
    pub id: CommandId,
    /// Why.
    pub said: String,
    /// When it is tried again.
    pub next_at: DateTime<Utc>,
    /// The remote wants to be left alone until then.
    pub not_before: Option<DateTime<Utc>>,
}

/// What a piece of work on the file gives.
type Done<T> = Result<T, sqlx::Error>;

impl Outbox {
    /// Opens the file of a folder. Says which one was moved aside, and why.
    pub(super) async fn open(folder: &Path) -> Result<(Self, Option<(PathBuf, String)>), String> {
        let path = folder.join(OUTBOX);
        let opened = disk::open(&path, &KIND).await;
        let opened = opened.map_err(|why| format!("{}: {why}", path.display()))?;
        let conn = Mutex::new(opened.conn);
        Ok((Self { path, conn, _in_use: opened.in_use }, opened.aside))
    }

    /// Takes in what another outbox of the same remote holds that was not sent.
    pub(super) async fn take_in(&self, other: &Path) -> Result<(), String> {
        // It is brought up to date first, and nobody moves it away meanwhile.
        let _open = disk::open(other, &KIND).await?;
        let name = other.to_str().ok_or("its name can't be read")?.to_owned();
        let taken = self.work(async |conn| {
            sqlx::query("ATTACH DATABASE ? AS other").bind(name).execute(&mut *conn).await?;
            let taken = take_all(conn).await;
            sqlx::query("DETACH DATABASE other").execute(&mut *conn).await?;
            taken
        });
        taken.await.map_err(|error| error.to_string())
    }

    fn failed(&self, error: &sqlx::Error) -> BackendError {
        let file = self.path.display().to_string();
        let file = crate::model::text::shown(&file).into_owned();
        BackendError::Broken(format!("the outbox {file} can't be used: {error}"))
    }

    async fn work<T>(
        &self,
        work: impl AsyncFnOnce(&mut SqliteConnection) -> Done<T>,
    ) -> Result<T, BackendError> {
        let mut conn = self.conn.lock().await;
        work(&mut conn).await.map_err(|error| self.failed(&error))
    }

    /// Takes commands in; when this returns they are on the disk. One that is there already stays
    /// as it is.
    pub(super) async fn accept(&self, chain: &Chain) -> Result<(), BackendError> {
        self.work(async |conn| {
            let mut all = conn.begin_with("BEGIN IMMEDIATE").await?;
            let aliases = aliases(&mut all).await?;
            for envelope in &chain.envelopes {
                insert(&mut all, chain, envelope, &aliases).await?;
            }
            all.commit().await
        })
        .await
    }

    /// Puts commands in the place of one that was refused; the first keeps its place in the order, and
    /// what was not sent because of the old one goes with it. Where the old one is not refused any
    /// more nothing changes: both would be sent.
    pub(super) async fn replace(&self, old: CommandId, chain: &Chain) -> Result<(), BackendError> {
        let Some((first, others)) = chain.envelopes.split_first() else { return Ok(()) };
        let found = self
            .work(async |conn| {
                let mut all = conn.begin_with("BEGIN IMMEDIATE").await?;
                let found: Option<(i64, Vec<u8>)> =
                    sqlx::query_as("SELECT state, chain FROM entry WHERE id = ?")
                        .bind(old.as_bytes().to_vec())
                        .fetch_optional(&mut *all)
                        .await?;
                let Some((REFUSED, of)) = &found else { return Ok(found) };
                let aliases = aliases(&mut all).await?;
                sqlx::query(
                    "UPDATE entry SET id = ?1, chain = ?1, envelope = ?2, label = ?3, title = ?4,
                        state = 0, tries = 0, said = NULL, next_at = NULL, not_before = NULL,
                        answer = NULL, behind = NULL, settled_at = NULL, settled = NULL,
                        person = ?6
                     WHERE id = ?5 AND state = 2",
                )
                .bind(first.id.as_bytes().to_vec())
                .bind(json(&meant(first.clone(), &aliases))?)
                .bind(chain.label.clone())
                .bind(chain.title.clone())
                .bind(old.as_bytes().to_vec())
                .bind(chain.person.clone())
                .execute(&mut *all)
                .await?;
                sqlx::query(
                    "UPDATE entry SET state = 0, tries = 0, said = NULL, next_at = NULL,
                        not_before = NULL, answer = NULL, settled_at = NULL, settled = NULL
                     WHERE state = 2 AND behind = ? AND chain = ?",
                )
                .bind(old.as_bytes().to_vec())
                .bind(of.clone())
                .execute(&mut *all)
                .await?;
                // What follows it belongs to the new one from now on.
                sqlx::query(
                    "UPDATE entry SET chain = ?1 WHERE state = 0 AND chain = ?2
                        AND place > (SELECT place FROM entry WHERE id = ?1)",
                )
                .bind(first.id.as_bytes().to_vec())
                .bind(of.clone())
                .execute(&mut *all)
                .await?;
                sqlx::query(
                    "UPDATE entry SET behind = CASE state WHEN 0 THEN NULL ELSE ? END
                     WHERE behind = ?",
                )
                .bind(first.id.as_bytes().to_vec())
                .bind(old.as_bytes().to_vec())
                .execute(&mut *all)
                .await?;
                for envelope in others {
                    insert(&mut all, chain, envelope, &aliases).await?;
                }
                all.commit().await?;
                Ok(found)
            })
            .await?;
        let why = match found {
            Some((REFUSED, _)) => return Ok(()),
            Some((SENT, _)) => {
                "it was sent meanwhile as it was: send this only if it is needed too"
            }
            Some(_) => "it is being sent again as it was: see first what becomes of it",
            None => "it is not in the outbox any more: somebody dropped or rewrote it meanwhile",
        };
        Err(Rejection::new(RejectionKind::Conflict, why).into())
    }

    /// Counts changes, also those of other processes.
    pub(super) async fn revision(&self) -> Result<i64, BackendError> {
        self.work(async |conn| sqlx::query_scalar("SELECT n FROM revision").fetch_one(conn).await)
            .await
    }

    /// All that waits or was refused, and the last that were sent.
    pub(super) async fn listing(&self) -> Result<Listing, BackendError> {
        let rows = self
            .work(async |conn| {
                sqlx::query(
                    "SELECT * FROM entry WHERE state != 1 OR place IN
                        (SELECT place FROM entry WHERE state = 1
                         ORDER BY settled DESC, place DESC LIMIT ?)
                     ORDER BY place",
                )
                .bind(SHOWN)
                .fetch_all(conn)
                .await
            })
            .await?;
        let entries = rows.iter().filter_map(|row| self.entry(row).map(Arc::new)).collect();
        Ok(Listing { entries, me: None })
    }

    /// One command, whatever became of it.
    pub(super) async fn get(&self, id: CommandId) -> Result<Option<Entry>, BackendError> {
        let row = self
            .work(async |conn| {
                sqlx::query("SELECT * FROM entry WHERE id = ?")
                    .bind(id.as_bytes().to_vec())
                    .fetch_optional(conn)
                    .await
            })
            .await?;
        Ok(row.as_ref().and_then(|row| self.entry(row)))
    }

    /// One that has not even an id stays in the file, and keeps nothing else from being sent.
    fn entry(&self, row: &SqliteRow) -> Option<Entry> {
        read(row)
            .inspect_err(|error| tracing::warn!(path = %self.path.display(), %error, "outbox"))
            .ok()
    }

    /// A command was carried out.
    pub(super) async fn sent(
        &self,
        id: CommandId,
        outcome: &Outcome,
        at: DateTime<Utc>,
    ) -> Result<(), BackendError> {
        let answer = serde_json::to_string(outcome).unwrap_or_default();
        self.work(async |conn| {
            sqlx::query(
                "UPDATE entry SET state = ?, answer = ?, settled_at = ?, said = NULL,
                    settled = (SELECT n FROM revision) + 1, next_at = NULL, behind = NULL
                 WHERE id = ? AND state != 1",
            )
            .bind(SENT)
            .bind(answer)
            .bind(millis(at))
            .bind(id.as_bytes().to_vec())
            .execute(conn)
            .await
        })
        .await
        .map(|_| ())
    }

    /// Forgets what was sent long ago. Not while commands settle: whoever waits for one of them has to
    /// find it.
    pub(super) async fn prune(&self) -> Result<(), BackendError> {
        self.work(async |conn| {
            sqlx::query(
                "DELETE FROM entry WHERE place IN (SELECT place FROM entry WHERE state = 1
                    ORDER BY settled DESC, place DESC LIMIT -1 OFFSET ?)",
            )
            .bind(REMEMBERED)
            .execute(conn)
            .await
        })
        .await
        .map(|_| ())
    }

    /// Commands could not be delivered: each with why, and when it is tried again.
    pub(super) async fn tried(&self, tried: &[Tried]) -> Result<(), BackendError> {
        self.work(async |conn| {
            let mut all = conn.begin_with("BEGIN IMMEDIATE").await?;
            for one in tried {
                sqlx::query(
                    "UPDATE entry SET tries = tries + 1, said = ?, next_at = ?, not_before = ?
                     WHERE id = ? AND state = 0",
                )
                .bind(one.said.clone())
                .bind(millis(one.next_at))
                .bind(one.not_before.map(millis))
                .bind(one.id.as_bytes().to_vec())
                .execute(&mut *all)
                .await?;
            }
            all.commit().await
        })
        .await
    }

    /// What waits for its next try because the remote was gone is tried now. What the remote itself
    /// has put off is not.
    pub(super) async fn hurry(&self, now: DateTime<Utc>) -> Result<(), BackendError> {
        self.work(async |conn| {
            sqlx::query(
                "UPDATE entry SET next_at = NULL WHERE state = 0 AND next_at NOT NULL
                    AND (not_before IS NULL OR not_before <= ?)",
            )
            .bind(millis(now))
            .execute(conn)
            .await
        })
        .await
        .map(|_| ())
    }

    /// Everything that waits for its next try is tried now, because a person wants it.
    pub(super) async fn at_once(&self) -> Result<(), BackendError> {
        self.work(async |conn| {
            sqlx::query(
                "UPDATE entry SET next_at = NULL, not_before = NULL
                 WHERE state = 0 AND (next_at NOT NULL OR not_before NOT NULL)",
            )
            .execute(conn)
            .await
        })
        .await
        .map(|_| ())
    }

    /// A command was refused. What was asked together with it and follows is not sent either,
    /// unless it was a declaration: what needs that is held.
    pub(super) async fn refused(
        &self,
        entry: &Entry,
        error: &BackendError,
        at: DateTime<Utc>,
    ) -> Result<(), BackendError> {
        let listing = self.listing().await?;
        let earlier = listing.refused().filter(|other| {
            let is_same = other.incident().is_some_and(|id| entry.incident() == Some(id));
            other.place < entry.place && is_same
        });
        let earlier = earlier.last();
        let earlier = earlier.map(|other| other.id.as_bytes().to_vec());
        let why = details(error);
        let follows = BackendError::Rejected(Rejection::new(
            RejectionKind::NotNow,
            format!("not sent, because what comes before it was refused: {error}"),
        ));
        let follows = details(&follows);
        self.work(async |conn| {
            let mut all = conn.begin_with("BEGIN IMMEDIATE").await?;
            sqlx::query(
                "UPDATE entry SET state = ?, answer = ?, settled_at = ?, behind = ?, said = NULL,
                    next_at = NULL WHERE id = ? AND state = 0",
            )
            .bind(REFUSED)
            .bind(why)
            .bind(millis(at))
            .bind(earlier)
            .bind(entry.id.as_bytes().to_vec())
            .execute(&mut *all)
            .await?;
            if entry.declares().is_none() {
                sqlx::query(
                    "UPDATE entry SET state = ?, answer = ?, settled_at = ?, behind = ?
                     WHERE chain = ? AND place > ? AND state = 0",
                )
                .bind(REFUSED)
                .bind(follows)
                .bind(millis(at))
                .bind(entry.id.as_bytes().to_vec())
                .bind(entry.chain.as_bytes().to_vec())
                .bind(i64::try_from(entry.place).unwrap_or(i64::MAX))
                .execute(&mut *all)
                .await?;
            }
            all.commit().await
        })
        .await
    }

    /// A refused command is sent again, and with it what was not sent because of it.
    pub(super) async fn retry(&self, id: CommandId) -> Result<(), BackendError> {
        self.work(async |conn| {
            sqlx::query(
                "UPDATE entry SET state = ?1, tries = 0, said = NULL, next_at = NULL,
                    not_before = NULL, answer = NULL, behind = NULL, settled_at = NULL
                 WHERE state = 2 AND (id = ?2 OR (behind = ?2 AND chain =
                    (SELECT chain FROM entry WHERE id = ?2)))",
            )
            .bind(PENDING)
            .bind(id.as_bytes().to_vec())
            .execute(conn)
            .await
        })
        .await
        .map(|_| ())
    }

    /// Takes commands out that were not sent.
    pub(super) async fn remove(&self, ids: &[CommandId]) -> Result<(), BackendError> {
        self.work(async |conn| {
            let mut all = conn.begin_with("BEGIN IMMEDIATE").await?;
            for id in ids {
                sqlx::query("DELETE FROM entry WHERE id = ? AND state != 1")
                    .bind(id.as_bytes().to_vec())
                    .execute(&mut *all)
                    .await?;
            }
            all.commit().await
        })
        .await
    }

    /// An incident that was declared here is counted in another: what follows is about that one, also
    /// what is asked later.
    pub(super) async fn retarget(
        &self,
        from: IncidentId,
        to: IncidentId,
    ) -> Result<(), BackendError> {
        self.work(async |conn| {
            let mut all = conn.begin_with("BEGIN IMMEDIATE").await?;
            sqlx::query("INSERT OR REPLACE INTO alias (id, is_now) VALUES (?, ?)")
                .bind(from.as_bytes().to_vec())
                .bind(to.as_bytes().to_vec())
                .execute(&mut *all)
                .await?;
            let waiting: Vec<(Vec<u8>, String)> =
                sqlx::query_as("SELECT id, envelope FROM entry WHERE state != 1")
                    .fetch_all(&mut *all)
                    .await?;
            for (id, text) in waiting {
                let Ok(envelope) = serde_json::from_str::<Envelope>(&text) else { continue };
                let now = meant(envelope.clone(), &[(from, to)]);
                if now != envelope {
                    sqlx::query("UPDATE entry SET envelope = ? WHERE id = ?")
                        .bind(json(&now)?)
                        .bind(id)
                        .execute(&mut *all)
                        .await?;
                }
            }
            all.commit().await
        })
        .await
    }

    /// The incident in which one that was declared here is counted; the same where it has its own.
    pub(super) async fn known_as(&self, id: IncidentId) -> Result<IncidentId, BackendError> {
        let all = self.work(async |conn| aliases(conn).await).await?;
        Ok(all.iter().find(|(from, _)| *from == id).map_or(id, |(_, to)| *to))
    }

    /// An incident that was declared here has its number: what follows is named by it.
    pub(super) async fn name(&self, id: IncidentId, label: &str) -> Result<(), BackendError> {
        let listing = self.listing().await?;
        let of: Vec<CommandId> = listing
            .entries
            .iter()
            .filter(|entry| entry.incident() == Some(id) && entry.label != label)
            .map(|entry| entry.id)
            .collect();
        self.work(async |conn| {
            for id in of {
                sqlx::query("UPDATE entry SET label = ? WHERE id = ?")
                    .bind(label.to_owned())
                    .bind(id.as_bytes().to_vec())
                    .execute(&mut *conn)
                    .await?;
            }
            Ok(())
        })
        .await
    }
}

/// Takes over what was not sent from an outbox that is attached. It is here before it goes there.
async fn take_all(conn: &mut SqliteConnection) -> Done<()> {
    sqlx::query(
        "INSERT OR IGNORE INTO entry
            (id, chain, envelope, label, title, state, tries, said, answer, behind, settled_at, person)
         SELECT id, chain, envelope, label, title, state, tries, said, answer, behind, settled_at,
            person FROM other.entry WHERE state != 1 ORDER BY place",
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query("DELETE FROM other.entry WHERE state != 1 AND id IN (SELECT id FROM main.entry)")
        .execute(conn)
        .await
        .map(|_| ())
}

/// Writes a command down, unless it is there already.
async fn insert(
    conn: &mut SqliteConnection,
    chain: &Chain,
    envelope: &Envelope,
    aliases: &[(IncidentId, IncidentId)],
) -> Done<()> {
    let first = chain.envelopes.first().unwrap_or(envelope);
    sqlx::query(
        "INSERT OR IGNORE INTO entry (id, chain, envelope, label, title, person)
         VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(envelope.id.as_bytes().to_vec())
    .bind(first.id.as_bytes().to_vec())
    .bind(json(&meant(envelope.clone(), aliases))?)
    .bind(chain.label.clone())
    .bind(chain.title.clone())
    .bind(chain.person.clone())
    .execute(conn)
    .await
    .map(|_| ())
}

/// Incidents that were declared here, and those in which they are counted.
async fn aliases(conn: &mut SqliteConnection) -> Done<Vec<(IncidentId, IncidentId)>> {
    let rows: Vec<(Vec<u8>, Vec<u8>)> =
        sqlx::query_as("SELECT id, is_now FROM alias").fetch_all(conn).await?;
    let id = |bytes: &[u8]| IncidentId::from_slice(bytes);
    Ok(rows.iter().filter_map(|(from, to)| Some((id(from)?, id(to)?))).collect())
}

/// A command about the incidents that are meant. A declaration stays as it is: what it leads to is
/// for the remote to say.
fn meant(mut envelope: Envelope, aliases: &[(IncidentId, IncidentId)]) -> Envelope {
    let is_now = |id: &mut IncidentId| {
        if let Some((_, to)) = aliases.iter().find(|(from, _)| from == id) {
            *id = *to;
        }
    };
    match &mut envelope.command {
        Command::RecordChange(_)
        | Command::RecordProblem(_)
        | Command::Incident { ask: Ask::Declare(_), .. } => {}
        Command::Incident { incident, ask } => {
            is_now(incident);
            match ask {
                Ask::Merge { into } => is_now(into),
                Ask::Link { link: Link::Incident { id, .. } }
                | Ask::Unlink { link: Link::Incident { id, .. } } => is_now(id),
                _ => {}
            }
        }
    }
    envelope
}

fn json(envelope: &Envelope) -> Done<String> {
    serde_json::to_string(envelope).map_err(|error| sqlx::Error::Encode(error.into()))
}

fn details(error: &BackendError) -> String {
    serde_json::to_string(&Details::from(error.clone())).unwrap_or_default()
}

/// A row as far as it can be read: another version may have written it. What can't be read stays as
/// it is, for that version; here it counts as refused, so that it is never sent and can be dropped.
fn read(row: &SqliteRow) -> Done<Entry> {
    let command = |bytes: Vec<u8>| CommandId::from_slice(&bytes);
    let text = |name| row.try_get::<Option<String>, _>(name).ok().flatten();
    let number = |name| row.try_get::<Option<i64>, _>(name).ok().flatten();
    let no_id = || sqlx::Error::Decode("a command has no id".into());
    let id = command(row.try_get("id")?).ok_or_else(no_id)?;
    let envelope: Option<Envelope> =
        text("envelope").and_then(|text| serde_json::from_str(&text).ok());
    let answer = text("answer").unwrap_or_default();
    let state = match (number("state"), &envelope) {
        (Some(SENT), _) => State::Sent(outcome(&answer, envelope.as_ref())),
        (Some(PENDING), Some(_)) => State::Pending,
        (Some(REFUSED), Some(_)) => State::Refused(refusal(&answer)),
        _ => State::Refused(odd()),
    };
    Ok(Entry {
        place: u64::try_from(row.try_get::<i64, _>("place")?).unwrap_or_default(),
        id,
        chain: row.try_get("chain").ok().and_then(command).unwrap_or(id),
        envelope,
        label: text("label").unwrap_or_default(),
        title: text("title").unwrap_or_default(),
        state,
        tries: u32::try_from(number("tries").unwrap_or(0)).unwrap_or(u32::MAX),
        said: text("said"),
        next_at: number("next_at").map(time),
        not_before: number("not_before").map(time),
        behind: row.try_get::<Option<Vec<u8>>, _>("behind").ok().flatten().and_then(command),
        settled_at: number("settled_at").map(time),
        settled: number("settled").unwrap_or_default(),
        person: text("person"),
    })
}

/// What a command that was sent led to. It was sent, whether that can be read or not.
fn outcome(answer: &str, envelope: Option<&Envelope>) -> Box<Outcome> {
    let incident = envelope.and_then(|envelope| incident(&envelope.command));
    let bare = |_| Outcome { incident, row: None, events: Vec::new(), replayed: false };
    Box::new(serde_json::from_str(answer).unwrap_or_else(bare))
}

fn refusal(answer: &str) -> BackendError {
    let details: Result<Details, _> = serde_json::from_str(answer);
    details.map_or_else(|_| odd(), |details| details.into_error(Utc::now()))
}

fn odd() -> BackendError {
    BackendError::Broken(
        "it was written by another version of redphone, and this one can't read it".into(),
    )
}
