//! Verbs at the end: checklist, close, review, submit-review, return-review, publish, action-item,
//! follow-up.

use chrono::NaiveDate;
use clap::Args;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::checklist::{Answer, ClosingItem, Item, open_closing_items};
use crate::model::command::CommandKind;
use crate::model::review::{ActionItem, ActionKind, Section};
use crate::model::{DatedRejection, IncidentCommand, Rejection, check};
use crate::verbs::error::{FieldError, INCIDENT, Problem};
use crate::verbs::names::parse_owner;
use crate::verbs::request::Request;
use crate::verbs::row::{Numbers, VerbRow};
use crate::verbs::situation::{Needs, Plan, Situation};
use crate::verbs::value::{EnumParser, as_optional_text, as_text, choices};

/// The answers to an item.
const ANSWERS: [&str; 3] = ["yes", "waived", "open"];

/// Answer an item of the investigation checklist or of the closing gate.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct AnswerItem {
    /// The item
    #[arg(value_name = "ITEM", value_parser = EnumParser::<Item>::new())]
    #[serde(with = "as_text")]
    #[schema(value_type = String, example = "logs")]
    pub item: Item,
    /// Whether it holds, is waived with a reason, or is open again
    #[arg(value_name = "ANSWER", default_value = "yes", value_parser = ANSWERS)]
    #[serde(default = "yes")]
    #[schema(example = "yes")]
    pub answer: String,
    /// Why it is waived
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 65536, example = "nothing was deployed this week")]
    pub reason: Option<String>,
}

fn yes() -> String {
    "yes".into()
}

impl Request for AnswerItem {
    const ROW: VerbRow = VerbRow::new(
        "checklist",
        "Answer an item of the investigation checklist or of the closing gate",
        &[CommandKind::AnswerItem],
        "INC-12 changes waived --reason 'nothing was deployed this week'",
        r#"{"item": "changes", "answer": "waived", "reason": "nothing was deployed this week"}"#,
    )
    .choices(&[("item", choices::<Item>), ("answer", || ANSWERS.to_vec())])
    .done_with_content("answered:");

    fn plan(&self, _: &Situation<'_>) -> Result<Plan, FieldError> {
        let answer = match (self.answer.as_str(), &self.reason) {
            ("waived", Some(reason)) => {
                check::required_text("reason", reason)?;
                Answer::Waived(reason.clone())
            }
            ("waived", None) => {
                let accepted = "why the item is waived";
                return Err(FieldError::new("reason", Problem::Missing { accepted }));
            }
            (_, Some(_)) => {
                let why = "is only for the answer waived: leave it out".to_owned();
                return Err(FieldError::new("reason", Problem::Unreadable(why)));
            }
            ("yes", None) => Answer::Yes,
            ("open", None) => Answer::Open,
            (other, None) => {
                let value = crate::model::priority::UnknownValue::new(other, "answer", &ANSWERS);
                return Err(FieldError::new("answer", value));
            }
        };
        Ok(Plan::one(IncidentCommand::AnswerItem { item: self.item, answer }))
    }
}

/// Close it; every item of the closing gate must be answered, here or before.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug, Default)]
pub struct Close {
    /// Every item of the gate that is still open holds
    #[arg(long)]
    #[serde(default)]
    pub all: bool,
    /// The service is stable: `yes`, or why that is waived
    #[arg(long, value_name = "YES|REASON")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 65536, example = "yes")]
    pub stable: Option<String>,
    /// The fault is resolved or contained: `yes`, or why that is waived
    #[arg(long, value_name = "YES|REASON")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 65536, example = "yes")]
    pub contained: Option<String>,
    /// Stakeholders got the final update: `yes`, or why that is waived
    #[arg(long, value_name = "YES|REASON")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 65536, example = "nobody noticed")]
    pub update: Option<String>,
    /// Timeline and actions are recorded: `yes`, or why that is waived
    #[arg(long, value_name = "YES|REASON")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 65536, example = "yes")]
    pub recorded: Option<String>,
    /// The work that follows is recorded: `yes`, or why that is waived
    #[arg(long, value_name = "YES|REASON")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 65536, example = "yes")]
    pub follow_up: Option<String>,
}

impl Close {
    /// Returns the answers that are given, with the names of their fields.
    fn answers(&self) -> [(&'static str, ClosingItem, Option<&String>); 5] {
        [
            ("stable", ClosingItem::ServiceStable, self.stable.as_ref()),
            ("contained", ClosingItem::Contained, self.contained.as_ref()),
            ("update", ClosingItem::FinalUpdate, self.update.as_ref()),
            ("recorded", ClosingItem::Recorded, self.recorded.as_ref()),
            ("follow_up", ClosingItem::FollowUp, self.follow_up.as_ref()),
        ]
    }
}

impl Request for Close {
    const ROW: VerbRow = VerbRow::new(
        "close",
        "Close it, with the answers to the closing gate",
        &[CommandKind::Close, CommandKind::AnswerItem],
        "INC-12 --stable yes --contained yes --recorded yes --follow-up yes \\\n      --update 'nobody noticed'",
        r#"{"all": true, "update": "nobody noticed"}"#,
    )
    .about("Items that were answered before need no answer here.")
    .done("closed");

    fn needs(&self) -> Needs {
        Needs::Record
    }

    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, FieldError> {
        let mut open = open_closing_items(&situation.record()?.answered);
        // No answer is recorded of an incident that will not be closed.
        if let Some(refusal) = IncidentCommand::Close.row_refusal(situation.row()?) {
            return Err(refused(refusal, situation));
        }
        let mut commands = Vec::new();
        for (field, item, given) in self.answers() {
            let answer = match given.map(|given| given.trim()) {
                Some(text) if text.eq_ignore_ascii_case("yes") => Answer::Yes,
                Some(text) if ["no", "false"].iter().any(|no| text.eq_ignore_ascii_case(no)) => {
                    let why = "is not answered by no: say why the item is waived".to_owned();
                    return Err(FieldError::new(field, Problem::Unreadable(why)));
                }
                Some(text) => {
                    check::required_text(field, text)?;
                    Answer::Waived(text.to_owned())
                }
                None if self.all && open.contains(&item) => Answer::Yes,
                None => continue,
            };
            open.retain(|other| *other != item);
            commands.push(IncidentCommand::AnswerItem { item: Item::Closing(item), answer });
        }
        if !open.is_empty() {
            return Err(refused(Rejection::ClosingGateOpen { missing: open }, situation));
        }
        commands.push(IncidentCommand::Close);
        Ok(Plan { commands, ..Plan::default() })
    }
}

fn refused(rejection: Rejection, situation: &Situation<'_>) -> FieldError {
    let decided_at = situation.now;
    let refused = Box::new(DatedRejection { rejection, decided_at });
    FieldError::new(INCIDENT, Problem::Refused(refused))
}

/// Write a section of the post-incident review.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct WriteReview {
    /// The section
    #[arg(value_name = "SECTION", value_parser = EnumParser::<Section>::new())]
    #[serde(with = "as_text")]
    #[schema(value_type = String, example = "root_cause")]
    pub section: Section,
    /// Its text, which replaces that of before
    #[arg(value_name = "TEXT")]
    #[schema(max_length = 65536, example = "The pool of connections was too small")]
    pub text: String,
}

impl Request for WriteReview {
    const ROW: VerbRow = VerbRow::new(
        "review",
        "Write a section of the post-incident review",
        &[CommandKind::WriteReview],
        "INC-12 root-cause 'The pool of connections was too small'",
        r#"{"section": "root_cause", "text": "The pool of connections was too small"}"#,
    )
    .reads_text()
    .choices(&[("section", choices::<Section>)])
    .done_with_content("review written:");

    fn plan(&self, _: &Situation<'_>) -> Result<Plan, FieldError> {
        let (section, text) = (self.section, self.text.clone());
        Ok(Plan::one(IncidentCommand::WriteReview { section, text }))
    }
}

/// Submit the post-incident review: it is ready to be read.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct SubmitReview {}

impl Request for SubmitReview {
    const ROW: VerbRow = VerbRow::new(
        "submit-review",
        "Submit the post-incident review: it is ready to be read",
        &[CommandKind::SubmitReview],
        "INC-12",
        "{}",
    )
    .about(
        "All sections that are required must be written. From then on it is in review, until it is \
         published or returned.",
    )
    .done("review submitted");

    fn plan(&self, _: &Situation<'_>) -> Result<Plan, FieldError> {
        Ok(Plan::one(IncidentCommand::SubmitReview { returned: None }))
    }
}

/// Return the post-incident review to who writes it: it is a draft again.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct ReturnReview {
    /// What is to be mended
    #[arg(value_name = "REASON")]
    #[schema(
        min_length = 1,
        max_length = 65536,
        example = "The impact says nothing about refunds"
    )]
    pub reason: String,
}

impl Request for ReturnReview {
    const ROW: VerbRow = VerbRow::new(
        "return-review",
        "Return the post-incident review to who writes it: it is a draft again",
        &[CommandKind::SubmitReview],
        "INC-12 'the impact says nothing about refunds'",
        r#"{"reason": "The impact says nothing about refunds"}"#,
    )
    .done("review returned")
    .numbers(Numbers::AllButLast);

    fn plan(&self, _: &Situation<'_>) -> Result<Plan, FieldError> {
        check::required_text("reason", &self.reason)?;
        Ok(Plan::one(IncidentCommand::SubmitReview { returned: Some(self.reason.clone()) }))
    }
}

/// Publish the post-incident review.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct PublishReview {}

impl Request for PublishReview {
    const ROW: VerbRow = VerbRow::new(
        "publish",
        "Publish the post-incident review",
        &[CommandKind::PublishReview],
        "INC-12",
        "{}",
    )
    .about("All sections must be written.")
    .irreversible()
    .done("review published");

    fn plan(&self, _: &Situation<'_>) -> Result<Plan, FieldError> {
        Ok(Plan::one(IncidentCommand::PublishReview))
    }
}

/// Add an action item to the review, or change one.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct SetActionItem {
    /// What is to be done; of an item that is changed it may be left out
    #[arg(value_name = "TEXT")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 65536, example = "Alert on the size of the pool")]
    pub text: Option<String>,
    /// The item that is changed: its number among the items of the incident, from 1, or its id
    #[arg(long, value_name = "NUMBER|ID")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 36, example = "1")]
    pub item: Option<String>,
    /// Who does it: a handle or a name, `me` or `nobody`
    #[arg(long, value_name = "PERSON")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 100, example = "ines")]
    pub owner: Option<String>,
    /// The day by which it must be done: 2026-03-31, or `none`
    #[arg(long, value_name = "DATE")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 10, example = "2026-03-31")]
    pub due: Option<String>,
    /// What it is to achieve [default: prevent]
    #[arg(long, value_name = "KIND", value_parser = EnumParser::<ActionKind>::new())]
    #[serde(default, skip_serializing_if = "Option::is_none", with = "as_optional_text")]
    #[schema(value_type = Option<String>, example = "detect")]
    pub kind: Option<ActionKind>,
    /// It is done
    #[arg(long, conflicts_with = "open")]
    #[serde(default)]
    pub done: bool,
    /// It is not done after all
    #[arg(long)]
    #[serde(default)]
    pub open: bool,
}

impl Request for SetActionItem {
    const ROW: VerbRow = VerbRow::new(
        "action-item",
        "Add an action item to the review, or change one",
        &[CommandKind::SetActionItem],
        "INC-12 'Alert on the size of the pool' --kind detect --owner ines \\\n      --due 2026-03-31",
        r#"{"text": "Alert on the size of the pool", "kind": "detect", "owner": "ines", "due": "2026-03-31"}"#,
    )
    .about("What is not given of an item that is changed stays as it is.")
    .choices(&[("kind", choices::<ActionKind>)])
    .done_with_content("action item:")
    .numbers(Numbers::One);

    fn needs(&self) -> Needs {
        Needs::Record
    }

    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, FieldError> {
        let mut item = match &self.item {
            Some(named) => find_item(named, situation)?,
            None => new_item(self.text.as_ref(), situation)?,
        };
        if self.done && self.open {
            return Err(FieldError::new("done", Problem::Excludes { other: "open" }));
        }
        if let Some(text) = &self.text {
            check::required_text("text", text)?;
            item.text.clone_from(text);
        }
        if let Some(owner) = &self.owner {
            let owner = parse_owner(owner, situation);
            item.owner = owner.map_err(|problem| FieldError::new("owner", problem))?;
        }
        if let Some(due) = &self.due {
            item.due = parse_due(due)?;
        }
        item.kind = self.kind.unwrap_or(item.kind);
        item.done = self.done || (item.done && !self.open);
        Ok(Plan::one(IncidentCommand::SetActionItem { item }))
    }
}

/// Make an action item an issue in a tracker.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct RequestFollowUp {
    /// The action item: its number among the items of the incident, from 1, or its id
    #[arg(value_name = "N|ID")]
    #[schema(min_length = 1, max_length = 36, example = "1")]
    pub item: String,
    /// The name of the tracker in the settings of the program that makes the issue [default: the only one,
    /// or the default one]
    #[arg(long, value_name = "NAME")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 100, example = "platform")]
    pub tracker: Option<String>,
}

impl Request for RequestFollowUp {
    const ROW: VerbRow = VerbRow::new(
        "follow-up",
        "Make an action item an issue in a tracker",
        &[CommandKind::RequestFollowUp],
        "INC-12 1",
        r#"{"item": "1"}"#,
    )
    .about(
        "A program whose settings have the tracker makes the issue, once. Its link and its state are \
         shown with the action item.",
    )
    .done("follow-up requested")
    .numbers(Numbers::One);

    fn needs(&self) -> Needs {
        Needs::Record
    }

    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, FieldError> {
        let item = find_item(&self.item, situation)?.id;
        if let Some(tracker) = &self.tracker {
            check::name("tracker", tracker)?;
        }
        let tracker = self.tracker.clone();
        Ok(Plan::one(IncidentCommand::RequestFollowUp { item, tracker }))
    }
}

fn parse_due(text: &str) -> Result<Option<NaiveDate>, FieldError> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("none") {
        return Ok(None);
    }
    let not_a_date = |_| FieldError::new("due", Problem::NotADate(text.to_owned()));
    text.parse().map(Some).map_err(not_a_date)
}

fn new_item(text: Option<&String>, situation: &Situation<'_>) -> Result<ActionItem, FieldError> {
    let Some(text) = text.cloned() else {
        let accepted = "what is to be done, or the item that is changed";
        return Err(FieldError::new("text", Problem::Missing { accepted }));
    };
    Ok(ActionItem {
        id: situation.new_id,
        text,
        owner: None,
        due: None,
        kind: ActionKind::Prevent,
        done: false,
    })
}

fn find_item(named: &str, situation: &Situation<'_>) -> Result<ActionItem, FieldError> {
    let record = situation.record()?;
    let items = &record.review.actions;
    let named = named.trim();
    let found = match (named.parse::<usize>(), named.parse::<Uuid>()) {
        (Ok(number), _) => number.checked_sub(1).and_then(|index| items.get(index)),
        (_, Ok(id)) => items.iter().find(|item| item.id == id),
        _ => None,
    };
    found.cloned().ok_or_else(|| {
        FieldError::new(
            "item",
            Problem::NoSuchPart {
                incident: record.summary.label(),
                what: "action item",
                text: named.to_owned(),
                advice: "give its number in the review, from 1, or its id",
            },
        )
    })
}
