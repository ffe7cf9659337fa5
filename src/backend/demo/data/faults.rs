//! The types of `kinds.toml` and of `faults/`: the kinds of services, and the ways in which they
//! break.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::model::status::Category;

use super::causes::Cause;
use super::error::MissingReference;

/// The maximum number of faults of a kind of service.
pub(in crate::backend::demo) const MAX_FAULTS: usize = 4;

/// The content of a file of `faults/`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FaultsFile {
    pub faults: Vec<Fault>,
}

/// One way in which a kind of service breaks.
#[derive(Clone, Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::demo) struct Fault {
    /// The alert that detects it; part of the deduplication key.
    pub alert: String,
    pub category: Category,
    pub gravity: Gravity,
    /// Titles for P3 and P4.
    pub titles: Vec<String>,
    /// Titles for P1 and P2.
    pub severe_titles: Vec<String>,
    /// Descriptions of the symptoms that users see.
    pub symptoms: Vec<String>,
    /// Notes of responders during the investigation.
    pub clues: Vec<String>,
    /// The possible causes. A cause that is listed twice is twice as likely.
    pub causes: Vec<Cause>,
}

/// How severe a fault usually is.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Debug)]
#[serde(rename_all = "snake_case")]
pub(in crate::backend::demo) enum Gravity {
    /// Affects customers immediately.
    Severe,
    /// Affects some of the customers.
    Usual,
    /// Affects customers only in rare cases.
    Minor,
}

impl Gravity {
    /// Returns the weights of P1 to P4.
    pub fn weights(self) -> [u32; 4] {
        match self {
            Self::Severe => [4, 24, 48, 24],
            Self::Usual => [1, 8, 48, 43],
            Self::Minor => [0, 2, 34, 64],
        }
    }
}

/// The content of `kinds.toml`, which names faults and recovery checks.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KindsFile {
    default_kind: String,
    false_alarm_reason: String,
    pub recovery_checks: BTreeMap<String, Vec<String>>,
    pub kinds: BTreeMap<String, KindEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KindEntry {
    weight: u32,
    runbook: String,
    /// Alerts of its faults.
    pub faults: Vec<String>,
    /// Name of a list of recovery checks.
    pub recovery_checks: String,
    false_alarm_reason: Option<String>,
}

/// The kinds of services.
#[derive(Debug)]
pub(in crate::backend::demo) struct Kinds {
    /// The kind of a service with an unknown name.
    pub default: Kind,
    kinds: BTreeMap<String, Kind>,
}

/// A kind of service.
#[derive(Clone, Debug)]
pub(in crate::backend::demo) struct Kind {
    /// The relative frequency of failures of this kind.
    pub weight: u32,
    /// The last part of the name of its runbook.
    pub runbook: String,
    /// The ways in which it breaks.
    pub faults: Vec<Fault>,
    /// Texts that describe how a recovery was validated.
    pub recovery_checks: Vec<String>,
    /// The reason why an alert was a false alarm.
    pub false_alarm_reason: String,
}

impl KindsFile {
    /// Returns the kinds with their faults and recovery checks.
    pub fn with_faults(self, faults: &[Fault]) -> Result<Kinds, MissingReference> {
        let mut kinds = BTreeMap::new();
        for (name, entry) in self.kinds {
            let mut own_faults = Vec::with_capacity(entry.faults.len());
            for alert in &entry.faults {
                let fault = faults.iter().find(|fault| fault.alert == *alert);
                let missing =
                    || MissingReference::Fault { kind: name.clone(), alert: alert.clone() };
                own_faults.push(fault.ok_or_else(missing)?.clone());
            }
            let checks = self.recovery_checks.get(&entry.recovery_checks);
            let missing = || MissingReference::RecoveryChecks {
                kind: name.clone(),
                list: entry.recovery_checks.clone(),
            };
            let kind = Kind {
                weight: entry.weight,
                runbook: entry.runbook,
                faults: own_faults,
                recovery_checks: checks.ok_or_else(missing)?.clone(),
                false_alarm_reason: entry
                    .false_alarm_reason
                    .unwrap_or_else(|| self.false_alarm_reason.clone()),
            };
            kinds.insert(name, kind);
        }
        let default = kinds
            .get(&self.default_kind)
            .ok_or(MissingReference::DefaultKind(self.default_kind))?
            .clone();
        Ok(Kinds { default, kinds })
    }
}

impl Kinds {
    /// Returns a kind by its name.
    pub fn find(&self, name: &str) -> Option<&Kind> {
        self.kinds.get(name)
    }

    /// Returns all kinds with their names.
    #[cfg(test)]
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Kind)> {
        self.kinds.iter()
    }
}
