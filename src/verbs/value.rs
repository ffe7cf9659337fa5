//! Values of requests: fixed texts, lists of names, and how each is read and described.

use std::fmt::Display;
use std::marker::PhantomData;
use std::str::FromStr;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use serde::{Deserialize, Deserializer, Serializer};

use crate::model::change::{ChangeApproval, ChangeKind, ChangeState};
use crate::model::checklist::Item;
use crate::model::priority::Level;
use crate::model::problem::ProblemState;
use crate::model::review::{ActionKind, Section};
use crate::model::status::{Category, Classification, ResolutionAction, Role, Source, Status};
use crate::model::text::truncate;

/// An enum whose values are given as fixed texts.
pub trait TextEnum: FromStr + Clone + Send + Sync + 'static {
    /// Returns the texts that help and completions offer; parsing may accept more.
    fn offered_values() -> Vec<&'static str>;
}

macro_rules! impl_text_enum {
    ($($name:ty),+) => {
        $(impl TextEnum for $name {
            fn offered_values() -> Vec<&'static str> {
                Self::ALL.iter().map(|value| value.as_str()).collect()
            }
        })+
    };
}
impl_text_enum!(
    ChangeApproval,
    ProblemState,
    Level,
    Category,
    Source,
    ResolutionAction,
    Role,
    Classification,
    ActionKind,
    ChangeKind,
    ChangeState
);

/// A clap parser for a [`TextEnum`], which offers its values to help and completions.
#[derive(Clone, Debug)]
pub struct EnumParser<T>(PhantomData<T>);

impl<T> EnumParser<T> {
    /// Creates a parser that offers all values of `T`.
    #[must_use]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T> Default for EnumParser<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: TextEnum> TypedValueParser for EnumParser<T> {
    type Value = T;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<T, clap::Error> {
        let text = value.to_string_lossy();
        text.parse().map_err(|_| {
            let mut error = clap::Error::new(ErrorKind::InvalidValue).with_cmd(command);
            if let Some(arg) = arg {
                error.insert(ContextKind::InvalidArg, ContextValue::String(arg.to_string()));
            }
            let shown = truncate(&text, 60).into_string();
            error.insert(ContextKind::InvalidValue, ContextValue::String(shown));
            let values =
                T::offered_values().into_iter().map(|value| hyphenated(value).to_owned()).collect();
            error.insert(ContextKind::ValidValue, ContextValue::Strings(values));
            error
        })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let values = T::offered_values();
        Some(Box::new(values.into_iter().map(|value| PossibleValue::new(hyphenated(value)))))
    }
}

impl TextEnum for Status {
    /// Returns the stages to which people move incidents.
    fn offered_values() -> Vec<&'static str> {
        let stages = [Self::Acknowledged, Self::Investigating, Self::Identified, Self::Monitoring];
        stages.into_iter().map(Self::as_str).collect()
    }
}

impl TextEnum for Section {
    /// Returns the short names of the sections.
    fn offered_values() -> Vec<&'static str> {
        vec![
            "summary",
            "timeline",
            "impact",
            "root cause",
            "resolution",
            "communication",
            "gaps",
            "factors",
            "went well",
        ]
    }
}

impl TextEnum for Item {
    /// Returns the short names of the items, those of the closing gate last.
    fn offered_values() -> Vec<&'static str> {
        Self::SHORT_NAMES.iter().map(|(name, _)| *name).collect()
    }
}

/// Returns a text with hyphens for spaces, so that it needs no quotes in a shell.
pub(crate) fn hyphenated(text: &'static str) -> &'static str {
    match text {
        "user report" => "user-report",
        "known error" => "known-error",
        "config fix" => "config-fix",
        "block access" => "block-access",
        "incident manager" => "incident-manager",
        "service request" => "service-request",
        "false alarm" => "false-alarm",
        "root cause" => "root-cause",
        "went well" => "went-well",
        "follow up" => "follow-up",
        other => other,
    }
}

/// Returns the values of a type as they are described in a schema, with underscores for spaces.
pub(super) fn choices<T: TextEnum>() -> Vec<&'static str> {
    T::offered_values()
}

/// Reads and writes a value as its text.
pub(super) mod as_text {
    use super::{Deserialize, Deserializer, Display, FromStr, Serializer};
    use serde::de::Error as _;

    pub(crate) fn serialize<T: Display, S: Serializer>(
        value: &T,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    pub(crate) fn deserialize<'de, T, D>(from: D) -> Result<T, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        let text = String::deserialize(from)?;
        text.parse().map_err(D::Error::custom)
    }
}

/// Reads and writes a value that may be missing as its text.
pub(super) mod as_optional_text {
    use super::{Deserialize, Deserializer, Display, FromStr, Serializer};
    use serde::de::Error as _;

    #[allow(clippy::ref_option, reason = "serde passes the field like this")]
    pub(crate) fn serialize<T: Display, S: Serializer>(
        value: &Option<T>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => to.collect_str(value),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, T, D>(from: D) -> Result<Option<T>, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
    }
}
