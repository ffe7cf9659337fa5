//! The record: detail and timeline together, its links, and the way back.

use std::sync::Arc;

use chrono::{NaiveDate, TimeDelta};
use insta::assert_snapshot;
use redphone::model::change::{Change, ChangeKind, ChangeState};
use redphone::model::checklist::{Answer, ClosingItem, Item};
use redphone::model::command::{IncidentCommand, Link};
use redphone::model::evidence::{EvidenceContent, RedactedPart, content_hash, encode_content};
use redphone::model::impact::{Affected, Reporter};
use redphone::model::problem::{Problem, ProblemState};
use redphone::model::review::{ActionItem, ActionKind, Section};
use redphone::model::status::ResolutionAction;
use redphone::model::{Actor, ChangeId, CommandId, EventId, IncidentNumber, ProblemId};
use redphone::sync::drafts::DraftOp;
use redphone::tui::core::message::Effect;
use redphone::tui::core::mode::Mode;
use redphone::tui::core::pane::Pane;
use redphone::tui::follow::Destination;
use rstest::rstest;
use uuid::Uuid;

use crate::support::company;
use crate::support::memory::Memory;
use crate::support::stage::{Stage, sized};

const SIZES: [(u16, u16); 4] = [(200, 60), (126, 36), (80, 24), (40, 12)];

/// Returns the panes that are on the screen.
fn panes(stage: &Stage) -> Vec<Pane> {
    stage.app.layout().slots.iter().map(|slot| slot.pane).collect()
}

fn ask(memory: &Memory, number: u64, command: IncidentCommand) {
    let id = memory.read(number).0.incident.summary.id;
    company::ask(memory, id, command, company::now()).expect("it can be asked");
}

/// Selects the link that leads somewhere.
#[track_caller]
fn select(stage: &mut Stage, is_wanted: impl Fn(&Destination) -> bool) {
    for _ in 0..200 {
        if selected(stage).as_ref().is_some_and(&is_wanted) {
            return;
        }
        stage.keys("j");
    }
    panic!("no such link: {:#?}\n{}", stage.app.follow.links, stage.screen());
}

/// Returns where the marked link leads: the chosen one, or else the first one on the screen.
fn selected(stage: &Stage) -> Option<Destination> {
    let (follow, top) = (&stage.app.follow, stage.app.reading.detail_top);
    let height = stage.app.layout().slot(Pane::Detail)?.inner().height;
    let is_visible = |index: &usize| {
        (top..top + usize::from(height)).contains(&follow.links[*index].lines.start)
    };
    let chosen = follow.chosen_index().filter(is_visible);
    let index = chosen.or_else(|| (0..follow.links.len()).find(is_visible))?;
    Some(follow.links[index].destination.clone())
}

/// A company in which INC-2051 links to two incidents, a problem, a change and a page.
fn linked() -> Memory {
    let memory = company::busy(company::now());
    let id = |number| memory.read(number).0.incident.summary.id;
    let link = |link| ask(&memory, 2051, IncidentCommand::Link { link });
    link(Link::Incident { id: id(2048), number: Some(IncidentNumber(2048)) });
    link(Link::Url("https://status.example.org/cards".into()));
    ask(
        &memory,
        2048,
        IncidentCommand::Link {
            link: Link::Incident { id: id(2047), number: Some(IncidentNumber(2047)) },
        },
    );
    memory
}

/// A company in which INC-2048 is resolved with a published review and three action items.
fn reviewed() -> Memory {
    let memory = company::busy(company::now());
    ask(
        &memory,
        2048,
        IncidentCommand::Resolve {
            action: ResolutionAction::Restart,
            detail: "restarted the pool".into(),
            validation: "no errors for 10 min".into(),
        },
    );
    for item in ClosingItem::ALL {
        ask(
            &memory,
            2048,
            IncidentCommand::AnswerItem { item: Item::Closing(*item), answer: Answer::Yes },
        );
    }
    for section in Section::ALL {
        let text = format!("What is to be said on {section}.\nIt has a second line.");
        ask(&memory, 2048, IncidentCommand::WriteReview { section: *section, text });
    }
    let items = [
        ("Limit each client to 20 connections", Some(-3), false),
        ("Alert on a pool that is 90 % full", Some(9), false),
        ("Write the runbook", None, true),
    ];
    for (index, (text, days, done)) in items.into_iter().enumerate() {
        let today = company::now().date_naive();
        let due: Option<NaiveDate> = days.map(|days| today + TimeDelta::days(days));
        let item = ActionItem {
            id: Uuid::from_u128(index as u128 + 1),
            text: text.into(),
            owner: Some(company::tomo()),
            due,
            kind: ActionKind::Prevent,
            done,
        };
        ask(&memory, 2048, IncidentCommand::SetActionItem { item });
    }
    ask(&memory, 2048, IncidentCommand::PublishReview);
    memory
}

/// Opens the record of an incident that is not in the queue.
fn open(memory: Memory, size: (u16, u16), number: u64) -> Stage {
    let mut stage = Stage::open(memory, size);
    stage.keys("g");
    stage.write(&number.to_string());
    stage.keys("Enter");
    stage.app.notices.toast = None;
    stage
}

#[rstest]
fn record_matches_its_snapshots(#[values(0, 1, 2, 3)] size: usize) {
    let mut stage = Stage::busy_at(SIZES[size]);
    stage.keys("j Enter");
    assert_snapshot!(sized("record", SIZES[size]), stage.screen());
}

#[rstest]
#[case::wide((200, 60), &[Pane::Detail, Pane::Timeline])]
#[case::two_columns((110, 24), &[Pane::Detail, Pane::Timeline])]
#[case::stacked((80, 24), &[Pane::Detail, Pane::Timeline])]
#[case::one_pane((60, 20), &[Pane::Detail])]
fn enter_opens_detail_and_timeline(#[case] size: (u16, u16), #[case] expected: &[Pane]) {
    let mut stage = Stage::busy_at(size);
    stage.keys("j Enter");
    assert_eq!(panes(&stage), expected);
    let areas: Vec<_> = stage.app.layout().slots.iter().map(|slot| slot.area).collect();
    if let [detail, timeline] = areas[..] {
        assert_eq!(detail.y == timeline.y, size.0 >= 110, "side by side from 110 columns");
    }
    assert!(stage.screen().contains("INC-2048"));
    stage.keys("Tab");
    assert_eq!(stage.app.ui.focus, Pane::Timeline);
    stage.keys("Esc");
    assert!(panes(&stage).contains(&Pane::Queue) && !stage.app.ui.record);
    assert_eq!((stage.app.ui.focus, stage.selected()), (Pane::Queue, "INC-2048".to_owned()));
}

#[test]
fn tab_stays_in_the_record_and_z_zooms_one_of_its_panes() {
    let mut stage = Stage::busy();
    stage.keys("Enter Tab Tab");
    assert_eq!(stage.app.ui.focus, Pane::Detail);
    stage.keys("Tab z");
    assert_eq!(panes(&stage), [Pane::Timeline]);
    stage.keys("Esc");
    assert_eq!(panes(&stage), [Pane::Detail, Pane::Timeline]);
    stage.keys("1");
    assert_eq!(panes(&stage).len(), 4);
    assert!(!stage.app.ui.record);
}

#[test]
fn record_follows_changes_of_an_ended_incident() {
    let mut stage = Stage::busy();
    stage.keys("j Enter");
    company::end(&stage.memory, stage.now, "INC-2048");
    stage.refresh();
    assert!(stage.app.ui.record);
    assert!(stage.screen().contains("● Resolved"), "{}", stage.screen());
    assert!(stage.screen().contains("Lasted"), "{}", stage.screen());
}

#[test]
fn links_lead_to_incidents_and_esc_comes_back_step_by_step() {
    let mut stage = Stage::open(linked(), (126, 36));
    let [first, second, third] = [2051, 2048, 2047].map(|number| stage.incident_id(number));
    stage.keys("Enter");
    select(&mut stage, |to| *to == Destination::Incident(second));
    let chosen = stage.app.follow.chosen.clone();
    stage.keys("Enter");
    assert_eq!(stage.target(), second);
    assert!(stage.screen().contains("Logins time out"), "{}", stage.screen());
    select(&mut stage, |to| *to == Destination::Incident(third));
    stage.keys("Enter");
    assert_eq!(stage.target(), third);
    stage.keys("Esc");
    assert_eq!(stage.target(), second);
    stage.keys("Esc");
    assert_eq!((stage.target(), &stage.app.follow.chosen), (first, &chosen));
    assert!(stage.app.ui.record);
    stage.keys("Esc");
    assert_eq!((stage.app.ui.focus, stage.selected()), (Pane::Queue, "INC-2051".to_owned()));
}

#[test]
fn scroll_position_is_that_of_before_after_coming_back() {
    let mut stage = Stage::open(linked(), (80, 24));
    let second = stage.incident_id(2048);
    stage.keys("Enter");
    select(&mut stage, |to| *to == Destination::Incident(second));
    let top = stage.app.reading.detail_top;
    assert!(top > 0, "{}", stage.screen());
    stage.keys("Enter");
    assert_eq!(stage.app.reading.detail_top, 0);
    // Also if the record must be read once more.
    stage.app.reading.cache.clear();
    stage.keys("Esc");
    assert_eq!(stage.app.reading.detail_top, top);
}

#[test]
fn number_typed_in_a_record_opens_one_to_come_back_from() {
    let mut stage = Stage::busy();
    let (first, second) = (stage.target(), stage.incident_id(2048));
    stage.keys("Enter g");
    stage.write("2048");
    stage.keys("Enter");
    assert_eq!(stage.target(), second);
    stage.keys("Esc");
    assert_eq!((stage.target(), stage.app.ui.record), (first, true));
}

#[test]
fn next_incident_forgets_the_way_back() {
    let mut stage = Stage::open(linked(), (126, 36));
    let second = stage.incident_id(2048);
    stage.keys("Enter");
    select(&mut stage, |to| *to == Destination::Incident(second));
    stage.keys("Enter J Esc");
    assert_eq!(stage.app.ui.focus, Pane::Queue);
}

#[test]
fn each_kind_of_link_can_be_followed() {
    let mut stage = Stage::open(linked(), (126, 36));
    let shown = stage.app.reading.shown.clone().expect("it is read");
    let mut detail = (*shown.detail).clone();
    let problem = Problem {
        id: ProblemId(Uuid::from_u128(9)),
        title: "Gateway drops connections".into(),
        state: ProblemState::KnownError,
        services: vec!["payments-gateway".into()],
        cause: "too few file handles".into(),
        workaround: "restart it".into(),
        opened_at: stage.now - TimeDelta::days(9),
        owner: None,
        team: None,
        category: None,
        removed_at: None,
        revision: 0,
        edits: Vec::new(),
        extra: <_>::default(),
    };
    detail.problem = Some(problem.clone());
    let link = Link::Problem { id: problem.id, title: problem.title.clone() };
    detail.incident.links.push(link);
    let other = ChangeId(Uuid::from_u128(5));
    detail.incident.links.push(Link::Change { id: other, title: "Certificates renewed".into() });
    let read = (detail, (*shown.events).clone());
    let read = redphone::sync::Sourced::fresh(read);
    stage.send(redphone::tui::core::message::Message::Detail(
        shown.id,
        Ok(Box::new(read)),
        stage.now,
    ));
    stage.keys("Enter");
    for (is_wanted, expected) in [
        (is_suspect as fn(&Destination) -> bool, "checkout v812"),
        (is_problem, "too few file handles"),
        (is_url, "copied: https://status.example.org/cards"),
        (is_change, "only its title"),
    ] {
        select(&mut stage, is_wanted);
        stage.keys("Enter");
        assert!(stage.screen().contains(expected), "{expected}\n{}", stage.screen());
        if matches!(stage.app.ui.mode, Mode::Linked(_)) {
            stage.keys("Esc");
        }
        assert!(matches!(stage.app.ui.mode, Mode::Panes) && stage.app.ui.record);
    }
    assert_eq!(stage.copied, ["https://status.example.org/cards"]);
}

#[test]
fn evidence_is_read_shown_harmless_and_copied() {
    let memory = company::busy(company::now());
    let (id, text) = (Uuid::from_u128(0x77), "pool exhausted\u{1b}[2J\nretry 3");
    let content = encode_content(text.as_bytes());
    let incident = memory.read(2051).0.incident.summary.id;
    let attach = IncidentCommand::AttachEvidence { evidence: id, name: "app.log".into(), content };
    ask(&memory, 2051, attach);
    memory.add_evidence(EvidenceContent {
        id,
        incident,
        hash: content_hash(text.as_bytes()),
        at: 0,
        content: encode_content(text.as_bytes()),
    });
    let mut stage = Stage::open(memory, (126, 36));
    stage.keys("Enter");
    select(&mut stage, |to| matches!(to, Destination::Evidence(..)));
    stage.keys("Enter");
    let screen = stage.screen();
    assert!(screen.contains("pool exhausted") && screen.contains("retry 3"), "{screen}");
    assert!(!screen.contains('\u{1b}'), "{screen}");
    stage.keys("Esc y e");
    assert_eq!(stage.copied, ["pool exhausted␛[2J\nretry 3"]);
}

/// A company in which INC-2051 has a reporter, with the id of the reporter.
fn reported() -> (Memory, Uuid) {
    let (memory, id) = (company::busy(company::now()), Uuid::from_u128(0x79));
    let (name, contact) = ("Tom Varga".to_owned(), Some("tom@example.org".to_owned()));
    let reporter = Reporter { id, name, contact, ticket: None, redacted: false };
    ask(&memory, 2051, IncidentCommand::AddReporter { reporter });
    (memory, id)
}

#[rstest]
#[case("1200", "1200 users · 12.5 % · eu-west · Acme")]
#[case("5% us-east", "900 users · 5 % · us-east · Acme")]
#[case("none", "")]
fn omitted_parts_of_the_impact_stay(#[case] typed: &str, #[case] expected: &str) {
    let memory = company::busy(company::now());
    let affected = Affected {
        users: Some(900),
        share: Some(12_500),
        regions: vec!["eu-west".into()],
        customers: vec!["Acme".into()],
    };
    ask(&memory, 2051, IncidentCommand::SetAffected { affected });
    let mut stage = Stage::open(memory, (126, 36));
    stage.type_in_palette(&format!("users-affected {typed}"));
    stage.keys("Enter");
    let sent = stage.submitted_commands();
    let [IncidentCommand::SetAffected { affected }] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(affected.line(), expected);
}

#[test]
fn reporter_is_removed_by_name_and_that_can_be_undone() {
    let (memory, reporter) = reported();
    let mut stage = Stage::open(memory, (126, 36));
    stage.type_in_palette("remove-reporter tom varga");
    stage.keys("Enter");
    let remove = IncidentCommand::RemoveReporter { reporter };
    assert_eq!(stage.submitted_commands(), [remove], "{}", stage.screen());
    assert!(stage.app.inflight.undo.is_some(), "and it can be undone");
    let mut stage = Stage::busy();
    stage.type_in_palette("remove-reporter");
    stage.keys("Enter");
    assert!(stage.screen().contains("nobody was added as its reporter"), "{}", stage.screen());
}

#[test]
fn part_is_redacted_with_a_reason_after_a_question() {
    let (memory, target) = reported();
    let mut stage = Stage::open(memory, (126, 36));
    stage.type_in_palette("redact contact tom varga");
    stage.keys("Enter");
    stage.focus_field("Why");
    stage.write("it was asked for");
    stage.keys("^s");
    assert!(stage.submitted.is_empty());
    assert!(stage.screen().contains("This can't be taken back."), "{}", stage.screen());
    stage.keys("y");
    let (part, reason) = (RedactedPart::Contact, "it was asked for".to_owned());
    let redact = IncidentCommand::Redact { part, target, reason };
    assert_eq!(stage.submitted_commands(), [redact], "{}", stage.screen());
}

#[test]
fn note_is_redacted_from_the_list() {
    let memory = company::busy(company::now());
    ask(&memory, 2051, IncidentCommand::AddNote { text: "Tom Varga has called".into() });
    let note = memory.read(2051).1.last().expect("the note").id;
    let mut stage = Stage::open(memory, (126, 36));
    stage.type_in_palette("redact");
    stage.keys("Enter");
    stage.settle();
    stage.write("Varga");
    assert!(stage.screen().contains("Tom Varga has called"), "{}", stage.screen());
    stage.keys("Enter");
    stage.focus_field("Why");
    stage.write("it names a customer");
    stage.keys("^s y");
    let (part, reason) = (RedactedPart::Note, "it names a customer".to_owned());
    let redact = IncidentCommand::Redact { part, target: note.0, reason };
    assert_eq!(stage.submitted_commands(), [redact], "{}", stage.screen());
}

#[test]
fn evidence_is_saved_under_its_name() {
    let memory = company::busy(company::now());
    let content = encode_content(b"pool exhausted");
    let evidence = Uuid::from_u128(0x77);
    let attach = IncidentCommand::AttachEvidence { evidence, name: "app.log".into(), content };
    ask(&memory, 2051, attach);
    let mut stage = Stage::open(memory, (126, 36));
    stage.keys("Enter y f");
    assert_eq!(stage.saved, ["app.log"], "{}", stage.screen());
}

#[test]
fn file_is_attached_by_its_path_after_a_question() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("app.log");
    std::fs::write(&path, "pool exhausted\n").expect("a file");
    let mut stage = Stage::busy();
    stage.type_in_palette(&format!("attach {}", path.display()));
    stage.keys("Enter");
    assert!(stage.submitted.is_empty());
    let screen = stage.screen();
    assert!(screen.contains("Attach app.log · 15 B to INC-2051?"), "{screen}");
    stage.keys("y");
    let commands = stage.submitted_commands();
    let [IncidentCommand::AttachEvidence { name, content, .. }] = &commands[..] else {
        panic!("{commands:?}\n{}", stage.screen());
    };
    assert_eq!((name.as_str(), content), ("app.log", &encode_content(b"pool exhausted\n")));
}

#[test]
fn file_that_can_not_be_attached_is_refused_in_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut stage = Stage::busy();
    for (path, why) in
        [(folder.path().join("none"), "No such file"), (folder.path().into(), "no file")]
    {
        stage.type_in_palette(&format!("attach {}", path.display()));
        stage.keys("Enter");
        assert!(stage.screen().contains(why), "{}", stage.screen());
        assert!(stage.submitted.is_empty() && matches!(stage.app.ui.mode, Mode::Panes));
    }
}

fn is_suspect(to: &Destination) -> bool {
    matches!(to, Destination::Suspect(_))
}

fn is_url(to: &Destination) -> bool {
    matches!(to, Destination::Url(_))
}

fn is_problem(to: &Destination) -> bool {
    matches!(to, Destination::Problem(..))
}

fn is_change(to: &Destination) -> bool {
    matches!(to, Destination::Change(_))
}

#[test]
fn linked_change_that_is_no_suspect_is_followed() {
    let memory = company::busy(company::now());
    let mut stage = Stage::open(memory, (126, 36));
    let shown = stage.app.reading.shown.clone().expect("it is read");
    let mut detail = (*shown.detail).clone();
    let change = Change {
        id: ChangeId(Uuid::from_u128(0x78)),
        kind: ChangeKind::Deploy,
        title: "mailer v3".into(),
        services: vec!["mail".into()],
        by: Actor::Integration("deploy bot".into()),
        starts_at: company::now() - TimeDelta::days(2),
        ends_at: None,
        state: ChangeState::Done,
        url: None,
        approval: None,
        extra: <_>::default(),
    };
    detail.incident.links.push(Link::Change { id: change.id, title: change.title.clone() });
    detail.linked_changes = vec![change];
    let read = redphone::sync::Sourced::fresh((detail, (*shown.events).clone()));
    stage.send(redphone::tui::core::message::Message::Detail(
        shown.id,
        Ok(Box::new(read)),
        stage.now,
    ));
    stage.keys("Enter");
    select(&mut stage, |to| matches!(to, Destination::LinkedChange(_)));
    assert!(stage.screen().contains("deploy mailer v3 · done"), "{}", stage.screen());
    stage.keys("Enter");
    let screen = stage.screen();
    assert!(screen.contains("deploy bot") && screen.contains("no end is recorded"), "{screen}");
}

#[test]
fn problem_that_was_not_read_with_the_record_is_requested() {
    let memory = company::busy(company::now());
    let mut stage = Stage::open(memory, (126, 36));
    let shown = stage.app.reading.shown.clone().expect("it is read");
    let mut detail = (*shown.detail).clone();
    let id = ProblemId(Uuid::from_u128(9));
    detail.incident.links.push(Link::Problem { id, title: "Gateway drops".into() });
    detail.problem = None;
    let read = redphone::sync::Sourced::fresh((detail, (*shown.events).clone()));
    stage.send(redphone::tui::core::message::Message::Detail(
        shown.id,
        Ok(Box::new(read)),
        stage.now,
    ));
    stage.keys("Enter");
    select(&mut stage, is_problem);
    let action = redphone::tui::action::Action::Open;
    let effects = redphone::tui::update::perform(&mut stage.app, action, stage.now);
    assert_eq!(effects, [Effect::LoadProblems]);
}

#[test]
fn suspects_stand_in_the_order_in_which_they_began() {
    let now = company::now();
    let change = |number: u128, title: &str, began: i64, ended: i64| Change {
        id: ChangeId(Uuid::from_u128(number)),
        kind: ChangeKind::Deploy,
        title: title.into(),
        services: vec!["checkout".into()],
        by: Actor::Integration("deploy bot".into()),
        starts_at: now - TimeDelta::minutes(began),
        ends_at: Some(now - TimeDelta::minutes(ended)),
        state: ChangeState::Done,
        url: None,
        approval: None,
        extra: <_>::default(),
    };
    // The one that began first ended last.
    let changes =
        vec![change(1, "long", 90, 6), change(2, "middle", 60, 50), change(3, "late", 20, 15)];
    let memory = Memory::new(company::directory(now), changes, 2020);
    let level = redphone::model::Impact::High;
    company::declare(&memory, now, 4, "Cards fail", "checkout", level, level, |_| {});
    let mut stage = Stage::open(memory, (126, 36));
    stage.keys("Enter");
    let titles: Vec<String> = stage
        .app
        .follow
        .links
        .iter()
        .filter_map(|link| match &link.destination {
            Destination::Suspect(suspect) => Some(suspect.change.title.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(titles, ["late", "middle", "long"]);
    let screen = stage.screen();
    assert!(screen.contains("21:11 deploy long (−1h25, took 1h24)"), "{screen}");
    let timeline: String = stage
        .app
        .reading
        .timeline_lines
        .iter()
        .flat_map(|line| line.spans.iter().map(|span| span.content.as_str()))
        .collect();
    let positions =
        ["deploy late", "deploy middle", "deploy long"].map(|title| timeline.find(title));
    assert!(positions.is_sorted() && positions[0].is_some(), "{timeline}");
}

/// The overview among other panes lists the faults first; a row of their page is one of them.
#[rstest]
#[case::all_panes("4", true)]
#[case::zoomed_page("4 } } } } z", false)]
fn recurring_fault_is_read_from_the_metrics(#[case] keys: &str, #[case] lists_them: bool) {
    let mut stage = Stage::busy();
    stage.send(redphone::tui::core::message::Message::Started);
    stage.keys(keys);
    let zoomed = stage.app.ui.zoomed;
    if lists_them {
        stage.keys("Enter");
        assert!(stage.screen().contains("Recurring faults"), "{}", stage.screen());
    }
    stage.keys("Enter");
    stage.settle();
    let screen = stage.screen();
    assert!(screen.contains("Recurring fault") && screen.contains("The same fault"), "{screen}");
    stage.keys("Esc");
    assert_eq!((stage.app.ui.focus, stage.app.ui.zoomed), (Pane::Metrics, zoomed));
}

#[rstest]
#[case(2048, "Lasted", "kept: acknowledged in")]
#[case(2048, "resolved 22:41", "kept: resolved in")]
fn ended_incident_shows_duration_and_levels(
    #[case] number: u64,
    #[case] first: &str,
    #[case] second: &str,
) {
    let stage = open(reviewed(), (126, 36), number);
    for expected in [first, second] {
        assert!(stage.screen().contains(expected), "{expected}\n{}", stage.screen());
    }
}

#[test]
fn review_and_action_items_are_read_in_the_record() {
    let mut stage = open(reviewed(), (200, 60), 2048);
    let mut read = stage.screen();
    stage.keys("G");
    read.push_str(&stage.screen());
    for section in Section::ALL {
        assert!(read.contains(&section.heading()), "{section}\n{read}");
        assert!(read.contains(&format!("What is to be said on {section}.")), "{read}");
    }
    for expected in [
        "Review · published",
        "Action items · 2 open, 1 overdue",
        "[ ] Limit each client to 20 connections · Tomo Hayashi · due 2031-05-17, 3 days late",
        "[x] Write the runbook",
    ] {
        assert!(read.contains(expected), "{expected}\n{read}");
    }
    assert_snapshot!("review_200x60", stage.screen());
}

#[rstest]
#[case("v", "# Review of INC-2048", "- [x] Write the runbook")]
#[case("a", "- [ ] Limit each client", "due 2031-05-29")]
#[case("r", "## Review", "### Gaps in monitoring")]
fn review_is_copied(#[case] key: &str, #[case] first: &str, #[case] second: &str) {
    let mut stage = open(reviewed(), (126, 36), 2048);
    stage.keys("y");
    stage.keys(key);
    let copied = stage.copied.last().expect("something was copied");
    assert!(copied.contains(first) && copied.contains(second), "{copied}");
}

#[test]
fn redaction_removes_the_text_from_drafts() {
    let (memory, target) = reported();
    let mut stage = Stage::open(memory, (126, 36));
    let id = stage.target();
    stage.type_in_palette("note Tom Varga calls back at 9");
    stage.keys("Esc");
    stage.draft_ops.clear();
    let (part, reason) = (RedactedPart::Reporter, "it was asked for".to_owned());
    stage.execute_as_other(id, IncidentCommand::Redact { part, target, reason });
    let drafts = &stage.app.forms.drafts;
    assert_eq!(drafts.len(), 1);
    assert_eq!(drafts[0].contents, ["(redacted) calls back at 9"], "{}", stage.screen());
    let is_saved = |op: &DraftOp| matches!(op, DraftOp::Save(draft) if *draft == drafts[0]);
    assert!(stage.draft_ops.iter().any(is_saved), "{:?}", stage.draft_ops);
}

#[test]
fn redaction_is_seen_while_an_own_command_waits() {
    let (memory, target) = reported();
    let mut stage = Stage::open(memory, (126, 36));
    let id = stage.target();
    stage.type_in_palette("note Tom Varga calls back at 9");
    stage.keys("Esc");
    // An own event that waits has the position that the redaction gets.
    let shown = stage.app.reading.shown.as_mut().expect("it is shown");
    let mut waiting = shown.events.last().expect("it has events").clone();
    waiting.id = EventId::derived(CommandId::new(), 0);
    waiting.seq += 1;
    Arc::make_mut(&mut shown.detail).incident.summary.seq = waiting.seq;
    Arc::make_mut(&mut shown.events).push(waiting);
    let (part, reason) = (RedactedPart::Reporter, "it was asked for".to_owned());
    stage.execute_as_other(id, IncidentCommand::Redact { part, target, reason });
    stage.execute_as_other(id, IncidentCommand::AddNote { text: "one more".into() });
    let drafts = &stage.app.forms.drafts;
    assert_eq!(drafts.len(), 1);
    assert_eq!(drafts[0].contents, ["(redacted) calls back at 9"], "{}", stage.screen());
}
