//! The export format: everything that a store holds, as JSON Lines with one [`Record`] a line.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::administration::AdministrationEvent;
use crate::model::alert::Alert;
use crate::model::change::Change;
use crate::model::directory::Directory;
use crate::model::evidence::EvidenceContent;
use crate::model::extra::Extensible;
use crate::model::maintenance::MaintenanceWindow;
use crate::model::notification::{Attempt, Notification, StoredContacts};
use crate::model::problem::Problem;
use crate::model::service_level::ServiceLevels;
use crate::model::signals::Heartbeat;
use crate::model::unknown::{Foreign, read_exactly};
use crate::model::{CommandId, Event};

/// Name of the format, written in the first line of an export.
pub const FORMAT: &str = "redphone";
/// Version of the format that this program writes. Exports of a newer version are refused.
///
/// Since version 2 an export ends with [`Record::End`], without which it counts as cut off.
pub const VERSION: u32 = 2;

/// The field of an event with the digest of the content of its command, in hexadecimal digits.
pub const COMMAND_DIGEST: &str = "command_digest";

/// The binding of a command id to the command that was carried out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UsedId {
    /// The id of the command.
    pub id: CommandId,
    /// The digest of its content, in hexadecimal digits.
    pub digest: String,
    /// The requester, in the form in which the store names one.
    pub by: String,
}

/// One line of an export.
///
/// An export begins with the header. The directory, the problems and the changes follow, with the
/// ids of their commands and the changes of administration, then all events in the order in which the
/// store recorded them, the notifications, each before the attempts to send it, the alerts, contacts of people, the
/// maintenance windows, the heartbeats that other programs have defined, the content of evidence, and the
/// end, which counts them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", remote = "Self")]
pub enum Record {
    /// Names the format and version of the lines that follow.
    Header {
        /// The name of the format; always [`FORMAT`].
        format: String,
        /// The version that the lines were written in; [`VERSION`] when this program writes them.
        version: u32,
        /// The version that a program must support to read the lines; absent if it is `version`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        needed_to_read: Option<u32>,
        /// The version of stores that a program must support to write to a store that has the
        /// records; absent if there is no requirement.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        needed_to_write: Option<u32>,
        /// The service levels by which the store judges clocks whose end was recorded without a goal;
        /// absent where it has none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        service_levels: Option<ServiceLevels>,
    },
    /// People, teams and services. On import it replaces the directory of the store.
    Directory(Box<Directory>),
    /// A problem: the cause of one or more incidents.
    Problem(Problem),
    /// A planned change, such as a deploy.
    Change(Change),
    /// One event of the timeline of one incident. On the first event of a command, the field
    /// [`COMMAND_DIGEST`] of `Event::extra` binds the id of the command.
    Event(Box<Event>),
    /// The binding of a command id without events: the command recorded a change or a problem.
    Command(UsedId),
    /// A change of the directory or of the tokens, with who made it. The directory has it already.
    Administration(Box<AdministrationEvent>),
    /// A notification of a person about an incident. Its incident precedes it.
    Notification(Box<Notification>),
    /// A message to a person that is about no incident.
    Notice(Box<Notification>),
    /// An attempt to send a notification, which precedes it.
    Attempt(Box<Attempt>),
    /// An alert of an incident, which precedes it.
    Alert(Box<Alert>),
    /// The contacts that a person has set. They are only exported on request.
    Contacts(Box<StoredContacts>),
    /// A maintenance window.
    MaintenanceWindow(Box<MaintenanceWindow>),
    /// A heartbeat that another program has defined.
    Heartbeat(Box<Heartbeat>),
    /// The content of evidence. Its incident precedes it.
    Evidence(Box<EvidenceContent>),
    /// The last line: the export is complete if as many records precede it.
    End {
        /// The number of records, without header and end.
        records: u64,
    },
    /// A record of a kind that a later version defines.
    #[serde(skip)]
    Unknown(Foreign),
}

/// An event with the digest of its command, as a line of an export has it.
#[derive(Serialize)]
struct DigestedEvent<'a> {
    #[serde(flatten)]
    event: Defined<'a>,
    command_digest: Option<&'a str>,
}

/// The fields of an event that this version defines.
struct Defined<'a>(&'a Event);

impl Serialize for Defined<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.write_defined(to)
    }
}

/// Reads a line as this version writes it of an event with the digest of its command, as quickly as
/// one without; `None` for any other.
fn read_digested(json: &[u8]) -> Option<Record> {
    const FIELD: &[u8] = br#","command_digest":""#;
    const DIGITS: usize = 32;
    let line = json.strip_suffix(br#""}}"#)?;
    let (line, digest) = line.split_at_checked(line.len().checked_sub(DIGITS)?)?;
    let mut without = line.strip_suffix(FIELD)?.to_vec();
    without.extend(b"}}");
    let digest = std::str::from_utf8(digest).ok()?;
    if !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let Record::Event(mut event) = read_exactly(&without)? else { return None };
    event.extra.insert(COMMAND_DIGEST, digest.into());
    Some(Record::Event(event))
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unknown(foreign) => foreign.serialize(to),
            // Most events have this field and no other, so that they are written without a detour.
            Self::Event(event) if event.extra.only_text(COMMAND_DIGEST).is_some() => {
                let command_digest = event.extra.only_text(COMMAND_DIGEST);
                let line = DigestedEvent { event: Defined(event), command_digest };
                to.serialize_newtype_variant("Record", 4, "event", &line)
            }
            defined => Self::serialize(defined, to),
        }
    }
}

impl<'de> Deserialize<'de> for Record {
    /// Reads a record of a kind that this version defines; see [`Record::from_json`] for others.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::deserialize(from)
    }
}

impl From<Notification> for Record {
    fn from(notification: Notification) -> Self {
        let notification = Box::new(notification);
        if notification.is_notice() {
            Self::Notice(notification)
        } else {
            Self::Notification(notification)
        }
    }
}

impl Record {
    /// The names of the kinds of records that this version defines.
    pub const KINDS: [&'static str; 16] = [
        "header",
        "directory",
        "problem",
        "change",
        "event",
        "command",
        "administration",
        "notification",
        "notice",
        "attempt",
        "alert",
        "contacts",
        "maintenance_window",
        "heartbeat",
        "evidence",
        "end",
    ];

    /// Reads a line of an export, also one of a kind that only a later version defines.
    ///
    /// # Errors
    /// The error of the parser, if it is no record.
    pub fn from_json(json: &[u8]) -> Result<Self, serde_json::Error> {
        if let Some(record) = read_digested(json).or_else(|| read_exactly(json)) {
            return Ok(record);
        }
        let error = match serde_json::from_slice(json) {
            Ok(record) => return Ok(record),
            Err(error) => error,
        };
        if error.is_data()
            && let Ok(value) = serde_json::from_slice(json)
            && let Some(foreign) = Foreign::from_object(value, &Self::KINDS)
        {
            return Ok(Self::Unknown(foreign));
        }
        Err(error)
    }

    /// Returns the header, the first line of an export.
    #[must_use]
    pub fn header(needed_to_write: Option<u32>, service_levels: Option<ServiceLevels>) -> Self {
        Self::Header {
            format: FORMAT.into(),
            version: VERSION,
            needed_to_read: Some(VERSION),
            needed_to_write,
            service_levels,
        }
    }
}
