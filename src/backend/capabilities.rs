//! A backend's description of itself.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CommandKinds, StoreInfo};
use crate::model::PersonRef;
use crate::model::command::CommandKind;

/// Where a backend has its data on this machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Storage {
    /// The path of the file.
    pub path: PathBuf,
    /// The size of the file and of those that belong to it, in bytes.
    pub bytes: u64,
}

/// The name of a backend, and its capabilities.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Capabilities {
    /// The name that the state line shows, such as `local`.
    pub name: String,
    /// The kinds of commands that it can carry out for the requester. Those that this version does
    /// not define can't be sent by it.
    #[schema(value_type = BTreeSet<CommandKind>)]
    pub verbs: CommandKinds,
    /// Whether a request for changes that waits is answered as soon as something changes.
    pub live: bool,
    /// The person in whose name it carries out commands; `None` if it uses the actor that a command
    /// names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub me: Option<PersonRef>,
    /// Whether a command may name the person to whom the token belongs according to its requester.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub checks_person: bool,
    /// The identity of the store; absent if the backend does not send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreInfo>,
    /// Whether it automatically calls the next level of an escalation policy when nobody
    /// acknowledges an incident in time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub escalates: bool,
}
