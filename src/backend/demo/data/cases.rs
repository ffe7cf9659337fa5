//! The types of `cases.toml`: the hand-written open incidents, so that the queue is plausible when
//! the demo starts.

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::model::Status;
use crate::model::priority::Level;
use crate::model::time::parse_duration;

use super::causes::Cause;
use super::company::CompanyFile;
use super::error::MissingReference;
use super::faults::Kinds;

/// The content of `cases.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CasesFile {
    cases: Vec<Case>,
}

/// A hand-written open incident.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::demo) struct Case {
    pub service: String,
    /// The alert of one of the faults of the service's kind.
    #[serde(rename = "fault")]
    pub alert: String,
    /// Index of that fault among those of the kind.
    #[serde(skip)]
    pub fault: usize,
    pub cause: Cause,
    pub title: String,
    pub symptoms: String,
    pub impact: Level,
    pub urgency: Level,
    pub stage: Status,
    /// Seconds since the report.
    #[serde(rename = "age", deserialize_with = "deserialize_age")]
    pub age_s: i64,
    #[serde(default)]
    pub twist: Twist,
    /// The change that preceded it.
    pub change: Option<CaseChange>,
}

/// The change that preceded a case.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::demo) struct CaseChange {
    pub title: String,
    pub service: String,
    /// Minutes between its end and the detection.
    pub minutes_before: i64,
}

/// The special property of an open incident.
#[derive(Clone, Copy, PartialEq, Eq, Default, Deserialize, Debug)]
#[serde(rename_all = "snake_case")]
pub(in crate::backend::demo) enum Twist {
    /// It has no special property.
    #[default]
    Plain,
    /// It has no assignee: nobody leads the response.
    Unowned,
    /// The viewer of the demo leads it.
    Mine,
    /// Its resolution is paused, waiting for somebody or something.
    Paused,
    /// It is snoozed for some hours.
    Snoozed,
    /// It was reported by a person who did not know the category.
    Bare,
}

impl CasesFile {
    /// Returns the cases with the indexes of their faults.
    pub fn with_faults(
        self,
        company: &CompanyFile,
        kinds: &Kinds,
    ) -> Result<Vec<Case>, MissingReference> {
        let mut cases = self.cases;
        for (index, case) in cases.iter_mut().enumerate() {
            let missing = |key: &'static str, name: &str| MissingReference::InCase {
                index,
                key,
                name: name.to_owned(),
            };
            let kind = company.service(&case.service).and_then(|s| kinds.find(&s.kind));
            let kind = kind.ok_or_else(|| missing("service", &case.service))?;
            case.fault = kind
                .faults
                .iter()
                .position(|fault| fault.alert == case.alert)
                .ok_or_else(|| missing("fault", &case.alert))?;
            if let Some(change) = &case.change
                && company.service(&change.service).is_none()
            {
                return Err(missing("change.service", &change.service));
            }
        }
        Ok(cases)
    }
}

/// Parses a duration such as `2h5m` to seconds.
fn deserialize_age<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let text = String::deserialize(deserializer)?;
    let age = parse_duration(&text)
        .ok_or_else(|| D::Error::custom(format!("{text:?} is no duration such as 2h5m")))?;
    Ok(age.num_seconds())
}
