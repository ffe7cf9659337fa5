//! The marks at which pages of a search end, and their text form.

use chrono::DateTime;

use crate::backend::PageMark;
use crate::model::queue::UrgencyKey;
use crate::model::{IncidentId, Priority};

/// The decoded form of a [`PageMark`]: where a page ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ParsedPageMark {
    Key(i64),
    Rank(UrgencyKey),
    /// The id of the last row, and the number of rows up to it, which is used if that row is no
    /// longer in the list.
    Row(IncidentId, usize),
}

impl ParsedPageMark {
    pub(super) fn to_page_mark(self) -> PageMark {
        PageMark(match self {
            Self::Key(key) => format!("k{key}"),
            Self::Rank((calm, priority, acknowledged, reported, id)) => {
                let reported = reported.timestamp_millis();
                format!("r{calm}.{}.{acknowledged}.{reported}.{id}", priority.index())
            }
            Self::Row(id, count) => format!("o{count}.{id}"),
        })
    }

    pub(super) fn parse(mark: &PageMark) -> Option<Self> {
        if let Some(key) = mark.0.strip_prefix('k') {
            return key.parse().ok().map(Self::Key);
        }
        if let Some(row) = mark.0.strip_prefix('o') {
            let (count, id) = row.split_once('.')?;
            return Some(Self::Row(id.parse().ok()?, count.parse().ok()?));
        }
        let mut parts = mark.0.strip_prefix('r')?.split('.');
        let mut next = || parts.next();
        let calm = next()?.parse().ok()?;
        let priority = Priority::from_index(next()?.parse().ok()?)?;
        let acknowledged = next()?.parse().ok()?;
        let reported = DateTime::from_timestamp_millis(next()?.parse().ok()?)?;
        let id: IncidentId = next()?.parse().ok()?;
        Some(Self::Rank((calm, priority, acknowledged, reported, id)))
    }
}
