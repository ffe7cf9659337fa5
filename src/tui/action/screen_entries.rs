//! The entries of the screens: those of the goto menu that open one, and the actions on them.

use crate::tui::action::entry::entry;
use crate::tui::action::{Action, Condition, Entry, Group, Layer};
use crate::tui::screens::ScreenKind;

const GOTO: &[Layer] = &[Layer::Goto];
const SCREEN: &[Layer] = &[Layer::Screen];
const BOTH: &[Layer] = &[Layer::Panes, Layer::Screen];

/// The actions of screens, in the order of the help.
pub(super) const ENTRIES: &[Entry] = &[
    entry(
        Action::Screen(ScreenKind::OnCall),
        "on-call",
        &["o"],
        "who is on call: now, next, the coming two weeks",
        GOTO,
    )
    .hint("on call")
    .aliases(&["oncall", "pager", "rota"])
    .group(Group::Viewing),
    entry(
        Action::Screen(ScreenKind::Feed),
        "feed",
        &["f"],
        "what happened to all incidents, and since you were last here",
        GOTO,
    )
    .hint("feed")
    .aliases(&["news", "events", "activity"])
    .group(Group::Viewing),
    entry(
        Action::Screen(ScreenKind::Handoff),
        "handoff",
        &["h"],
        "what the next person must know",
        GOTO,
    )
    .hint("handoff")
    .aliases(&["hand-over", "handover", "shift"])
    .group(Group::Viewing),
    entry(
        Action::Screen(ScreenKind::Reviews),
        "reviews",
        &["r"],
        "the reviews: missing, begun and published ones",
        GOTO,
    )
    .hint("reviews")
    .aliases(&["post-mortems", "postmortems"])
    .group(Group::Viewing),
    entry(
        Action::Screen(ScreenKind::ActionItems),
        "action-items",
        &["a"],
        "the action items of all incidents, overdue ones first",
        GOTO,
    )
    .hint("action items")
    .aliases(&["actions", "todo", "follow-ups"])
    .group(Group::Viewing),
    entry(
        Action::Screen(ScreenKind::Problems),
        "problems",
        &["p"],
        "the problems, with the incidents that link to them",
        GOTO,
    )
    .hint("problems")
    .aliases(&["causes", "known-errors"])
    .group(Group::Viewing),
    entry(
        Action::Screen(ScreenKind::Changes),
        "changes",
        &["c"],
        "the recorded changes: planned, running, ended",
        GOTO,
    )
    .hint("changes")
    .aliases(&["deploys", "releases"])
    .group(Group::Viewing),
    entry(
        Action::Screen(ScreenKind::Notifications),
        "notifications",
        &["t"],
        "who was notified of which incident, how, and with what outcome",
        GOTO,
    )
    .hint("notifications")
    .aliases(&["told", "pages", "paged", "notified"])
    .group(Group::Viewing),
    entry(
        Action::Screen(ScreenKind::Contacts),
        "contacts",
        &["m"],
        "how people are reached: set your own contacts, and try them",
        GOTO,
    )
    .hint("contacts")
    .aliases(&["addresses", "reach", "phone"])
    .group(Group::Viewing),
    entry(
        Action::Screen(ScreenKind::Maintenance),
        "maintenance",
        &["s"],
        "the maintenance windows: now, next, ended, and what they mute",
        GOTO,
    )
    .hint("maintenance")
    .aliases(&["silences", "muted", "downtime"])
    .group(Group::Viewing),
    entry(
        Action::Screen(ScreenKind::Noise),
        "noisy-checks",
        &["N"],
        "the checks with the most alerts in 30 days, and what they led to",
        GOTO,
    )
    .hint("noise")
    .aliases(&["noisy", "flaky", "loudest"])
    .group(Group::Viewing),
    entry(
        Action::Screen(ScreenKind::Services),
        "unknown-services",
        &["v"],
        "the services that incidents name and the directory does not have",
        GOTO,
    )
    .hint("services")
    .aliases(&["adopt", "new-services"])
    .group(Group::Viewing),
    entry(Action::GotoOutbox, "go-outbox", &["b"], "the outbox", GOTO)
        .hint("outbox")
        .condition(Condition::HasOutbox)
        .group(Group::Viewing),
    entry(Action::OpenItem, "open-item", &["Enter"], "open it, or show its details", SCREEN)
        .hint("open")
        .condition(Condition::HasItem),
    entry(
        Action::StandIn,
        "take-pager",
        &["t"],
        "be on call for this team yourself, until the turn ends",
        SCREEN,
    )
    .hint("take the pager")
    .hint_when(Condition::CanStandIn)
    .condition(Condition::OnCallTeam),
    entry(
        Action::EndStandIn,
        "give-back-pager",
        &["u"],
        "do not stand in for this team any more",
        SCREEN,
    )
    .hint("give it back")
    .hint_when(Condition::StandsIn)
    .condition(Condition::OnCallTeam),
    entry(Action::AddContact, "add-contact", &["A"], "add a contact of yours", SCREEN)
        .hint("add")
        .condition(Condition::ListsContacts),
    entry(Action::EditContact, "edit-contact", &["E"], "change the contact", SCREEN)
        .hint("change")
        .condition(Condition::HasContact),
    entry(Action::TestContact, "test-contact", &["P"], "send a test over the contact", SCREEN)
        .hint("test")
        .condition(Condition::HasContact),
    entry(Action::RemoveContact, "remove-contact", &["X"], "remove the contact", SCREEN)
        .hint("remove")
        .condition(Condition::HasContact),
    entry(
        Action::QuietHours,
        "quiet-hours",
        &["Q"],
        "set the hours in which what may wait is not sent to you",
        SCREEN,
    )
    .hint("quiet hours")
    .condition(Condition::ListsContacts),
    entry(
        Action::RequestCover,
        "want-cover",
        &["c"],
        "want somebody else to cover your next shift for this team",
        SCREEN,
    )
    .hint("ask for cover")
    .hint_when(Condition::HasShift)
    .condition(Condition::OnCallTeam),
    entry(
        Action::OfferSwap,
        "offer-swap",
        &["s"],
        "offer your next shift for this team in return for one of somebody else",
        SCREEN,
    )
    .condition(Condition::OnCallTeam),
    entry(
        Action::AcceptCover,
        "accept-cover",
        &["v"],
        "cover the next shift of this team for which somebody wants it",
        SCREEN,
    )
    .hint("accept cover")
    .hint_when(Condition::CanCover)
    .condition(Condition::OnCallTeam),
    entry(
        Action::DeclineCover,
        "decline-cover",
        &["d"],
        "do not cover the next shift of this team for which somebody wants it",
        SCREEN,
    )
    .hint("decline")
    .hint_when(Condition::CanCover)
    .condition(Condition::OnCallTeam),
    entry(
        Action::WithdrawCover,
        "withdraw-cover",
        &["x"],
        "do not want cover for this team any more",
        SCREEN,
    )
    .hint("withdraw")
    .hint_when(Condition::WantsCover)
    .condition(Condition::OnCallTeam),
    entry(
        Action::AdoptService,
        "adopt-service",
        &["a"],
        "add this service to the directory",
        SCREEN,
    )
    .hint("adopt")
    .condition(Condition::UnknownService),
    entry(
        Action::FollowUpItem,
        "follow-up-item",
        &["f"],
        "make this action item an issue in a tracker",
        SCREEN,
    )
    .hint("issue")
    .condition(Condition::ListsActionItems)
    .aliases(&["issue", "ticket"]),
    entry(
        Action::MarkAlert,
        "mark-alert",
        &["Space"],
        "select this alert: they are moved together",
        SCREEN,
    )
    .hint("select")
    .condition(Condition::ListsAlerts),
    entry(Action::MarkAllAlerts, "mark-all-alerts", &["*"], "select all that are listed", SCREEN)
        .condition(Condition::ListsAlerts),
    entry(
        Action::MoveAlerts,
        "move-alerts",
        &["m"],
        "move the selected alerts to another incident, or to a new one",
        SCREEN,
    )
    .hint("move")
    .condition(Condition::ListsAlerts)
    .aliases(&["split"]),
    entry(Action::NewMaintenance, "new-maintenance", &["n"], "create a maintenance window", SCREEN)
        .hint("new")
        .condition(Condition::MaintenanceScreen),
    entry(
        Action::ChangeMaintenance,
        "change-maintenance",
        &["e"],
        "end this maintenance window, change it, or let it last longer",
        SCREEN,
    )
    .hint("end or extend")
    .condition(Condition::ListsMaintenance),
    entry(
        Action::NewProblem,
        "new-problem",
        &["+"],
        "record a problem; behind a fault that recurs: one of all its incidents",
        BOTH,
    )
    .hint("new problem")
    .hint_when(Condition::ProblemScreen)
    .condition(Condition::ProblemScreen)
    .group(Group::Acting),
    entry(Action::EditProblem, "edit-problem", &["i"], "change this problem", SCREEN)
        .hint("change")
        .condition(Condition::ListsProblem),
    entry(Action::FilterItems, "filter-items", &["/"], "filter the list as you type", SCREEN)
        .hint("filter"),
    entry(Action::SortItems, "sort-items", &["S"], "the next order of the list", SCREEN)
        .hint("sort")
        .hint_when(Condition::HasItem),
    entry(Action::CopyItem, "copy-item", &["y"], "copy it as text", SCREEN)
        .hint("copy")
        .hint_when(Condition::HasItem),
    entry(Action::EarlierSpan, "earlier-span", &["["], "an earlier span of time", SCREEN)
        .hint("earlier")
        .condition(Condition::HasSpan),
    entry(Action::LaterSpan, "later-span", &["]"], "a later span of time", SCREEN)
        .hint("later")
        .condition(Condition::HasSpan),
    entry(Action::CloseScreen, "close-screen", &["Esc", "q"], "back", SCREEN).hint("back"),
];
