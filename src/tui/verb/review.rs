//! Review: a menu of the post-incident review, and the form of its sections.

use chrono::{DateTime, Utc};

use crate::model::command::CommandKind;
use crate::model::review::{Section, suggested_text};
use crate::model::time::format_ago;
use crate::model::{Event, EventBody, Incident, IncidentCommand};

use crate::tui::action::{Action, Entry, Phase};
use crate::tui::core::app::App;
use crate::tui::follow_up;
use crate::tui::form::{Field, Kind};
use crate::tui::picker::{Item, Pick};
use crate::tui::verb::logic::{
    Contents, Filled, Filling, FormCommands, FormLogic, Opening, VerbLogic, one_command,
    single_command,
};
use crate::tui::verb::precheck;
use crate::tui::verb::target::Target;

pub(super) const ENTRY: Entry = Entry::command(CommandKind::WriteReview, &["V"])
    .hint("review")
    .primary(&[(Phase::Resolved, 2), (Phase::Ended, 0)])
    .only_primary();

const RETURN_FORM: Kind = Kind::Command(CommandKind::SubmitReview);

pub(super) struct WriteReview;

impl VerbLogic for WriteReview {
    fn kind(&self) -> CommandKind {
        CommandKind::WriteReview
    }

    fn needs_record(&self) -> bool {
        true
    }

    fn explains_refusal(&self) -> bool {
        true
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::List { heading: "Review of {}", searchable: false }
    }

    fn items(&self, app: &App, targets: &[Target], at: DateTime<Utc>) -> Vec<Item> {
        let [target] = targets else { return Vec::new() };
        let Some(record) = precheck::current_record(app, target.id) else { return Vec::new() };
        let missing = record.review.missing();
        let is_in_review = record.review.is_in_review();
        let about = match (record.review.published_at, missing.len()) {
            (Some(then), _) => format!("published {}", format_ago(then, app.backend_time(at))),
            (None, 0) if is_in_review => "in review".into(),
            (None, 0) => "all sections are written".into(),
            (None, count) => format!("{count} of 7 sections are empty"),
        };
        let mut items = vec![
            Item::new("write the sections …", Pick::Form(Kind::Review)).key('w').about(about),
            Item::new("read it as it will be", Pick::ReadReview(target.id)).key('r'),
            Item::new("pick the events of its timeline …", Pick::ReviewTimeline(target.id))
                .key('t'),
            Item::new("add an action item …", Pick::NewActionItem).key('a'),
        ];
        for (item, key) in record.review.actions.iter().zip('1'..='9') {
            let owner = item.owner.as_ref().map_or("nobody", |owner| owner.name.as_str());
            let due = item.due.map(|due| format!(" · due {due}")).unwrap_or_default();
            let state = if item.done { "done · " } else { "" };
            let issue = record.follow_up(item.id);
            let issue = issue.map(|one| format!(" · {}", one.phrase())).unwrap_or_default();
            let about = format!("{state}{} · {}{due}{issue}", item.kind, owner);
            let pick = Pick::Form(Kind::ActionItem { id: item.id });
            items.push(Item::new(&item.text, pick).key(key).about(about));
        }
        for item in record.review.actions.iter().filter(|item| !item.done) {
            let before = record.follow_up(item.id);
            if before.is_none_or(|before| before.state.may_be_requested_again()) {
                let text = format!("make an issue: {}", item.text);
                let about = "in a tracker of the settings of a server";
                items.push(Item::new(&text, follow_up::pick(app, item.id)).about(about));
            }
        }
        items.push(if is_in_review {
            let about = "it is a draft again";
            Item::new("return it to who writes it …", Pick::Form(RETURN_FORM)).key('s').about(about)
        } else {
            let command = IncidentCommand::SubmitReview { returned: None };
            let refusal = precheck::refusal(app, target.id, std::slice::from_ref(&command), at);
            let submit = single_command("submit the review of", "review submitted", command);
            Item::new("submit it: it is ready to be read", submit).key('s').disabled_reason(refusal)
        });
        let commands = vec![IncidentCommand::PublishReview];
        let disabled_reason = precheck::refusal(app, target.id, &commands, at);
        let publish = Pick::Submit {
            verb: "publish the review of".into(),
            done_phrase: "review published".into(),
            commands,
            irreversible: true,
        };
        items.push(Item::new("publish it", publish).key('p').disabled_reason(disabled_reason));
        items
    }

    fn empty_reason(&self, app: &App, targets: &[Target]) -> String {
        if targets.len() < 2 {
            return "there is nothing to choose from".into();
        }
        let change = app.ui.keymap.hint(Action::MarkAll, "changes the selection");
        let change = change.map(|hint| format!(": {hint}")).unwrap_or_default();
        let count = targets.len();
        format!("{count} incidents are selected, and a review is written of one at a time{change}")
    }

    fn edit(&self, _: &App, command: &IncidentCommand) -> Option<(Kind, Contents)> {
        let IncidentCommand::WriteReview { section, text } = command else { return None };
        Some((Kind::Review, vec![(section_label(*section), text.clone())]))
    }
}

pub(super) struct ReviewForm;

impl FormLogic for ReviewForm {
    fn name(&self) -> &'static str {
        "review"
    }

    fn heading(&self) -> &'static str {
        "Review of"
    }

    fn phrases(&self) -> (&'static str, &'static str) {
        ("write the review of", "review written")
    }

    fn fields(&self, filling: &Filling<'_>) -> Vec<Field> {
        let written = |section: &Section| {
            filling.record.and_then(|record| record.review.sections.get(section))
        };
        Section::ALL
            .iter()
            .map(|section| {
                let text = written(section).cloned().unwrap_or_default();
                if text.trim().is_empty() {
                    // The recorded facts, as a start for the author.
                    let known = recorded_text(filling.app, filling.record, *section);
                    return Field::text(section_label(*section), &known);
                }
                Field::text(section_label(*section), &text)
            })
            .collect()
    }

    /// Sends the sections that were changed in the form and differ from the record. A section that
    /// the form filled in also counts if none is recorded.
    fn commands(&self, filled: &Filled<'_>) -> FormCommands {
        let (form, record) = (filled.form, filled.record());
        let written = |section: Section| {
            let text = record.and_then(|record| record.review.sections.get(&section));
            text.map_or("", String::as_str).trim()
        };
        let commands = Section::ALL
            .iter()
            .map(|section| (*section, form.value(section_label(*section))))
            .filter(|(section, text)| {
                let written = written(*section);
                let prefilled = written.is_empty();
                (prefilled || form.is_changed(section_label(*section))) && text != written
            })
            .map(|(section, text)| IncidentCommand::WriteReview { section, text })
            .collect();
        Ok((Vec::new(), commands))
    }

    fn edits_record(&self) -> bool {
        true
    }

    fn is_changed_by(&self, body: &EventBody) -> bool {
        matches!(body, EventBody::ReviewWritten { .. })
    }
}

/// The way back of a review that was submitted. Opened from the list of the review.
pub(super) struct ReturnReview;

impl VerbLogic for ReturnReview {
    fn kind(&self) -> CommandKind {
        CommandKind::SubmitReview
    }

    fn opening(&self, _: &App, _: &[Target], _: DateTime<Utc>) -> Opening {
        Opening::Form(RETURN_FORM)
    }

    fn form(&self) -> &'static dyn FormLogic {
        &ReturnForm
    }

    fn edit(&self, _: &App, command: &IncidentCommand) -> Option<(Kind, Contents)> {
        let IncidentCommand::SubmitReview { returned: Some(reason) } = command else { return None };
        Some((RETURN_FORM, vec![("Why", reason.clone())]))
    }
}

/// The form of why a review is returned.
struct ReturnForm;

impl FormLogic for ReturnForm {
    fn name(&self) -> &'static str {
        "return of a review"
    }

    fn heading(&self) -> &'static str {
        "Return the review of"
    }

    fn phrases(&self) -> (&'static str, &'static str) {
        ("return the review of", "review returned")
    }

    fn fields(&self, _: &Filling<'_>) -> Vec<Field> {
        vec![
            Field::text("Why", "")
                .hint("such as: the impact says nothing about refunds")
                .required(),
        ]
    }

    fn commands(&self, filled: &Filled<'_>) -> FormCommands {
        one_command(IncidentCommand::SubmitReview { returned: Some(filled.value("Why")) })
    }
}

/// Returns a short label for a section.
fn section_label(section: Section) -> &'static str {
    match section {
        Section::Summary => "Summary",
        Section::Timeline => "Timeline",
        Section::Impact => "Impact",
        Section::RootCause => "Root cause",
        Section::Resolution => "Resolution",
        Section::Communication => "Communication",
        Section::Gaps => "Gaps",
        Section::Factors => "Factors",
        Section::WentWell => "Went well",
        Section::Unknown(name) => name.label(),
    }
}

/// Returns the recorded facts for a section that nobody has written.
fn recorded_text(app: &App, record: Option<&Incident>, section: Section) -> String {
    let Some(record) = record else { return String::new() };
    let time = |at: DateTime<Utc>| review_time(app, at);
    let directory = app.fetched.directory.as_deref();
    suggested_text(section, record, read_events(app, record), directory, &time)
}

/// Formats a time for the text of a review: `2026-03-01 22:37 UTC`.
pub(super) fn review_time(app: &App, at: DateTime<Utc>) -> String {
    let clock = app.clock();
    format!("{} {}", clock.local_time(at).format("%Y-%m-%d %H:%M"), clock.name_at(at))
}

/// Returns the loaded events of an incident.
pub(super) fn read_events<'a>(app: &'a App, record: &Incident) -> &'a [Event] {
    let id = record.summary.id;
    let shown = app.reading.shown.iter().chain(&app.reading.cache).find(|s| s.id == id);
    shown.map(|shown| shown.events.as_slice()).unwrap_or_default()
}
