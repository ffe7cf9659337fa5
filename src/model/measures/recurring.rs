//! Recurring incidents: groups of incidents with the same fault.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::id::IncidentNumber;
use super::super::status::Category;
use super::fact::{Fact, from_millis, incident_number};

/// A fault that caused at least two incidents.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Recurring {
    /// The number of incidents with this fault.
    pub count: u64,
    /// The number of the last of these incidents.
    pub last: Option<IncidentNumber>,
    /// When that incident was reported.
    pub last_at: DateTime<Utc>,
    /// The title of that incident; empty until it has been read.
    pub title: String,
    /// The primary service of that incident; empty until it has been read.
    pub service: String,
    /// The title of the problem that it links to; `None` if it links to none.
    pub problem: Option<String>,
}

/// Returns a title in lower case without numbers and ids: the part that stays the same when a
/// fault recurs.
#[must_use]
pub fn title_pattern(title: &str) -> String {
    let mut pattern = String::with_capacity(title.len());
    for word in title.split_whitespace() {
        let word = word.to_lowercase();
        let is_id = word.len() >= 6
            && word.bytes().any(|b| b.is_ascii_digit())
            && word.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-' || b == b'_');
        if is_id {
            continue;
        }
        let word: String = word.chars().filter(|c| !c.is_numeric()).collect();
        if word.is_empty() {
            continue;
        }
        if !pattern.is_empty() {
            pattern.push(' ');
        }
        pattern.push_str(&word);
    }
    pattern
}

/// Returns the hash that incidents of the same fault share.
///
/// It covers the deduplication key, or else primary service, category and [`title_pattern`]. It is
/// a 64-bit FNV-1a hash, the same on every machine.
#[must_use]
pub fn fingerprint(
    dedup_key: Option<&str>,
    service: Option<&str>,
    category: Option<Category>,
    title: &str,
) -> u64 {
    match dedup_key {
        Some(key) => hash(&["key", key]),
        None => hash(&[
            service.unwrap_or_default(),
            category.map_or("", Category::as_str),
            &title_pattern(title),
        ]),
    }
}

fn hash(parts: &[&str]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut add = |byte: u8| {
        hash ^= u64::from(byte);
        hash = hash.wrapping_mul(0x0100_0000_01b3);
    };
    for part in parts {
        part.bytes().for_each(&mut add);
        add(0xff);
    }
    hash
}

/// Counts incidents by fingerprint.
#[derive(Default)]
pub(super) struct Groups {
    by_fingerprint: HashMap<u64, (u64, i64, u64)>,
}

impl Groups {
    pub(super) fn add(&mut self, fact: &Fact) {
        let group = self.by_fingerprint.entry(fact.fingerprint).or_insert((0, i64::MIN, 0));
        group.0 += 1;
        if (fact.reported_ms, fact.number) >= (group.1, group.2) {
            (group.1, group.2) = (fact.reported_ms, fact.number);
        }
    }

    /// Returns the groups of two or more, by count and then by the most recent incident.
    pub(super) fn largest(self, limit: usize) -> Vec<Recurring> {
        let mut groups: Vec<(u64, i64, u64)> =
            self.by_fingerprint.into_values().filter(|(count, _, _)| *count >= 2).collect();
        groups.sort_unstable_by_key(|(count, last_ms, number)| {
            std::cmp::Reverse((*count, *last_ms, *number))
        });
        groups
            .into_iter()
            .take(limit)
            .map(|(count, last_ms, number)| Recurring {
                count,
                last: incident_number(number),
                last_at: from_millis(last_ms),
                title: String::new(),
                service: String::new(),
                problem: None,
            })
            .collect()
    }
}
