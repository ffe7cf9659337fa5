//! Since when the calendars are as they are that other programs read by an address.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, SubsecRound, Utc};

use crate::model::id::CalendarLinkId;

/// The most calendars that are remembered.
const MAX_VERSIONS: usize = 2_000;

/// Since when calendars have had their current content, as far as known to this process.
#[derive(Debug, Default)]
pub(super) struct CalendarVersions(Mutex<HashMap<CalendarLinkId, (String, DateTime<Utc>)>>);

impl CalendarVersions {
    /// Returns since when a calendar has had this tag.
    pub(super) fn since(&self, id: CalendarLinkId, tag: &str, now: DateTime<Utc>) -> DateTime<Utc> {
        let mut versions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((before, since)) = versions.get(&id)
            && before == tag
        {
            return *since;
        }
        if versions.len() >= MAX_VERSIONS {
            versions.clear();
        }
        let since = now.trunc_subsecs(0);
        versions.insert(id, (tag.to_owned(), since));
        since
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calendar_that_changes_has_another_time() {
        let versions = CalendarVersions::default();
        let id = CalendarLinkId::new();
        let at = |second| DateTime::from_timestamp(second, 500_000_000).unwrap();
        let first = versions.since(id, "a", at(100));
        assert_eq!(first, DateTime::from_timestamp(100, 0).unwrap());
        assert_eq!(versions.since(id, "a", at(200)), first);
        assert!(versions.since(id, "b", at(300)) > first);
    }
}
