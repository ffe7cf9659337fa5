//! The export format: everything that a store holds, as JSON Lines with one [`Record`] a line.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::Event;
use crate::model::change::Change;
use crate::model::directory::Directory;
use crate::model::problem::Problem;
use crate::model::unknown::{Foreign, read_exactly};

/// Name of the format, written in the first line of an export.
pub const FORMAT: &str = "redphone";
/// Version of the format that this program writes. Exports of a newer version are refused.
///
/// Since version 2 an export ends with [`Record::End`], without which it counts as cut off.
pub const VERSION: u32 = 2;

/// One line of an export.
///
/// An export begins with the header. The directory, the problems and the changes follow, then all
/// events in the order in which the store recorded them, and the end, which counts them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", remote = "Self")]
pub enum Record {
    /// Names the format and version of the lines that follow.
    Header {
        /// The name of the format; always [`FORMAT`].
        format: String,
        /// The version that the lines were written in; [`VERSION`] when this program writes them.
        version: u32,
        /// The version that a program must know to read the lines; absent if it is `version`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        needed_to_read: Option<u32>,
        /// The version of stores that a program must know to write to a store that has the records;
        /// absent if any will do.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        needed_to_write: Option<u32>,
    },
    /// People, teams and services. On import it replaces the directory of the store.
    Directory(Box<Directory>),
    /// A problem: the cause of one or more incidents.
    Problem(Problem),
    /// A planned change, such as a deploy.
    Change(Change),
    /// One event of the timeline of one incident.
    Event(Box<Event>),
    /// The last line: nothing of the export is missing if as many records stand before it.
    End {
        /// The number of records, without header and end.
        records: u64,
    },
    /// A record of a kind that a later version defines.
    #[serde(skip)]
    Unknown(Foreign),
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unknown(foreign) => foreign.serialize(to),
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

impl Record {
    /// The names of the kinds of records that this version defines.
    pub const KINDS: [&'static str; 6] =
        ["header", "directory", "problem", "change", "event", "end"];

    /// Reads a line of an export, also one of a kind that only a later version defines.
    ///
    /// # Errors
    /// That of the parser, if it is no record.
    pub fn from_json(json: &[u8]) -> Result<Self, serde_json::Error> {
        if let Some(record) = read_exactly(json) {
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
    pub fn header(needed_to_write: Option<u32>) -> Self {
        Self::Header {
            format: FORMAT.into(),
            version: VERSION,
            needed_to_read: Some(VERSION),
            needed_to_write,
        }
    }
}
