//! The kinds of commands that a backend can carry out.

use std::collections::BTreeSet;
use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::model::command::CommandKind;

/// A set of kinds of commands, and those that only a later version defines. It gives the former;
/// the latter can't be sent by this version, and are passed on.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CommandKinds {
    defined: BTreeSet<CommandKind>,
    later: Vec<Value>,
}

impl From<BTreeSet<CommandKind>> for CommandKinds {
    fn from(defined: BTreeSet<CommandKind>) -> Self {
        Self { defined, later: Vec::new() }
    }
}

impl FromIterator<CommandKind> for CommandKinds {
    fn from_iter<T: IntoIterator<Item = CommandKind>>(kinds: T) -> Self {
        kinds.into_iter().collect::<BTreeSet<_>>().into()
    }
}

impl Deref for CommandKinds {
    type Target = BTreeSet<CommandKind>;

    fn deref(&self) -> &BTreeSet<CommandKind> {
        &self.defined
    }
}

impl DerefMut for CommandKinds {
    fn deref_mut(&mut self) -> &mut BTreeSet<CommandKind> {
        &mut self.defined
    }
}

/// A kind of a command, or the name of one that a later version defines.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Kind {
    Defined(CommandKind),
    Later(Value),
}

impl Serialize for CommandKinds {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let defined = self.defined.iter().copied().map(Kind::Defined);
        to.collect_seq(defined.chain(self.later.iter().cloned().map(Kind::Later)))
    }
}

impl<'de> Deserialize<'de> for CommandKinds {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut kinds = Self::default();
        for kind in Vec::<Kind>::deserialize(from)? {
            match kind {
                Kind::Defined(kind) => {
                    kinds.defined.insert(kind);
                }
                Kind::Later(kind) => kinds.later.push(kind),
            }
        }
        Ok(kinds)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn kinds_of_later_versions_are_passed_on() {
        let sent = json!(["acknowledge", "page_team", {"freeze": {"minutes": 5}}]);
        let kinds: CommandKinds = serde_json::from_value(sent.clone()).unwrap();
        assert_eq!(*kinds, BTreeSet::from([CommandKind::Acknowledge]));
        assert_eq!(serde_json::to_value(&kinds).unwrap(), sent);
    }
}
