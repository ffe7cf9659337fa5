//! Verbs: how a change of an incident starts in the panes, is checked, and is sent. One file each.
//!
//! The name, the argument, the help and the scope of a command stand in the model's table,
//! [`CommandKind::TABLE`](crate::model::command::CommandKind::TABLE). A verb here adds its keys,
//! what it opens, its list, its form and how an argument is parsed. Which verb belongs to which
//! kind of command is an exhaustive match: a command that is missing here does not compile.

mod acknowledge;
mod action_item;
mod assign;
pub mod availability;
pub mod batch;
mod categorize;
mod category;
mod checklist;
mod close;
mod decision;
pub mod declare;
mod describe;
mod escalate;
pub mod link;
pub mod logic;
mod merge;
mod move_status;
pub mod names;
mod note;
mod override_priority;
mod own;
mod pause;
pub mod plan;
pub mod planning;
pub mod precheck;
mod prioritize;
mod reclassify;
mod reopen;
mod resolve;
mod review;
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
use crate::tui::core::app::App;
use crate::tui::form::Kind;
use logic::{Contents, FormLogic, VerbLogic};

/// The entries of the verbs that act on incidents, in the order of the help.
pub(in crate::tui) const ENTRIES: &[Entry] = &[
    acknowledge::ENTRY,
    own::ENTRY,
    assign::ENTRY,
    escalate::ENTRY,
    note::ENTRY,
    decision::ENTRY,
    resolve::ENTRY,
    prioritize::ENTRY,
    move_status::ENTRY,
    categorize::ENTRY,
    category::ENTRY,
    services::ENTRY,
    team::ENTRY,
    update::ENTRY,
    checklist::ENTRY,
    close::ENTRY,
    review::ENTRY,
    snooze::ENTRY,
    merge::ENTRY,
    link::ENTRY,
    reopen::ENTRY,
    reclassify::ENTRY,
    describe::ENTRY,
    role::ENTRY,
];

/// The entry of the verb that declares an incident.
pub(in crate::tui) const DECLARE: Entry = declare::ENTRY;

/// Returns the verb that an action starts; `None` for actions that are no verbs.
pub(in crate::tui) fn find(action: Action) -> Option<&'static dyn VerbLogic> {
    match action {
        Action::Command(kind) => for_command(kind),
        Action::Own => Some(&own::Own),
        Action::Categorize => Some(&categorize::Categorize),
        _ => None,
    }
}

/// Returns the verb of a kind of command; `None` for commands that the panes send only as a part of
/// other verbs, or never.
fn for_command(kind: CommandKind) -> Option<&'static dyn VerbLogic> {
    Some(match kind {
        CommandKind::Declare => &declare::Declare,
        CommandKind::Acknowledge => &acknowledge::Acknowledge,
        CommandKind::MoveStatus => &move_status::MoveStatus,
        CommandKind::Assign => &assign::Assign,
        CommandKind::SetTeam => &team::Team,
        CommandKind::GiveRole => &role::GiveRole,
        CommandKind::Escalate => &escalate::Escalate,
        CommandKind::Prioritize => &prioritize::Prioritize,
        CommandKind::OverridePriority => &override_priority::OverridePriority,
        CommandKind::Categorize => &category::Category,
        CommandKind::SetServices => &services::Services,
        CommandKind::Describe => &describe::Describe,
        CommandKind::AddNote | CommandKind::CorrectNote => &note::Note,
        CommandKind::UpdateStakeholders => &update::Update,
        CommandKind::AnswerItem => &checklist::AnswerItem,
        CommandKind::Resolve => &resolve::Resolve,
        CommandKind::Reopen => &reopen::Reopen,
        CommandKind::Close => &close::Close,
        CommandKind::Snooze => &snooze::Snooze,
        CommandKind::Pause => &pause::Pause,
        CommandKind::Merge => &merge::Merge,
        CommandKind::Link => &link::Link,
        CommandKind::Reclassify => &reclassify::Reclassify,
        CommandKind::WriteReview => &review::WriteReview,
        CommandKind::SetActionItem => &action_item::SetActionItem,
        CommandKind::RecordDecision => &decision::RecordDecision,
        CommandKind::RepeatAlert
        | CommandKind::UndoMove
        | CommandKind::Wake
        | CommandKind::Unpause
        | CommandKind::Unlink
        | CommandKind::PublishReview
        | CommandKind::RecordChange
        | CommandKind::RecordProblem => return None,
    })
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
        Kind::Command(kind) => match for_command(*kind) {
            Some(verb) => read(verb.form()),
            None => read(&logic::NoForm),
        },
    }
}

/// Returns the form by which a command was written, and the contents of its fields; `None` if there
/// is nothing to edit in it.
pub(in crate::tui) fn edit(app: &App, command: &IncidentCommand) -> Option<(Kind, Contents)> {
    for_command(command.kind())?.edit(app, command)
}
