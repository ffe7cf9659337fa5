//! Verbs: how a change of an incident starts in the panes, is checked, and is sent. One file each.
//!
//! The name, the argument, the help and the scope of a command are in the model's table,
//! [`CommandKind::TABLE`](crate::model::command::CommandKind::TABLE). A verb here adds its keys,
//! its overlay, its list, its form and the parsing of its argument. `VERBS` is the one list of
//! them: a command that is neither in it nor in one of the short tables of exceptions does not
//! compile.

mod acknowledge;
mod action_item;
mod answer_role;
pub mod argument_error;
mod ask_role;
mod assign;
mod attach;
pub(in crate::tui) mod attach_file;
pub mod availability;
pub mod batch;
mod categorize;
mod category;
mod checklist;
mod close;
mod correction;
mod decision;
pub mod declare;
pub mod declared_impact;
mod describe;
mod escalate;
mod escalation_progress;
pub mod evidence_file_error;
mod fold;
mod impact;
pub mod link;
pub mod logic;
pub(in crate::tui) mod merge;
mod move_status;
pub mod names;
mod noise;
mod note;
mod override_priority;
mod own;
mod pause;
mod people;
pub mod plan;
pub mod planning;
pub mod precheck;
mod prioritize;
mod reason;
mod reclassify;
mod recovery;
mod redact;
mod remove_reporter;
mod reopen;
mod resolve;
mod review;
pub(in crate::tui) mod review_timeline;
mod role;
pub mod selection;
pub mod send;
mod services;
mod snooze;
pub mod start;
pub mod target;
mod team;
pub mod update;

use crate::model::IncidentCommand;
use crate::model::command::CommandKind;

use crate::tui::action::{Action, Entry};
use crate::tui::contacts::form::ContactForm;
use crate::tui::core::app::App;
use crate::tui::form::Kind;
use crate::tui::maintenance::form::MaintenanceForm;
use crate::tui::problems::form::ProblemEditForm;
use crate::tui::services::form::AdoptForm;
use logic::{Contents, FormLogic, VerbLogic};

/// A verb that an action starts.
struct Verb {
    entry: Entry,
    logic: &'static dyn VerbLogic,
}

/// The verbs that act on incidents, in the order of the help.
const VERBS: &[Verb] = &[
    verb(acknowledge::ENTRY, &acknowledge::Acknowledge),
    verb(own::ENTRY, &own::Own),
    verb(assign::ENTRY, &assign::Assign),
    verb(escalate::ENTRY, &escalate::Escalate),
    verb(note::ENTRY, &note::Note),
    verb(decision::ENTRY, &decision::RecordDecision),
    verb(resolve::ENTRY, &resolve::Resolve),
    verb(prioritize::ENTRY, &prioritize::Prioritize),
    verb(move_status::ENTRY, &move_status::MoveStatus),
    verb(categorize::ENTRY, &categorize::Categorize),
    verb(category::ENTRY, &category::Category),
    verb(services::ENTRY, &services::Services),
    verb(team::ENTRY, &team::Team),
    verb(update::ENTRY, &update::Update),
    verb(recovery::ENTRY, &recovery::Recovery),
    verb(impact::BEGAN_ENTRY, &impact::ImpactBegan),
    verb(impact::AFFECTED_ENTRY, &impact::UsersAffected),
    verb(impact::REPORTER_ENTRY, &impact::AddReporter),
    verb(remove_reporter::ENTRY, &remove_reporter::RemoveReporter),
    verb(impact::TEAM_ENTRY, &impact::InvolveTeam),
    verb(attach::ENTRY, &attach::AttachEvidence),
    verb(redact::ENTRY, &redact::Redact),
    verb(checklist::ENTRY, &checklist::AnswerItem),
    verb(close::ENTRY, &close::Close),
    verb(review::ENTRY, &review::WriteReview),
    verb(snooze::ENTRY, &snooze::Snooze),
    verb(merge::ENTRY, &merge::Merge),
    verb(fold::ENTRY, &fold::Fold),
    verb(link::ENTRY, &link::Link),
    verb(reopen::ENTRY, &reopen::Reopen),
    verb(reclassify::ENTRY, &reclassify::Reclassify),
    verb(noise::ENTRY, &noise::MarkNoise),
    verb(describe::ENTRY, &describe::Describe),
    verb(role::ENTRY, &role::GiveRole),
    verb(ask_role::ENTRY, &ask_role::AskForRole),
    verb(answer_role::ENTRY, &answer_role::AnswerRole),
];

/// The verb that declares an incident.
const DECLARE_VERB: Verb = verb(declare::ENTRY, &declare::Declare);

/// Kinds of commands that the panes send by a form of another verb. Each has the logic by which a
/// refused command comes back into that form.
const PARTS: &[(CommandKind, &dyn VerbLogic)] = &[
    (CommandKind::OverridePriority, &override_priority::OverridePriority),
    (CommandKind::CorrectNote, &note::Note),
    (CommandKind::Pause, &pause::Pause),
    (CommandKind::SetActionItem, &action_item::SetActionItem),
    (CommandKind::SubmitReview, &review::ReturnReview),
];

/// Kinds of commands without a form in the panes: they are an item of another verb's list or an
/// undo, or programs send them.
const WITHOUT_VERB: &[CommandKind] = &[
    CommandKind::RepeatAlert,
    CommandKind::UndoMove,
    CommandKind::Wake,
    CommandKind::Unpause,
    CommandKind::Unlink,
    CommandKind::PublishReview,
    CommandKind::RecordChange,
    CommandKind::RecordProblem,
    CommandKind::MoveAlerts,
    CommandKind::Mute,
    CommandKind::Unmute,
    CommandKind::RequestFollowUp,
    CommandKind::RecordFollowUp,
];

/// The entries of the verbs that act on incidents, in the order of the help.
pub(in crate::tui) const ENTRIES: &[Entry] = &{
    let mut entries = [DECLARE; VERBS.len()];
    let mut index = 0;
    while index < entries.len() {
        entries[index] = VERBS[index].entry;
        index += 1;
    }
    entries
};

/// The entry of the verb that declares an incident.
pub(in crate::tui) const DECLARE: Entry = DECLARE_VERB.entry;

const fn verb(entry: Entry, logic: &'static dyn VerbLogic) -> Verb {
    Verb { entry, logic }
}

// A command that is in none of the tables above, or in two, does not compile.
const _: () = {
    let mut index = 0;
    while index < CommandKind::ALL.len() {
        assert!(count_rows(CommandKind::ALL[index]) == 1, "each command is in one of the tables");
        index += 1;
    }
};

/// Counts the rows of the tables above that a kind of command has.
const fn count_rows(kind: CommandKind) -> usize {
    let mut count = starts(&DECLARE_VERB, kind) as usize;
    let mut index = 0;
    while index < VERBS.len() {
        count += starts(&VERBS[index], kind) as usize;
        index += 1;
    }
    index = 0;
    while index < PARTS.len() {
        count += (PARTS[index].0 as usize == kind as usize) as usize;
        index += 1;
    }
    index = 0;
    while index < WITHOUT_VERB.len() {
        count += (WITHOUT_VERB[index] as usize == kind as usize) as usize;
        index += 1;
    }
    count
}

/// Whether the verb is that of a kind of command.
const fn starts(verb: &Verb, kind: CommandKind) -> bool {
    matches!(verb.entry.action, Action::Command(started) if started as usize == kind as usize)
}

/// Returns the verb that an action starts; `None` for actions that are no verbs.
pub(in crate::tui) fn find(action: Action) -> Option<&'static dyn VerbLogic> {
    let verb = VERBS.iter().chain([&DECLARE_VERB]).find(|verb| verb.entry.action == action);
    verb.map(|verb| verb.logic)
}

/// Returns the logic of a kind of command; `None` for those without a form in the panes.
fn for_command(kind: CommandKind) -> Option<&'static dyn VerbLogic> {
    find(Action::Command(kind))
        .or_else(|| PARTS.iter().find(|(part, _)| *part == kind).map(|(_, logic)| *logic))
}

/// Calls `read` with the logic of a form.
pub(in crate::tui) fn with_form<T>(kind: &Kind, read: impl FnOnce(&dyn FormLogic) -> T) -> T {
    match kind {
        Kind::Note => read(&note::NoteForm),
        Kind::Declare => read(&declare::DeclareForm),
        Kind::Resolve => read(&resolve::ResolveForm),
        Kind::Reopen => read(&reopen::ReopenForm),
        Kind::Close => read(&close::CloseForm),
        Kind::Checklist => read(&checklist::ChecklistForm),
        Kind::Categorize => read(&categorize::CategorizeForm),
        Kind::Describe => read(&describe::DescribeForm),
        Kind::Update => read(&update::UpdateForm),
        Kind::Reclassify => read(&reclassify::ReclassifyForm),
        Kind::SnoozeUntil => read(&snooze::SnoozeForm),
        Kind::Pause => read(&pause::PauseForm),
        Kind::Override { priority } => {
            read(&override_priority::OverrideForm { priority: *priority })
        }
        Kind::LinkUrl => read(&link::UrlForm),
        Kind::NewProblem => read(&link::ProblemForm),
        Kind::Review => read(&review::ReviewForm),
        Kind::ActionItem { id } => read(&action_item::ActionItemForm { id: *id }),
        Kind::Redact { part, target } => read(&redact::RedactForm { part: *part, target: *target }),
        Kind::Correction { commands } => read(&correction::CorrectionForm { commands }),
        Kind::Contact { .. } => read(&ContactForm { quiet: false }),
        Kind::QuietHours => read(&ContactForm { quiet: true }),
        Kind::Problem { id, .. } => read(&ProblemEditForm { id: *id }),
        Kind::Maintenance { id, .. } => read(&MaintenanceForm { id: *id }),
        Kind::AdoptService { team, .. } => read(&AdoptForm { team: team.as_deref() }),
        Kind::Command(kind) => match for_command(*kind) {
            Some(verb) => read(verb.form()),
            None => read(&logic::NoForm),
        },
    }
}

/// Returns the form by which a command was written, and the contents of its fields; `None` if it
/// has nothing to edit.
pub(in crate::tui) fn edit(app: &App, command: &IncidentCommand) -> Option<(Kind, Contents)> {
    for_command(command.kind())?.edit(app, command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_stand_with_the_logic_of_their_command() {
        for verb in VERBS.iter().chain([&DECLARE_VERB]) {
            assert_eq!(verb.entry.verb, Some(verb.logic.kind()), "{}", verb.entry.name);
        }
    }
}
