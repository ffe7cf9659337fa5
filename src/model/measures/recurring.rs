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
///
/// From each word, the parts between punctuation that contain a digit or can't be spoken are
/// removed, such as the last two of `checkout-6c9f7d5b8-k2vxq`. If nothing else would remain of a
/// title, only its numbers are removed.
#[must_use]
pub fn title_pattern(title: &str) -> String {
    let title = title.to_lowercase();
    let mut pattern = String::with_capacity(title.len());
    for word in title.split_whitespace() {
        if is_hex_id(word) {
            continue;
        }
        let is_separator = |c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’');
        let mut separator = " ";
        for part in word.split(is_separator).filter(|part| !part.is_empty() && !is_id(part)) {
            if !pattern.is_empty() {
                pattern.push_str(separator);
            }
            pattern.push_str(part);
            separator = "-";
        }
    }
    if !pattern.is_empty() {
        return pattern;
    }
    let without_numbers: String = title.chars().filter(|c| !c.is_numeric()).collect();
    without_numbers.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a word is a complete id, such as a UUID or a hash: hexadecimal digits, among them at
/// least one number.
fn is_hex_id(word: &str) -> bool {
    word.len() >= 6
        && word.bytes().any(|b| b.is_ascii_digit())
        && word.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-' || b == b'_')
}

/// Acronyms that are as long as a generated id and have no vowel.
const WITHOUT_VOWELS: [&str; 2] = ["https", "xhtml"];

/// Whether a part of a word is an id: it contains a digit, or it is long and has no vowel.
fn is_id(part: &str) -> bool {
    let is_vowel = |b: u8| matches!(b, b'a' | b'e' | b'i' | b'o' | b'u' | b'y');
    let is_ascii = part.bytes().all(|b| b.is_ascii_alphabetic());
    part.chars().any(char::is_numeric)
        || (is_ascii
            && part.len() >= 5
            && !part.bytes().any(is_vowel)
            && !WITHOUT_VOWELS.contains(&part))
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

    /// Returns whether a fault caused two or more of the incidents.
    pub(super) fn recurs(&self, fingerprint: u64) -> bool {
        self.by_fingerprint.get(&fingerprint).is_some_and(|(count, _, _)| *count >= 2)
    }

    /// Returns the number of groups of two or more.
    pub(super) fn count(&self) -> u64 {
        self.by_fingerprint.values().filter(|(count, _, _)| *count >= 2).count() as u64
    }

    /// Returns the groups of two or more, by count and then by the most recent incident.
    pub(super) fn largest(self, limit: usize) -> Vec<Recurring> {
        self.largest_with_fingerprints(limit).into_iter().map(|(_, group)| group).collect()
    }

    /// Returns the groups of two or more with their fingerprints, by count and then by the most recent
    /// incident.
    pub(super) fn largest_with_fingerprints(self, limit: usize) -> Vec<(u64, Recurring)> {
        let mut groups: Vec<(u64, (u64, i64, u64))> =
            self.by_fingerprint.into_iter().filter(|(_, (count, _, _))| *count >= 2).collect();
        groups.sort_unstable_by_key(|(fingerprint, (count, last_ms, number))| {
            (std::cmp::Reverse((*count, *last_ms, *number)), *fingerprint)
        });
        groups
            .into_iter()
            .take(limit)
            .map(|(fingerprint, (count, last_ms, number))| {
                let group = Recurring {
                    count,
                    last: incident_number(number),
                    last_at: from_millis(last_ms),
                    title: String::new(),
                    service: String::new(),
                    problem: None,
                };
                (fingerprint, group)
            })
            .collect()
    }
}
