//! Text from outside can mean harm in every field: on no screen does it hide or reorder text, or reach
//! the terminal as a control sequence.

use std::collections::BTreeSet;
use std::process::ExitStatus;
use std::sync::Arc;

use chrono::TimeDelta;
use redphone::backend::BackendError;
use redphone::config::PanesSettings;
use redphone::config::panes::{SavedView, Template};
use redphone::config::pattern::Pattern;
use redphone::model::administration::AdministrationChange;
use redphone::model::checklist::{Answer, InvestigationItem, Item};
use redphone::model::command::{Decision, Link};
use redphone::model::directory::TeamOverride;
use redphone::model::oncall::{Override, TimeSpan};
use redphone::model::problem::{Problem, ProblemState};
use redphone::model::queue::Sort;
use redphone::model::review::{ActionItem, ActionKind, Section};
use redphone::model::status::{Classification, ResolutionAction, Role};
use redphone::model::{
    Actor, Command, CommandId, Envelope, IncidentCommand, IncidentId, Priority, ProblemId,
};
use redphone::sync::remote::{EntryState, OutboxSnapshot};
use redphone::sync::{BackendUpdate, ConnectionState, Sourced};
use redphone::tui::Options;
use redphone::tui::action::{ArgumentKind, Layer, TABLE};
use redphone::tui::core::message::Message;
use redphone::tui::core::mode::Mode;
use redphone::tui::follow::Destination;
use redphone::tui::form::editor_error::EditorError;
use redphone::tui::oncall::stand_in::{ShiftChange, StandIn, StandInQuestion};
use redphone::tui::run::output::Pipe;
use redphone::tui::theme::Depth;
use redphone::tui::wall::{self, Wall};
use redphone::tui::workspace::{OpenWorkspaceError, Workspace, WorkspaceId};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;
use uuid::Uuid;

use super::{outbox, run};
use crate::support::company;
use crate::support::hostile::{TEXT, harmful};
use crate::support::memory::Memory;
use crate::support::notifications;
use crate::support::stage::{Stage, options, rows};

/// Whether a character is a command to the terminal, reorders or hides text, or is drawn by fonts and
/// terminals in ways of their own.
fn is_harmful(ch: char) -> bool {
    ch.is_control()
        || matches!(ch,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}' | '\u{1f1e6}'..='\u{1f1ff}'
            | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0000}'..='\u{e0fff}')
}

/// Checks each cell, and that each row is as wide as the screen.
#[track_caller]
fn assert_harmless(stage: &Stage, what: &str) {
    let buffer = stage.buffer();
    for cell in &buffer.content {
        let symbol = cell.symbol();
        assert!(!symbol.contains(is_harmful), "{symbol:?} after {what}:\n{}", stage.screen());
        assert!(symbol.chars().count() <= 3, "{symbol:?} after {what}:\n{}", stage.screen());
        assert_eq!(symbol.graphemes(true).count(), 1, "{symbol:?} after {what}");
    }
    for row in rows(&buffer) {
        assert_eq!(row.width(), usize::from(buffer.area.width), "{row:?} after {what}");
    }
}

/// Fills the fields of an incident that a declaration leaves empty.
fn fill(memory: &Memory, id: IncidentId) {
    let me = company::me();
    let text = || "why\nnot".to_owned();
    let link = |link| IncidentCommand::Link { link };
    for (minutes, command) in (0..).zip([
        IncidentCommand::Describe {
            title: None,
            symptoms: Some(text()),
            labels: Some(vec!["region=north".into()]),
            runbook: Some("checkout".into()),
        },
        IncidentCommand::SetTeam { team: Some("night shift".into()) },
        IncidentCommand::Assign { to: Some(me.clone()) },
        IncidentCommand::GiveRole { role: Role::Scribe, person: company::tomo(), given: true },
        IncidentCommand::OverridePriority { priority: Priority::P2, reason: text() },
        IncidentCommand::OverridePriority { priority: Priority::P1, reason: text() },
        IncidentCommand::Escalate {
            level: 1,
            to: vec![me.clone()],
            reason: Some(text()),
            automatic: None,
            all_must_acknowledge: false,
        },
        link(Link::Url("https://wiki.example/a".into())),
        link(Link::Problem { id: ProblemId(Uuid::from_u128(7)), title: "pool".into() }),
        IncidentCommand::AddNote { text: text() },
        IncidentCommand::UpdateStakeholders { message: text(), next_due: None, public: None },
        IncidentCommand::AnswerItem {
            item: Item::Investigation(InvestigationItem::ALL[0]),
            answer: Answer::Waived("no need".into()),
        },
        IncidentCommand::WriteReview { section: Section::ALL[0], text: text() },
        IncidentCommand::SetActionItem {
            item: ActionItem {
                id: Uuid::from_u128(8),
                text: "page earlier".into(),
                owner: Some(me),
                due: None,
                kind: ActionKind::Detect,
                done: false,
            },
        },
        IncidentCommand::RecordDecision(Decision {
            decision: "go back".into(),
            reason: text(),
            by: Some(company::tomo()),
        }),
        IncidentCommand::AskForRole { role: Role::Communications, person: company::tomo() },
        IncidentCommand::SetExpectedRecovery { at: Some(company::now() + TimeDelta::hours(2)) },
        IncidentCommand::Pause { reason: text() },
    ]) {
        let at = company::now() - TimeDelta::seconds(120 - minutes);
        company::ask(memory, id, command, at).expect("it can be asked");
    }
}

fn problem() -> Problem {
    Problem {
        id: ProblemId(Uuid::from_u128(7)),
        title: "the pool is too small".into(),
        state: ProblemState::ALL[0],
        services: vec!["checkout".into()],
        cause: "growth".into(),
        workaround: "restart\nit".into(),
        opened_at: company::now() - TimeDelta::days(3),
        owner: None,
        team: None,
        category: None,
        removed_at: None,
        revision: 0,
        edits: Vec::new(),
        extra: <_>::default(),
    }
}

/// The busy company, where one incident has something in every field and others ended in each way.
fn memory() -> Memory {
    let memory = company::busy(company::now());
    let record = Envelope {
        id: CommandId::new(),
        at: company::now(),
        actor: Actor::Person(company::me()),
        command: Command::RecordProblem(problem()),
        expected_seq: None,
    };
    memory.carry_out(&record).expect("it is recorded");
    let id = |number| memory.read(number).0.incident.summary.id;
    fill(&memory, id(2051));
    let resolve = IncidentCommand::Resolve {
        action: ResolutionAction::Restart,
        detail: "restarted\nit".into(),
        validation: "seen\nit".into(),
    };
    let reclassify = IncidentCommand::Reclassify {
        to: Classification::FalseAlarm,
        reason: "a test\nof it".into(),
    };
    for (number, command) in
        [(2046, resolve), (2047, reclassify), (2050, IncidentCommand::Merge { into: id(2051) })]
    {
        company::ask(&memory, id(number), command, company::now()).expect("it can be asked");
    }
    memory.harm();
    memory
}

fn settings() -> PanesSettings {
    let hostile = |name: &str| format!("{TEXT}{name}");
    let mut settings = run::settings();
    for command in &mut settings.commands {
        command.name = hostile(&command.name);
        command.help = hostile(&command.help);
        command.run.push(Pattern::parse(TEXT).0);
        command.when = None;
    }
    settings.runbooks = Some(hostile("/etc/runbooks").into());
    settings.templates = ["one", "two"]
        .map(|name| Template { name: hostile(name), text: Pattern::parse(&hostile(name)).0 })
        .into();
    settings.views = vec![SavedView {
        name: hostile("mine"),
        filter: "service:checkout".parse().expect("a filter"),
        sort: Sort::Urgent,
        key: Some('n'),
    }];
    settings
}

fn stage(memory: &Memory, size: (u16, u16)) -> Stage {
    let mut options = Options { settings: settings(), me: harmful(&company::me()), ..options() };
    options.workspace.location = format!("{TEXT}/srv/store.db");
    options.workspaces.push(Workspace {
        id: WorkspaceId::Profile(format!("{TEXT}prod")),
        production: true,
        unusable_reason: None,
        ..options.workspace.clone()
    });
    let mut stage = Stage::with(memory.duplicate(), size, Depth::Indexed, options);
    let book = "---\ntitle: TEXT\nservices: checkout\nTEXT: 1\n---\n# TEXT\n\nTEXT *TEXT* `TEXT`\n\n\
                - [ ] TEXT\n- TEXT\n\n> TEXT\n\n```sh\nTEXT\n```\n";
    // Line ends would be those of the page.
    let text = TEXT.replace(['\r', '\n'], "");
    stage.books = Ok(vec![(format!("{TEXT}checkout"), book.replace("TEXT", &text))]);
    stage.connect();
    stage.send(Message::Started);
    let shown = stage.app.reading.shown.clone().expect("something is read");
    let detail =
        redphone::backend::Detail { problem: Some(harmful(&problem())), ..(*shown.detail).clone() };
    let value = (detail, (*shown.events).clone());
    let message =
        Message::Detail(shown.id, Ok(Box::new(Sourced { value, as_of: None })), stage.now);
    stage.send(message);
    assert_eq!(stage.selected(), "INC-2051");
    stage
}

/// The name of a mode. A new mode needs keys below that lead to it.
fn mode_name(mode: &Mode) -> &'static str {
    match mode {
        Mode::Panes => "panes",
        Mode::Help(_) => "help",
        Mode::Palette(_) => "palette",
        Mode::Failure(_) => "failure",
        Mode::Results(_) => "results",
        Mode::Form(_) => "form",
        Mode::Pick(_) => "picker",
        Mode::Confirm(_) => "question",
        Mode::Matrix(_) => "matrix",
        Mode::ConfirmRun(_) => "question before a run",
        Mode::ConfirmStandIn(_) => "question before the pager changes",
        Mode::Output(_) => "output",
        Mode::Outbox(_) => "outbox",
        Mode::Runbook(_) => "runbook",
        Mode::Filter(_) => "filter",
        Mode::Goto(_) => "goto",
        Mode::TimelineSearch(_) => "search",
        Mode::Linked(_) => "linked",
        Mode::Quitting => "quitting",
        Mode::Switching(_) => "switching",
    }
}

const MODES: usize = 20;

fn failing(stage: &mut Stage) {
    stage.learn(BackendUpdate::Connection(ConnectionState::Failing {
        since: stage.now - TimeDelta::minutes(10),
        error: BackendError::Unreachable(TEXT.into()),
        retry_at: stage.now + TimeDelta::seconds(8),
    }));
}

fn refuse(stage: &mut Stage) {
    stage.refuse(&BackendError::NotAllowed(TEXT.into()));
}

fn hostile_outbox(stage: &mut Stage) {
    let mut listing: OutboxSnapshot = outbox::mixed(stage);
    for entry in &mut listing.entries {
        let entry = Arc::make_mut(entry);
        entry.title = TEXT.into();
        entry.last_error = entry.last_error.as_ref().map(|_| TEXT.into());
        entry.requester = Some(TEXT.into());
        entry.envelope = entry.envelope.as_ref().map(harmful);
        if let EntryState::Refused(error) = &mut entry.state {
            *error = BackendError::NotAllowed(TEXT.into());
        }
    }
    outbox::show(stage, listing);
}

/// Opens the record and follows the first link that leads to something of a kind.
fn follow(stage: &mut Stage, is_kind: fn(&Destination) -> bool) {
    stage.keys("Enter");
    let links = &stage.app.follow.links;
    let index = links.iter().position(|link| is_kind(&link.destination)).expect("a link");
    stage.app.follow.chosen = Some((index, links[index].destination.clone()));
    stage.app.reading.detail_top = links[index].lines.start;
    stage.keys("Enter");
    assert!(matches!(stage.app.ui.mode, Mode::Linked(_)), "{}", stage.screen());
}

/// The actions before the screen is checked.
type Play = fn(&mut Stage);

/// Screens that the keys of an action alone do not lead to.
const PLAYS: &[(&str, Play)] = &[
    ("failing", failing),
    ("failure", |stage| {
        failing(stage);
        stage.keys("!");
    }),
    ("refused", |stage| {
        stage.keys("p Enter");
        refuse(stage);
        stage.keys("!");
    }),
    ("results", |stage| {
        stage.keys("* a y");
        refuse(stage);
    }),
    ("question", |stage| stage.keys("m Enter")),
    ("questions", |stage| stage.keys("* a")),
    ("question before a run", |stage| stage.keys("x r")),
    ("output", |stage| {
        stage.keys("x p");
        let id = stage.started.last().expect("it was started").id;
        stage.send(Message::RunOutput(id, Pipe::Stdout, format!("{TEXT}{TEXT}")));
        stage.send(Message::RunOutput(id, Pipe::Stderr, format!("{TEXT}\n\r{TEXT}")));
    }),
    ("output is over", |stage| {
        stage.keys("x p");
        let id = stage.started.last().expect("it was started").id;
        let end = redphone::tui::run::RunEnd::NotStarted(TEXT.into());
        stage.send(Message::RunEnded(id, end, stage.now));
    }),
    ("runbook", |stage| stage.keys("x 1")),
    ("outbox", |stage| {
        hostile_outbox(stage);
        stage.keys("O");
    }),
    ("an edited command", |stage| {
        hostile_outbox(stage);
        stage.keys("O e");
    }),
    ("filter", |stage| {
        stage.keys("/");
        stage.send(Message::Paste(TEXT.replace(['\r', '\n'], "")));
    }),
    ("completions", |stage| stage.filter("service:")),
    ("filtered", |stage| {
        stage.keys("/");
        stage.send(Message::Paste(TEXT.replace(['\r', '\n'], "")));
        stage.keys("Enter");
    }),
    ("grouped", |stage| stage.keys("f")),
    ("groups", |stage| stage.keys("V n G")),
    ("history", |stage| {
        stage.filter("is:any");
        stage.keys("Enter");
    }),
    ("goto", |stage| stage.keys("g 2")),
    ("feed", |stage| stage.keys("g f")),
    ("handoff", |stage| stage.keys("g h")),
    ("on call", |stage| stage.keys("g o Enter")),
    ("on call filtered", |stage| {
        stage.keys("g o /");
        stage.send(Message::Paste(TEXT.replace(['\r', '\n'], "")));
    }),
    ("notified", |stage| {
        let row = stage.app.target().expect("an incident").clone();
        let changed = serde_json::json!({
            "person": {"handle": TEXT, "name": TEXT}, "contact": TEXT, "channel": TEXT,
            "state": "failed", "reason": TEXT,
        });
        stage.memory.set_notifications(vec![notifications::entry(&row, 1, changed)]);
        stage.keys("R");
        stage.keys("Enter");
    }),
    ("question before the pager changes", |stage| {
        stage.keys("g o");
        let span = Override {
            person: TEXT.into(),
            from: stage.now,
            to: stage.now + TimeDelta::hours(1),
            covers: Some(TEXT.into()),
        };
        let change = ShiftChange {
            schedule: TEXT.into(),
            span: TimeSpan { from: span.from, to: span.to },
            other: Some(TEXT.into()),
            in_return: None,
            note: Some(TEXT.into()),
            cover: None,
            change: AdministrationChange::AddOverride(TeamOverride { team: TEXT.into(), span }),
        };
        let question = StandInQuestion { kind: StandIn::Begin, change, top: 0 };
        stage.app.ui.mode = Mode::ConfirmStandIn(Box::new(question));
    }),
    ("search", |stage| {
        stage.keys("3 /");
        stage.send(Message::Paste(TEXT.into()));
    }),
    ("searched", |stage| {
        stage.keys("3 /");
        stage.send(Message::Paste(TEXT.into()));
        stage.keys("Enter");
    }),
    ("record", |stage| stage.keys("Enter")),
    ("suspect", |stage| follow(stage, |to| matches!(to, Destination::Suspect(_)))),
    ("problem", |stage| follow(stage, |to| matches!(to, Destination::Problem(..)))),
    ("quitting", |stage| {
        // Nobody with a line break in the name can send anything.
        stage.app.session.me = company::me();
        stage.keys("n");
        stage.write("seen");
        stage.keys("^s ^c");
    }),
    ("switching", |stage| stage.keys("B Enter")),
    ("not switched", |stage| {
        stage.keys("B Enter");
        let id = stage.opening.take().expect("it is opened");
        let error = OpenWorkspaceError::failed(TEXT);
        stage.send(Message::WorkspaceOpened(id, Err(error), stage.now));
    }),
    ("an editor", |stage| {
        stage.keys("n");
        stage.send(Message::Edited(Ok(TEXT.into())));
    }),
    ("no editor", |stage| {
        stage.keys("n");
        let error = EditorError::Failed { editor: TEXT.into(), status: ExitStatus::default() };
        stage.send(Message::Edited(Err(error)));
    }),
    ("a pasted note", |stage| {
        stage.keys("n");
        stage.send(Message::Paste(TEXT.into()));
    }),
    ("a paste in a search", |stage| {
        stage.keys("s");
        stage.send(Message::Paste(TEXT.replace(['\r', '\n'], "")));
    }),
    ("a change by somebody else", |stage| {
        let id = stage.incident_id(2051);
        stage.keys("n");
        stage.execute_as_other(id, IncidentCommand::AddNote { text: TEXT.into() });
    }),
    ("earlier", |stage| stage.keys("3 [ [")),
];

/// The keys of every action of the panes.
fn action_keys() -> impl Iterator<Item = &'static str> {
    let in_panes = TABLE.iter().filter(|entry| entry.layers.contains(&Layer::Panes));
    in_panes.filter_map(|entry| entry.keys.first().copied())
}

#[test]
fn hostile_text_in_any_field_is_harmless_in_every_mode() {
    let memory = memory();
    let mut seen = BTreeSet::new();
    let mut check = |stage: &Stage, what: &str| {
        seen.insert(mode_name(&stage.app.ui.mode));
        assert_harmless(stage, what);
    };
    for size in [(126, 36), (40, 12)] {
        for (what, play) in PLAYS {
            let mut stage = stage(&memory, size);
            play(&mut stage);
            check(&stage, what);
            stage.keys("Down");
            check(&stage, what);
        }
        for keys in ["1 z", "2 z", "3 z", "4 z", "2 z j", "2 z j j j", "3 z j j j"] {
            let mut stage = stage(&memory, size);
            stage.keys(keys);
            check(&stage, keys);
        }
    }
    for key in action_keys() {
        for more in ["Enter", "Down Down Enter", "1", "Tab Tab Tab ^s"] {
            let mut stage = stage(&memory, (126, 36));
            stage.keys(key);
            check(&stage, key);
            stage.keys(more);
            check(&stage, &format!("{key} {more}"));
            refuse(&mut stage);
            check(&stage, &format!("{key} {more}, refused"));
        }
    }
    for entry in TABLE.iter().filter(|entry| entry.argument != ArgumentKind::Nothing) {
        for typed in ["", TEXT, "x"] {
            let mut stage = stage(&memory, (126, 36));
            stage.type_in_palette(&format!("{} ", entry.name));
            stage.send(Message::Paste(typed.replace(['\r', '\n'], "")));
            check(&stage, entry.name);
            stage.keys("Enter");
            check(&stage, &format!("{} Enter", entry.name));
        }
    }
    assert_eq!(seen.len(), MODES, "{seen:?}");
}

#[test]
fn hostile_values_of_a_later_version_are_harmless() {
    let memory = company::busy(company::now());
    memory.harm_values();
    for size in [(200, 60), (126, 36), (80, 24), (40, 12)] {
        let mut stage = Stage::with(memory.duplicate(), size, Depth::Indexed, options());
        stage.connect();
        stage.send(Message::Started);
        assert_harmless(&stage, "the panes");
        for keys in ["j", "Enter", "Tab", "Tab", "Tab", "* a y", "Esc", "p", "Esc", "e"] {
            stage.keys(keys);
            assert_harmless(&stage, keys);
        }
    }
}

#[test]
fn hostile_text_in_any_field_is_harmless_on_the_wall() {
    let memory = memory();
    for size in [(126, 36), (80, 24), (40, 12), (200, 60)] {
        let mut stage = stage(&memory, size);
        let settings = wall::Settings { view: TEXT.into(), ..wall::Settings::default() };
        stage.app.wall = Some(Box::new(Wall::new(settings, true, stage.now)));
        stage.connect();
        for _ in 0..6 {
            assert_harmless(&stage, "the wall");
            stage.pass(1);
        }
        let id = stage.incident_id(2051);
        stage.execute_as_other(id, IncidentCommand::AddNote { text: TEXT.into() });
        assert_harmless(&stage, "an event");
        failing(&mut stage);
        for _ in 0..3 {
            stage.silence(TimeDelta::minutes(20));
            assert_harmless(&stage, "the wall, failing");
        }
    }
}
