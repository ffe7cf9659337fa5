//! The findings of a check.

/// The result of checking a store.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// The faults that were found; empty for a healthy store.
    pub findings: Vec<Finding>,
    /// Events that no command leads to, in sentences. They are no fault of the store: an import
    /// brought them.
    pub oddities: Vec<String>,
    /// The number of incidents in the store.
    pub incidents: u64,
    /// The number of events in the store.
    pub events: u64,
    /// Set for a store of an older version, which was checked without migrating it.
    pub outdated: Option<Outdated>,
}

/// A store that must be migrated before it is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outdated {
    /// The version of its schema; the target version if the migration has begun.
    pub version: i64,
    /// The version that this program writes.
    pub newest: i64,
    /// Whether the migration is running or was interrupted.
    pub is_unfinished: bool,
}

/// One fault of a store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Whether a rebuild of the projection does not repair it.
    pub grave: bool,
    /// The description of the fault, in a sentence.
    pub text: String,
}

impl Report {
    /// Returns whether no fault was found.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.findings.is_empty()
    }

    pub(super) fn add_grave(&mut self, text: impl Into<String>) {
        self.findings.push(Finding { grave: true, text: text.into() });
    }

    pub(super) fn add_curable(&mut self, text: impl Into<String>) {
        self.findings.push(Finding { grave: false, text: text.into() });
    }
}

/// The beginning of the text of every finding about the file itself.
pub(super) const DAMAGED: &str = "the file is damaged";
