//! The requests of the verbs, and the one list of them.

mod alerts;
mod classify;
mod evidence;
mod follow_up;
mod impact;
mod lifecycle;
mod links;
mod people;
mod storms;
mod undo;
mod waiting;
mod writing;

use std::sync::LazyLock;

use clap::{ArgMatches, Args, Command};
use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::schema::{Object, Schema};

use super::error::FieldError;
use super::request::Request;
use super::row::VerbRow;
use super::schema;
use super::situation::{Needs, Plan, Situation};
use crate::model::command::CommandKind;
use crate::model::id::IncidentRef;

/// Defines the list of verbs from their requests.
macro_rules! verbs {
    ($($name:ident = $request:ty),+ $(,)?) => {
        /// The verbs: requests about an incident.
        #[allow(missing_docs, reason = "the rows of the table describe them")]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Verb {
            $($name),+
        }

        /// A request of one of the verbs.
        #[allow(missing_docs, reason = "each is the request of the verb of the same name")]
        #[derive(Clone, Debug, Serialize)]
        #[serde(untagged)]
        pub enum VerbRequest {
            $($name($request)),+
        }

        impl Verb {
            /// All verbs, in the order of the help.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            const ROWS: &'static [VerbRow] = &[$(<$request as Request>::ROW),+];

            /// Returns the name of the schema of the verb's request.
            #[must_use]
            pub fn schema_name(self) -> &'static str {
                match self {
                    $(Self::$name => concat!(stringify!($name), "Request")),+
                }
            }

            /// Reads a request from a JSON object of its fields; null is an object without fields.
            ///
            /// # Errors
            /// The first field that is unknown, missing or unreadable.
            pub fn parse(self, fields: Value) -> Result<VerbRequest, FieldError> {
                let object = self.object();
                match self {
                    $(Self::$name => schema::read(object, fields).map(VerbRequest::$name)),+
                }
            }

            /// Adds the arguments of the verb to a command of the command line.
            #[must_use]
            pub fn augment_args(self, command: Command) -> Command {
                match self {
                    $(Self::$name => <$request as Args>::augment_args(command)),+
                }
            }

            /// Reads a request from the arguments of the command line.
            ///
            /// # Errors
            /// An argument is missing or unreadable.
            pub fn from_matches(self, matches: &ArgMatches) -> Result<VerbRequest, clap::Error> {
                use clap::FromArgMatches;
                match self {
                    $(Self::$name => {
                        <$request>::from_arg_matches(matches).map(VerbRequest::$name)
                    }),+
                }
            }

            fn make_object(self) -> Object {
                match self {
                    $(Self::$name => schema::object::<$request>(self.row())),+
                }
            }
        }

        impl VerbRequest {
            /// Returns the verb that is requested.
            #[must_use]
            pub fn verb(&self) -> Verb {
                match self {
                    $(Self::$name(_) => Verb::$name),+
                }
            }

            /// Returns how much of the incident the plan depends on.
            #[must_use]
            pub fn needs(&self) -> Needs {
                match self {
                    $(Self::$name(request) => request.needs()),+
                }
            }

            /// Returns the other incident that the request names. The caller finds out its id.
            #[must_use]
            pub fn other_incident(&self) -> Option<IncidentRef> {
                match self {
                    $(Self::$name(request) => request.other_incident()),+
                }
            }

            /// Returns whether the plan depends on the titles of the problems.
            #[must_use]
            pub fn needs_problem_titles(&self) -> bool {
                match self {
                    $(Self::$name(request) => request.needs_problem_titles()),+
                }
            }

            /// Makes the commands that carry out the request.
            ///
            /// # Errors
            /// The field that can't be used, and what is wrong with it.
            pub fn plan(&self, situation: &Situation<'_>) -> Result<Plan, FieldError> {
                match self {
                    $(Self::$name(request) => request.plan(situation)),+
                }
            }
        }
    };
}

verbs! {
    Acknowledge = lifecycle::Acknowledge,
    Own = people::Own,
    Assign = people::Assign,
    Escalate = people::Escalate,
    Role = people::GiveRole,
    AnswerRole = people::AnswerRole,
    Note = writing::AddNote,
    CorrectNote = writing::CorrectNote,
    Decision = writing::RecordDecision,
    Update = writing::UpdateStakeholders,
    Recovery = writing::SetExpectedRecovery,
    ImpactBegan = impact::SetImpactBegan,
    UsersAffected = impact::SetAffected,
    Reporter = impact::AddReporter,
    RemoveReporter = impact::RemoveReporter,
    Attach = evidence::AttachEvidence,
    Redact = evidence::Redact,
    Describe = writing::Describe,
    Priority = classify::SetPriority,
    Impact = classify::SetImpact,
    Urgency = classify::SetUrgency,
    Category = classify::Categorize,
    Services = classify::SetServices,
    Team = classify::SetTeam,
    InvolveTeam = impact::InvolveTeam,
    ReleaseTeam = impact::ReleaseTeam,
    Move = lifecycle::MoveStatus,
    Resolve = lifecycle::Resolve,
    Checklist = follow_up::AnswerItem,
    Close = follow_up::Close,
    Reopen = lifecycle::Reopen,
    Snooze = waiting::Snooze,
    Wake = waiting::Wake,
    Pause = waiting::Pause,
    Unpause = waiting::Unpause,
    Merge = lifecycle::Merge,
    MoveAlerts = alerts::MoveAlerts,
    Split = alerts::Split,
    Fold = storms::Fold,
    Unfold = storms::Unfold,
    Reclassify = lifecycle::Reclassify,
    MarkNoise = storms::MarkNoise,
    ClearNoise = storms::ClearNoise,
    Link = links::AddLink,
    Unlink = links::RemoveLink,
    Review = follow_up::WriteReview,
    SubmitReview = follow_up::SubmitReview,
    ReturnReview = follow_up::ReturnReview,
    Publish = follow_up::PublishReview,
    ActionItem = follow_up::SetActionItem,
    FollowUp = follow_up::RequestFollowUp,
    Undo = undo::UndoLast,
}

/// The kinds of commands that no verb sends: a declaration has its own route and command, and
/// programs send the others.
const WITHOUT_VERB: &[CommandKind] = &[
    CommandKind::Declare,
    CommandKind::RepeatAlert,
    CommandKind::RecordChange,
    CommandKind::RecordProblem,
    CommandKind::Mute,
    CommandKind::Unmute,
    CommandKind::RecordFollowUp,
];

// A command that no verb sends, and that is not excepted above, does not compile.
const _: () = {
    let mut index = 0;
    while index < CommandKind::ALL.len() {
        let kind = CommandKind::ALL[index];
        assert!(is_sent(kind) != is_in(WITHOUT_VERB, kind), "each command has a verb");
        index += 1;
    }
};

const fn is_sent(kind: CommandKind) -> bool {
    let mut index = 0;
    while index < Verb::ROWS.len() {
        if is_in(Verb::ROWS[index].kinds, kind) {
            return true;
        }
        index += 1;
    }
    false
}

const fn is_in(kinds: &[CommandKind], kind: CommandKind) -> bool {
    let mut index = 0;
    while index < kinds.len() {
        if kinds[index] as usize == kind as usize {
            return true;
        }
        index += 1;
    }
    false
}

impl VerbRequest {
    /// Returns whether the verb has no field that must be given.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        !self.verb().has_required_field()
    }
}

impl Verb {
    /// Returns the row of the table.
    #[must_use]
    pub fn row(self) -> &'static VerbRow {
        &Self::ROWS[self as usize]
    }

    /// Finds a verb by its public name or the name of its command.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        let has_name = |verb: &Self| verb.row().name == name || verb.row().command == name;
        Self::ALL.iter().copied().find(has_name)
    }

    /// Returns the schema of the verb's request, which refers to no other schema.
    #[must_use]
    pub fn request_schema(self) -> Schema {
        Schema::Object(self.object().clone())
    }

    /// Reads a request from the fields of a form, as of `application/x-www-form-urlencoded`.
    ///
    /// # Errors
    /// The first field that is unknown, missing or unreadable.
    pub fn parse_form(self, pairs: &[(String, String)]) -> Result<VerbRequest, FieldError> {
        self.parse(schema::from_form(self.object(), pairs)?)
    }

    /// Returns whether the request has a field that must be given.
    #[must_use]
    pub fn has_required_field(self) -> bool {
        !self.object().required.is_empty()
    }

    fn object(self) -> &'static Object {
        static OBJECTS: LazyLock<Vec<Object>> =
            LazyLock::new(|| Verb::ALL.iter().map(|verb| verb.make_object()).collect());
        &OBJECTS[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::verbs::Problem;

    #[test]
    fn each_verb_has_a_name_texts_and_an_example_that_is_read() {
        let mut names = BTreeSet::new();
        for verb in Verb::ALL {
            let row = verb.row();
            assert!(names.insert(row.name), "{} is the name of two verbs", row.name);
            assert_eq!(Verb::find(row.name), Some(*verb));
            assert_eq!(Verb::find(row.command), Some(*verb));
            assert!(row.help.starts_with(char::is_uppercase), "{}", row.name);
            assert!(!row.help.ends_with('.') && row.help.len() <= 80, "{}", row.name);
            assert!(row.example.arguments.starts_with("INC-12"), "{}", row.name);
            let fields: Value = serde_json::from_str(row.example.fields).unwrap();
            let request = verb.parse(fields.clone()).unwrap();
            assert_eq!(request.verb(), *verb);
            // What was read is written as it can be read again.
            let written = serde_json::to_value(&request).unwrap();
            verb.parse(written).unwrap();
        }
    }

    /// The panes ask before what nothing undoes; so does the table.
    #[test]
    fn verbs_whose_commands_have_no_inverse_are_irreversible() {
        for verb in Verb::ALL.iter().filter(|verb| **verb != Verb::Undo) {
            // A request for a role and its answer are messages between two people: roles are given and
            // taken back by commands that are undone as others are. A request for an issue is one to a
            // tracker, where the issue can be closed.
            let is_message = |kind: CommandKind| {
                matches!(
                    kind,
                    CommandKind::AskForRole
                        | CommandKind::AnswerRole
                        | CommandKind::RequestFollowUp
                )
            };
            let is_reversible =
                |kind: &&CommandKind| !kind.row().inverse.is_empty() || is_message(**kind);
            let row = verb.row();
            assert_eq!(
                row.irreversible,
                row.kinds.iter().any(|kind| !is_reversible(&kind)),
                "{}",
                row.name
            );
        }
    }

    #[test]
    fn schema_describes_each_field_and_allows_no_other() {
        for verb in Verb::ALL {
            let schema = serde_json::to_value(verb.request_schema()).unwrap();
            assert_eq!(schema["additionalProperties"], json!(false), "{verb:?}");
            assert!(schema["description"].is_string(), "{verb:?}");
            let Some(properties) = schema["properties"].as_object() else { continue };
            for (name, property) in properties {
                assert!(property["description"].is_string(), "{verb:?} {name}");
                assert!(property.get("$ref").is_none(), "{verb:?} {name}");
            }
            for (field, values) in verb.row().choices {
                let listed = schema["properties"][field]["enum"].as_array().unwrap();
                let null = usize::from(listed.contains(&Value::Null));
                assert_eq!(listed.len(), values().len() + null, "{verb:?} {field}");
            }
        }
    }

    #[test]
    fn wrong_field_is_named() {
        let error = |verb: Verb, fields: Value| verb.parse(fields).unwrap_err();
        let unknown = error(Verb::Assign, json!({"two": "ines"}));
        assert_eq!(unknown.to_string(), "two: there is no such field: did you mean to?");
        let missing = error(Verb::Assign, json!({}));
        assert_eq!(missing.field, "to");
        assert!(matches!(missing.problem, Problem::Missing { .. }));
        let wrong = error(Verb::Assign, json!({"to": 5}));
        assert_eq!(wrong.field, "to");
        let value = error(Verb::Review, json!({"section": "poem", "text": "x"}));
        assert_eq!(value.field, "section");
        assert!(value.to_string().contains("choose from summary, timeline"), "{value}");
        let none = error(Verb::Wake, json!({"until": "4h"}));
        assert_eq!(
            none.to_string(),
            "until: there is no such field: leave it out, the verb has none"
        );
        assert_eq!(error(Verb::Wake, json!([])).field, "body");
    }

    #[test]
    fn form_is_read_by_the_types_of_the_fields() {
        let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let services = Verb::Services.parse_form(&pairs(&[("services", "a"), ("services", "b")]));
        let written = serde_json::to_value(services.unwrap()).unwrap();
        assert_eq!(written, json!({"services": ["a", "b"]}));
        let role = pairs(&[("role", "scribe"), ("person", "ines"), ("withdraw", "yes")]);
        let role = serde_json::to_value(Verb::Role.parse_form(&role).unwrap()).unwrap();
        assert_eq!(role["withdraw"], json!(true));
        let level = Verb::Escalate.parse_form(&pairs(&[("level", "2")])).unwrap();
        assert_eq!(serde_json::to_value(level).unwrap(), json!({"level": 2}));
        let wrong = Verb::Escalate.parse_form(&pairs(&[("level", "two")])).unwrap_err();
        assert_eq!(wrong.to_string(), "level: is no number");
        let twice = Verb::Assign.parse_form(&pairs(&[("to", "a"), ("to", "b")])).unwrap_err();
        assert_eq!(twice.field, "to");
    }
}
