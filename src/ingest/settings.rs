//! Settings for messages with alerts.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::changes::{ChangeForm, ChangeRules};
use super::mapping::Mapping;
use super::rules::Rules;
use super::senders;

/// Mappings and rules of the settings.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct IngestSettings {
    /// The senders of the settings, by name.
    pub senders: BTreeMap<String, Arc<Sender>>,
    /// The rules.
    pub rules: Rules,
}

/// A sender of messages that are read by a mapping.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sender {
    /// The built-in mapping that it starts from.
    pub built_in: Option<&'static str>,
    /// How its messages are read.
    pub mapping: Arc<Mapping>,
    /// The form in which it reports changes, instead of alerts that are read by the mapping.
    pub changes: Option<ChangeForm>,
    /// Which services its changes touch, and which of them are recorded.
    pub change_rules: ChangeRules,
    /// The source of the secret that signs its messages.
    pub secret: Option<SecretSource>,
    /// The topics of SNS whose messages are accepted, if their signatures are valid, and whose
    /// subscriptions are confirmed. Without any, this is not checked.
    pub topics: Vec<String>,
    /// The settings of its table as they were written, by key.
    pub written: BTreeMap<&'static str, String>,
}

/// The source of a secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SecretSource {
    /// From a file.
    File(PathBuf),
    /// From a variable of the environment.
    Variable(String),
}

impl IngestSettings {
    /// Returns the sender with a name: that of the settings, or else a built-in one.
    #[must_use]
    pub fn sender(&self, name: &str) -> Option<Arc<Sender>> {
        if let Some(sender) = self.senders.get(name) {
            return Some(Arc::clone(sender));
        }
        if let Some(form) = ChangeForm::from_name(name) {
            return Some(Arc::new(Sender { changes: Some(form), ..Sender::default() }));
        }
        let (built_in, mapping) = senders::built_in(name)?;
        let sender = Sender { built_in: Some(built_in), mapping, ..Sender::default() };
        Some(Arc::new(sender))
    }

    /// Returns the names of all senders, in order.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for name in self.senders.keys() {
            names.push(name);
        }
        for name in senders::names().chain(ChangeForm::ALL.map(ChangeForm::name)) {
            names.push(name);
        }
        names.sort_unstable();
        names.dedup();
        names
    }
}
