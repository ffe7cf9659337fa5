//! The binding of command ids: to the content of a command and its requester.
//!
//! A command that arrives again is answered with its first outcome. That is right only if it is the
//! same command: the same content, from the same person or program. So the first event of a command
//! is stored with a digest of the command's content, and its actor is the requester.
//!
//! Not part of the content: the time of the request, which a client corrects by the clock of the
//! server, the position that was expected ([`Envelope::expected_seq`]), and the token.
//!
//! Ids of requests that are no commands, such as changes of the directory and new maintenance windows,
//! are bound in the same way ([`RequestIdentity`]), so that one id never counts for two requests.

use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::{Row, SqliteConnection};

use super::error::{StoreError, StoreResult};
use super::event_row::{WRITER_FORMAT, decode_command, last_id};
use super::sql::Batch;
use crate::backend::BackendError;
use crate::backend::record::{COMMAND_DIGEST, UsedId};
use crate::model::command::CommandKind;
use crate::model::{
    Actor, Command, CommandId, Envelope, Event, EventBody, IncidentCommand, IncidentId, Rejection,
    undo,
};

/// The number of bytes of a digest.
const DIGEST_BYTES: usize = 16;

/// The digest of a command's content.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct CommandDigest([u8; DIGEST_BYTES]);

impl CommandDigest {
    /// Returns the digest of a command: the first bytes of SHA-256 over its JSON, with sorted keys
    /// and without members that are null.
    ///
    /// The same command has the same digest in every version: new fields are left out while they
    /// are absent.
    pub(super) fn compute(command: &Command) -> Self {
        // Encoding can't fail: the value consists of text, numbers and times.
        Self::of_json(&serde_json::to_value(command).unwrap_or_default())
    }

    fn of_json(value: &Value) -> Self {
        let mut hasher = Sha256::new();
        hash_canonical(value, &mut hasher);
        let mut digest = [0; DIGEST_BYTES];
        digest.copy_from_slice(&hasher.finalize()[..DIGEST_BYTES]);
        Self(digest)
    }

    /// Returns the bytes that are stored.
    pub(super) fn to_stored(self) -> Vec<u8> {
        self.0.to_vec()
    }

    fn equals_stored(self, stored: &[u8]) -> bool {
        self.0 == *stored
    }
}

/// Returns a stored digest as an export has it.
pub(super) fn digest_to_text(stored: &[u8]) -> String {
    hex::encode(stored)
}

/// Returns the digest to store for one of an export; `None` if it is invalid.
pub(super) fn digest_from_text(text: &str) -> Option<Vec<u8>> {
    hex::decode(text).ok().filter(|bytes| bytes.len() == DIGEST_BYTES)
}

/// Returns the expression for the digest of an event `e`, which stores of the first two versions do
/// not have.
pub(super) async fn digest_column(conn: &mut SqliteConnection) -> StoreResult<&'static str> {
    let column = Batch::new("SELECT 1 FROM pragma_table_info('event') WHERE name = 'digest'");
    Ok(if column.fetch_optional(conn).await?.is_some() { "e.digest" } else { "NULL" })
}

/// Adds the digest of a command to its first event, as an export has it.
pub(super) fn add_digest(event: &mut Event, stored: Option<&[u8]>) {
    if let Some(digest) = stored {
        event.extra.insert(COMMAND_DIGEST, digest_to_text(digest).into());
    }
}

/// Removes the digest of a command from its first event, as an export has it. In an event of a kind that only
/// a later version defines it is among the values.
pub(super) fn extract_digest(event: &mut Event) -> Option<String> {
    let among_values = match &mut event.body {
        EventBody::Unknown(unknown)
            if unknown.fields.get(COMMAND_DIGEST).is_some_and(Value::is_string) =>
        {
            unknown.fields.remove(COMMAND_DIGEST)
        }
        _ => None,
    };
    let among_values = among_values.and_then(|value| value.as_str().map(str::to_owned));
    event.extra.extract(COMMAND_DIGEST).or(among_values)
}

/// Reads the commands without events whose content is known.
pub(super) async fn read_used_ids(conn: &mut SqliteConnection) -> StoreResult<Vec<UsedId>> {
    if digest_column(conn).await? == "NULL" {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    let batch = Batch::new(
        "SELECT id, digest, asker FROM command
         WHERE digest IS NOT NULL AND asker IS NOT NULL ORDER BY id",
    );
    for row in batch.fetch_all(conn).await? {
        let id = CommandId::from_slice(row.try_get(0)?);
        let id = id.ok_or_else(|| StoreError::content("the id of a command"))?;
        let digest = digest_to_text(row.try_get(1)?);
        found.push(UsedId { id, digest, by: row.try_get(2)? });
    }
    Ok(found)
}

/// Adds the statement that binds the id of a command without events. The binding of a known id does
/// not change.
pub(super) fn put_used_id(batch: &mut Batch, used: &UsedId, digest: Vec<u8>) {
    batch.sql("INSERT OR IGNORE INTO command (id, digest, asker, format) VALUES (?, ?, ?, ?);");
    batch.arg(used.id.as_bytes().to_vec()).arg(digest).arg(used.by.clone()).arg(WRITER_FORMAT);
}

/// Adds a value to a digest. Each type of value begins with a byte of its own, and a value of
/// variable length with its length, so that different values never produce the same bytes.
fn hash_canonical(value: &Value, hasher: &mut Sha256) {
    let mut hash_text = |kind: u8, text: &str| {
        hasher.update([kind]);
        hasher.update((text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    match value {
        Value::Null => hasher.update(*b"0"),
        Value::Bool(value) => hasher.update(if *value { *b"t" } else { *b"f" }),
        Value::Number(number) => hash_text(b'n', &number.to_string()),
        Value::String(text) => hash_text(b's', text),
        Value::Array(items) => {
            hasher.update(*b"[");
            for item in items {
                hash_canonical(item, hasher);
            }
            hasher.update(*b"]");
        }
        Value::Object(members) => {
            let mut members: Vec<_> =
                members.iter().filter(|(_, value)| !value.is_null()).collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            hasher.update(*b"{");
            for (name, value) in members {
                hash_canonical(&Value::String(name.clone()), hasher);
                hash_canonical(value, hasher);
            }
            hasher.update(*b"}");
        }
    }
}

/// Returns the store's name for the requester of a command that has no events.
pub(super) fn requester_text(actor: &Actor) -> String {
    match actor {
        Actor::Person(person) => format!("person:{}", person.handle),
        Actor::Integration(name) => format!("integration:{name}"),
        Actor::Unknown(actor) => format!("unknown:{actor:?}"),
    }
}

/// Returns whether two actors are the same person or program. A person's name may have changed.
fn is_same_requester(one: &Actor, other: &Actor) -> bool {
    requester_text(one) == requester_text(other)
}

/// Refuses a command about an incident whose id produced `earlier` before, unless it is the same
/// command. `digest` is the stored one.
///
/// Without a digest only the incident, the kind of command and the asker are compared.
pub(super) fn check_same_command(
    envelope: &Envelope,
    (incident, earlier): (IncidentId, &Event),
    digest: Option<&[u8]>,
) -> Result<(), BackendError> {
    let is_same_content = match digest {
        Some(stored) => CommandDigest::compute(&envelope.command).equals_stored(stored),
        None => match &envelope.command {
            Command::Incident { incident: about, command, .. } => {
                let is_same_incident = *about == incident
                    // The alert may have been counted in an incident that was open already.
                    || matches!(command, IncidentCommand::Declare(_))
                        && matches!(earlier.body, EventBody::AlertRepeated { .. });
                // The effect of an undo depends on the command that it undid.
                is_same_incident
                    && (undo::is_undo(&envelope.command) || leads_to(command.kind(), &earlier.body))
            }
            Command::RecordChange(_) | Command::RecordProblem(_) => false,
        },
    };
    if is_same_content && is_same_requester(&envelope.actor, &earlier.actor) {
        return Ok(());
    }
    Err(id_reused())
}

/// Refuses a command without events whose id was used before, unless it is the same command. A
/// record without a digest can't be compared.
pub(super) fn check_same_record(
    envelope: &Envelope,
    digest: Option<&[u8]>,
    asker: Option<&str>,
) -> Result<(), BackendError> {
    let is_same_content =
        digest.is_none_or(|stored| CommandDigest::compute(&envelope.command).equals_stored(stored));
    if is_same_content && asker.is_none_or(|asker| asker == requester_text(&envelope.actor)) {
        return Ok(());
    }
    Err(id_reused())
}

/// What the id of a request is bound to that is no command, such as a change of the directory.
pub(super) struct RequestIdentity {
    id: CommandId,
    digest: Vec<u8>,
    requester: String,
}

impl RequestIdentity {
    /// Returns the identity of a request. `kind` tells it from requests of other kinds with the same
    /// content.
    pub(super) fn new(
        id: CommandId,
        kind: &'static str,
        content: &impl Serialize,
        actor: &Actor,
    ) -> StoreResult<Self> {
        let content = serde_json::to_value(content).map_err(StoreError::invalid)?;
        let digest = CommandDigest::of_json(&json!({ kind: content })).to_stored();
        Ok(Self { id, digest, requester: requester_text(actor) })
    }

    /// Returns whether the request was carried out before.
    ///
    /// # Errors
    /// The id belongs to another request, or to a command.
    pub(super) async fn is_repeated(&self, conn: &mut SqliteConnection) -> StoreResult<bool> {
        let mut batch = Batch::new("SELECT digest, asker FROM command WHERE id = $1;");
        batch
            .sql("SELECT id, nth FROM event WHERE id > $1 AND id <= $2;")
            .arg(self.id.as_bytes().to_vec())
            .arg(last_id(self.id));
        let rows = batch.fetch_result_sets(conn).await?;
        let [used, events, ..] = rows.as_slice() else {
            return Err(StoreError::content("the ids of commands were read in part"));
        };
        for row in events {
            if decode_command(row.try_get(0)?, row.try_get(1)?) == Some(self.id) {
                return Err(id_reused().into());
            }
        }
        let Some(row) = used.first() else { return Ok(false) };
        let digest: Option<Vec<u8>> = row.try_get(0)?;
        let requester: Option<String> = row.try_get(1)?;
        let is_same = digest.is_some_and(|digest| digest == self.digest)
            && requester.is_some_and(|requester| requester == self.requester);
        if is_same { Ok(true) } else { Err(id_reused().into()) }
    }

    /// Binds the id of a request that has changed nothing in the transaction that is open, and commits that,
    /// if the request can come again: its id follows from a key, and is none that was just created. Otherwise
    /// it would overwrite what somebody else has changed meanwhile. Returns whether it did.
    pub(super) async fn commit_unchanged(self, conn: &mut SqliteConnection) -> StoreResult<bool> {
        if self.id.0.get_version() == Some(uuid::Version::SortRand) {
            return Ok(false);
        }
        let mut batch = Batch::default();
        self.put(&mut batch);
        batch.sql("COMMIT;");
        batch.run(conn).await?;
        Ok(true)
    }

    /// Adds the statement that binds the id.
    pub(super) fn put(self, batch: &mut Batch) {
        batch.sql("INSERT OR IGNORE INTO command (id, digest, asker, format) VALUES (?, ?, ?, ?);");
        let id = self.id.as_bytes().to_vec();
        batch.arg(id).arg(self.digest).arg(self.requester).arg(WRITER_FORMAT);
    }
}

/// Returns the error for a command whose id belongs to another command.
pub(super) fn id_reused() -> BackendError {
    BackendError::rejected(Rejection::IdReused, chrono::Utc::now())
}

/// Returns whether the first event of a command of this kind can have this body.
fn leads_to(kind: CommandKind, body: &EventBody) -> bool {
    use CommandKind as K;
    use EventBody as B;
    match kind {
        K::Declare => matches!(body, B::Declared { .. } | B::AlertRepeated { .. }),
        K::RepeatAlert => matches!(body, B::AlertRepeated { .. }),
        K::Acknowledge => matches!(body, B::Acknowledged | B::AcknowledgedInPart),
        K::MoveStatus => {
            matches!(body, B::StatusMoved { .. } | B::Acknowledged | B::AcknowledgedInPart)
        }
        K::UndoMove => matches!(body, B::MoveUndone { .. }),
        K::Assign => matches!(body, B::Assigned { .. }),
        K::SetTeam => matches!(body, B::TeamSet { .. }),
        K::GiveRole => matches!(body, B::RoleGiven { .. }),
        K::Escalate => matches!(body, B::Escalated { .. }),
        K::Prioritize | K::OverridePriority => matches!(body, B::Prioritized { .. }),
        K::Categorize => matches!(body, B::Categorized { .. }),
        K::SetServices => matches!(body, B::ServicesSet { .. }),
        K::Describe => matches!(body, B::Described { .. }),
        K::AddNote => matches!(body, B::NoteAdded { .. }),
        K::CorrectNote => matches!(body, B::NoteCorrected { .. }),
        K::UpdateStakeholders => matches!(body, B::StakeholdersUpdated { .. }),
        K::AnswerItem => matches!(body, B::ItemAnswered { .. }),
        K::Resolve => matches!(body, B::Resolved { .. }),
        K::Reopen => matches!(body, B::Reopened { .. }),
        K::Close => matches!(body, B::Closed),
        K::Snooze => matches!(body, B::Snoozed { .. }),
        K::Wake => matches!(body, B::Woken),
        K::Pause => matches!(body, B::Paused { .. }),
        K::Unpause => matches!(body, B::Unpaused),
        K::Merge => matches!(body, B::MergedInto { .. }),
        K::Link => matches!(body, B::Linked { .. }),
        K::Unlink => matches!(body, B::Unlinked { .. }),
        K::Reclassify => matches!(body, B::Reclassified { .. }),
        K::WriteReview => matches!(body, B::ReviewWritten { .. }),
        K::SetActionItem => matches!(body, B::ActionItemSet { .. }),
        K::PublishReview => matches!(body, B::ReviewPublished),
        K::RecordDecision => matches!(body, B::DecisionRecorded(_)),
        K::MoveAlerts => matches!(body, B::AlertsMovedOut { .. }),
        K::SetExpectedRecovery => matches!(body, B::ExpectedRecoverySet { .. }),
        K::AskForRole => matches!(body, B::RoleRequested { .. }),
        K::AnswerRole => matches!(body, B::RoleAnswered { .. }),
        K::Mute => matches!(body, B::Muted { .. }),
        K::Unmute => matches!(body, B::Unmuted),
        K::Fold => matches!(body, B::Folded { .. }),
        K::MarkNoise => matches!(body, B::NoiseMarked { .. }),
        K::RequestFollowUp | K::RecordFollowUp => matches!(body, B::FollowUpSet { .. }),
        K::SetImpactBegan => matches!(body, B::ImpactBeganSet { .. }),
        K::SetAffected => matches!(body, B::AffectedSet { .. }),
        K::AddReporter => matches!(body, B::ReporterAdded { .. }),
        K::RemoveReporter => matches!(body, B::ReporterRemoved { .. }),
        K::InvolveTeam => matches!(body, B::TeamInvolved { .. }),
        K::AttachEvidence => matches!(body, B::EvidenceAdded { .. }),
        K::Redact => matches!(body, B::Redacted { .. }),
        K::SubmitReview => matches!(body, B::ReviewSubmitted { .. }),
        K::RecordChange | K::RecordProblem => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(json: &str) -> String {
        let command: Command = serde_json::from_str(json).unwrap();
        hex::encode(CommandDigest::compute(&command).0)
    }

    fn ask(json: &str) -> String {
        let incident = "0197f2a0-0000-7000-8000-000000000001";
        digest(&format!(r#"{{"incident":{{"incident":"{incident}","ask":{json}}}}}"#))
    }

    /// Digests are stored: a command that was carried out by one version may be repeated to
    /// another.
    #[test]
    fn digests_are_those_of_all_versions() {
        let assign = r#"{"do":"assign","to":{"handle":"ines","name":"Ines Moreau"}}"#;
        let give = r#"{"do":"give_role","role":"scribe","given":true,"person":{"handle":"ines","name":"Ines Moreau"}}"#;
        let declare = r#"{"do":"declare","title":"Kartenzahlung schlägt fehl",
            "services":["ledger","checkout"],"impact":"high","urgency":"low","source":"monitoring",
            "detected_at":"2026-03-01T10:00:00.250+01:00","reported_at":"2026-03-01T09:01:00Z",
            "dedup_key":"k","symptoms":"","labels":[]}"#;
        let change = r#"{"record_change":{"id":"0197f2a0-0000-7000-8000-000000000001",
            "kind":"deploy","title":"v812","services":[],"by":{"integration":"Deployer"},
            "starts_at":"2026-03-01T09:00:00Z","ends_at":null,"state":"running"}}"#;
        assert_eq!(ask(r#"{"do":"acknowledge"}"#), "0185e9740cb0ed1a528138696bb8adb1");
        assert_eq!(ask(r#"{"do":"assign","to":null}"#), "d556206605aececcad2dce6d04076628");
        assert_eq!(ask(assign), "f6310a2386d020b04c9e86231a34ba8e");
        let escalate = r#"{"do":"escalate","level":2,"to":[],"reason":null}"#;
        assert_eq!(ask(escalate), "105b1c86254fa6422f3cc99afbb3526a");
        assert_eq!(ask(declare), "32258a0f9968427ea01c241cd765392b");
        assert_eq!(ask(give), "40b3bf9f94bf56d04135920d4258265e");
        assert_eq!(digest(change), "b4625e779d2af2445566ddd069b4f257");
    }

    #[test]
    fn texts_that_run_together_have_different_digests() {
        let services = |list: &str| ask(&format!(r#"{{"do":"set_services","services":{list}}}"#));
        assert_ne!(services(r#"["ab","c"]"#), services(r#"["a","bc"]"#));
        assert_ne!(services(r#"["a"]"#), services(r#"["a",""]"#));
        let link = |kind: &str| {
            let id = "0197f2a0-0000-7000-8000-000000000002";
            ask(&format!(r#"{{"do":"link","link":{{"{kind}":{{"id":"{id}","title":"x"}}}}}}"#))
        };
        assert_ne!(link("problem"), link("change"));
    }
}
