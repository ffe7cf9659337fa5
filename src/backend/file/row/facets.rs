//! The numbers by which queries select incidents: keys, facets and how measures count them.

use std::ops::Range;

use chrono::{DateTime, Utc};

use crate::model::measures::Counted;
use crate::model::priority::Priority;
use crate::model::status::{Category, Status};
use crate::model::stored::UNKNOWN;
use crate::model::unknown::Word;
use crate::model::{IncidentNumber, Summary};

/// Incident numbers are below this, so that a number and a second fit one key.
pub(in crate::backend::file) const NUMBERS_END: u64 = 1 << 31;
/// The facets of open incidents are below this.
pub(in crate::backend::file) const OPEN_FACETS_END: i64 = 5 << 6;
/// The facets of incidents that were merged into another one.
pub(in crate::backend::file) const MERGED_FACETS: Range<i64> = 7 << 6..8 << 6;
/// The number of milliseconds of a day.
pub(in crate::backend::file) const DAY_MS: i64 = 86_400_000;

/// The number for a status of a later version in facets. It is below those of all other open
/// incidents.
const UNKNOWN_STATUS: i64 = -1;
/// The number for a category of a later version in facets.
const UNKNOWN_CATEGORY: i64 = 7;

/// Returns the key of an incident. Keys are ordered by time of report, then by number.
pub(in crate::backend::file) fn incident_key(
    reported_at: DateTime<Utc>,
    number: IncidentNumber,
) -> i64 {
    (reported_at.timestamp() << 31) | i64::try_from(number.0 & (NUMBERS_END - 1)).unwrap_or(0)
}

/// Returns the least key of an incident that is reported at this second.
pub(in crate::backend::file) fn first_key_at(second: i64) -> i64 {
    second.clamp(0, (1 << 32) - 1) << 31
}

/// Returns the facets of a row: status, priority, category and pause in one small number.
pub(in crate::backend::file) fn facets(row: &Summary) -> i64 {
    pack_facets(row.status, row.priority, row.category, row.paused)
}

/// Packs status, priority, category and pause into one small number. A status of a later version
/// makes it negative; a priority of a later version is packed as its rank.
pub(in crate::backend::file) fn pack_facets(
    status: Status,
    priority: Priority,
    category: Option<Category>,
    paused: bool,
) -> i64 {
    let status = match status {
        Status::Unknown(_) => UNKNOWN_STATUS,
        status => i64::from(status.to_stored()),
    };
    let priority = i64::from(priority.rank().to_stored());
    let category = match category {
        Some(Category::Unknown(_)) => UNKNOWN_CATEGORY,
        category => i64::from(encode_category(category)),
    };
    (status << 6) | (priority << 4) | (category << 1) | i64::from(paused)
}

/// Returns the status and the priority in facets; `None` for a status of a later version.
pub(in crate::backend::file) fn status_and_priority(facets: i64) -> Option<(Status, Priority)> {
    let status = Status::from_stored(u8::try_from(facets >> 6).ok()?)?;
    let priority = Priority::from_stored(u8::try_from((facets >> 4) & 3).ok()?)?;
    Some((status, priority))
}

/// Encodes a category that may be absent.
pub(in crate::backend::file) fn encode_category(category: Option<Category>) -> u8 {
    category.map_or(0, Category::to_stored)
}

/// Decodes a category that may be absent; the outer `None` is for an unused number.
#[allow(clippy::option_option, reason = "no category, and one that can't be read, differ")]
pub(in crate::backend::file) fn decode_category(number: u8) -> Option<Option<Category>> {
    match number {
        0 => Some(None),
        UNKNOWN => Some(Some(Category::Unknown(Word::UNNAMED))),
        number => Category::from_stored(number).map(Some),
    }
}

/// Encodes how measures count an incident, for the column `counted`.
pub(in crate::backend::file) fn encode_counted(counted: Counted) -> i64 {
    match counted {
        Counted::Yes => 0,
        Counted::Merged => 1,
        Counted::Reclassified => 2,
        Counted::FalseAlarm => 3,
    }
}

/// Decodes the column `counted`.
pub(in crate::backend::file) fn decode_counted(column: i64) -> Counted {
    match column {
        1 => Counted::Merged,
        2 => Counted::Reclassified,
        3 => Counted::FalseAlarm,
        _ => Counted::Yes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::unusual_byte_groupings, reason = "a group of bits is a value")]
    fn facets_have_the_numbers_that_queries_select_by() {
        let facets =
            |status, priority, category, paused| pack_facets(status, priority, category, paused);
        assert_eq!(facets(Status::Triggered, Priority::P1, None, false), 0);
        let category = Some(Category::Access);
        assert_eq!(facets(Status::Monitoring, Priority::P4, category, true), 0b100_11_101_1);
        assert!(facets(Status::Monitoring, Priority::P4, category, true) < OPEN_FACETS_END);
        assert_eq!(facets(Status::Resolved, Priority::P1, None, false), OPEN_FACETS_END);
        assert_eq!(facets(Status::Merged, Priority::P1, None, false), MERGED_FACETS.start);
        assert!(facets(Status::Reclassified, Priority::P1, None, false) >= MERGED_FACETS.end);
        assert!(facets(Status::Closed, Priority::P4, category, true) < MERGED_FACETS.start);
        let unknown = Word::new("mitigating");
        let category = Some(Category::Unknown(unknown));
        assert_eq!(facets(Status::Unknown(unknown), Priority::P1, None, false), -64);
        assert_eq!(facets(Status::Unknown(unknown), Priority::P4, category, true), -1);
        assert_eq!(facets(Status::Triggered, Priority::Unknown(unknown), category, false), 14);
        assert_eq!(status_and_priority(-1), None);
        assert_eq!(status_and_priority(0b100_11_101_1), Some((Status::Monitoring, Priority::P4)));
    }

    #[test]
    fn stored_numbers_of_what_counts_are_those_of_all_versions() {
        let counted = [Counted::Yes, Counted::Merged, Counted::Reclassified, Counted::FalseAlarm];
        assert_eq!(counted.map(encode_counted), [0, 1, 2, 3]);
        assert_eq!([0, 1, 2, 3].map(decode_counted), counted);
    }
}
