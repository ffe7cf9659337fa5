//! A slow or unreachable remote: the age of data, pending commands, and what happens to refused
//! ones.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use insta::assert_snapshot;
use redphone::backend::{BackendError, Outcome};
use redphone::model::status::ResolutionAction;
use redphone::model::{
    Actor, Command, CommandId, DatedSentence, Envelope, IncidentCommand, IncidentId, Rejection,
    RejectionKind,
};
use redphone::sync::drafts::DraftOp;
use redphone::sync::remote::{EntryOrigin, EntryState, OutboxEntry, OutboxSnapshot, PendingChange};
use redphone::sync::{BackendUpdate, ConnectionState, Sourced};
use redphone::tui::core::message::{Message, OutboxRequest};
use redphone::tui::core::mode::Mode;
use rstest::rstest;

use crate::support::company;
use crate::support::stage::Stage;

pub fn remote(size: (u16, u16)) -> Stage {
    let mut stage = Stage::busy_at(size);
    stage.learn(BackendUpdate::Outbox(Arc::default()));
    stage.keys("j");
    stage
}

pub fn offline(stage: &mut Stage) {
    stage.now += TimeDelta::minutes(4);
    let (now, offset) = (stage.now, stage.app.ui.offset);
    stage.send(Message::Tick(now, offset));
    stage.learn(BackendUpdate::Connection(ConnectionState::Failing {
        since: company::now() + TimeDelta::seconds(20),
        error: BackendError::Unreachable("redphone.example does not answer".into()),
        retry_at: now + TimeDelta::seconds(8),
    }));
}

pub fn command_envelope(incident: IncidentId, command: IncidentCommand, minutes: i64) -> Envelope {
    Envelope {
        id: CommandId::new(),
        at: company::now() + TimeDelta::minutes(minutes),
        actor: Actor::Person(company::me()),
        command: Command::incident(incident, command),
        expected_seq: None,
    }
}

pub fn entry(
    position: u64,
    label: &str,
    title: &str,
    envelope: Envelope,
    state: EntryState,
) -> Arc<OutboxEntry> {
    let settled_at = (!matches!(state, EntryState::Pending))
        .then(|| company::now() + TimeDelta::seconds(30 + i64::try_from(position).unwrap_or(0)));
    Arc::new(OutboxEntry {
        position,
        id: envelope.id,
        batch: envelope.id,
        envelope: Some(envelope),
        label: label.into(),
        title: title.into(),
        state,
        attempts: 0,
        last_error: None,
        next_attempt_at: None,
        not_before: None,
        blocked_by: None,
        settled_at,
        settled_revision: i64::try_from(position).unwrap_or(0),
        requester: None,
        clock_offset: None,
        unreadable: String::new(),
        origin: EntryOrigin::default(),
    })
}

fn resolve() -> IncidentCommand {
    IncidentCommand::Resolve {
        action: ResolutionAction::Rollback,
        detail: "checkout back to v811".into(),
        validation: "20 test payments went through".into(),
    }
}

/// The refusal of a server that sends the time separate from the sentence.
fn acknowledged_by_tomo() -> EntryState {
    let (kind, at) = (RejectionKind::Conflict, company::now() + TimeDelta::seconds(30));
    let before = "already acknowledged by Tomo Sato ".into();
    let sentence = DatedSentence { before, at, after: String::new() };
    let rejection = Rejection::ForeignDated { kind, sentence };
    EntryState::Refused(BackendError::rejected(rejection, at))
}

fn conflict(message: &str) -> EntryState {
    refused(RejectionKind::Conflict, message)
}

pub fn not_now(message: &str) -> EntryState {
    refused(RejectionKind::NotNow, message)
}

fn refused(kind: RejectionKind, message: &str) -> EntryState {
    let rejection = Rejection::foreign(kind, message);
    EntryState::Refused(BackendError::rejected(rejection, DateTime::UNIX_EPOCH))
}

/// Returns two pending commands, one of which was attempted and failed.
fn waiting(stage: &Stage) -> OutboxSnapshot {
    let (cards, logins) = (stage.incident_id(2051), stage.incident_id(2048));
    let title = "Card payments fail at checkout";
    let note = IncidentCommand::AddNote {
        text: "Rolled back to v811, the error rate falls.\nWatching.".into(),
    };
    let mut first =
        entry(14, "INC-2051", title, command_envelope(cards, note, 1), EntryState::Pending);
    let tried = Arc::make_mut(&mut first);
    tried.attempts = 3;
    tried.last_error = Some("redphone.example does not answer".into());
    tried.next_attempt_at = Some(stage.now + TimeDelta::seconds(8));
    let second = command_envelope(logins, IncidentCommand::Acknowledge, 2);
    let second = entry(15, "INC-2048", "Logins time out", second, EntryState::Pending);
    OutboxSnapshot { entries: vec![first, second], ..OutboxSnapshot::default() }
}

/// Returns one command in each state.
pub fn mixed(stage: &Stage) -> OutboxSnapshot {
    let (cards, logins) = (stage.incident_id(2051), stage.incident_id(2048));
    let title = "Card payments fail at checkout";
    let row = stage.memory.read(2050).0.incident.summary;
    let sent = Outcome { incident: Some(row.id), row: Some(row), events: vec![], replayed: false };
    let mut entries = vec![
        entry(
            9,
            "INC-2050",
            "Search answers slowly",
            command_envelope(stage.incident_id(2050), IncidentCommand::Acknowledge, -3),
            EntryState::Sent(Box::new(sent)),
        ),
        entry(
            11,
            "INC-2048",
            "Logins time out",
            command_envelope(logins, IncidentCommand::Acknowledge, -2),
            acknowledged_by_tomo(),
        ),
        entry(
            12,
            "INC-2051",
            title,
            command_envelope(cards, resolve(), -1),
            not_now("it is paused: go on with it first"),
        ),
    ];
    entries.extend(waiting(stage).entries);
    OutboxSnapshot { entries, ..OutboxSnapshot::default() }
}

/// The open incident is loaded again, with another age.
pub fn read_again(stage: &mut Stage, id: IncidentId, as_of: Option<DateTime<Utc>>) {
    let shown = stage.app.reading.shown.clone().expect("something is read");
    assert_eq!(shown.id, id);
    let value = ((*shown.detail).clone(), (*shown.events).clone());
    stage.send(Message::Detail(id, Ok(Box::new(Sourced { value, as_of })), stage.now));
}

pub fn show(stage: &mut Stage, listing: OutboxSnapshot) {
    stage.learn(BackendUpdate::Outbox(Arc::new(listing)));
}

#[rstest]
fn outbox_screens_match_their_snapshots(
    #[values((200, 60), (126, 36), (80, 24), (40, 12))] size: (u16, u16),
) {
    let name = |what: &str| format!("remote_{what}_{}x{}", size.0, size.1);
    let mut stage = remote(size);
    stage.keys("O");
    assert_snapshot!(name("outbox_empty"), stage.screen());
    stage.keys("Esc");
    offline(&mut stage);
    let listing = waiting(&stage);
    show(&mut stage, listing);
    assert_snapshot!(name("offline"), stage.screen());
    stage.keys("O");
    assert_snapshot!(name("outbox_pending"), stage.screen());
    let listing = mixed(&stage);
    show(&mut stage, listing);
    stage.keys("j");
    assert_snapshot!(name("outbox_refused"), stage.screen());
    stage.keys("x");
    assert_snapshot!(name("outbox_drop"), stage.screen());
    stage.keys("n Esc 2");
    let id = stage.incident_id(2048);
    read_again(&mut stage, id, Some(company::now() - TimeDelta::minutes(11)));
    assert_snapshot!(name("kept_detail"), stage.screen());
}

#[test]
fn pending_command_is_marked_on_its_row_and_the_timeline() {
    let mut stage = remote((126, 36));
    let listing = waiting(&stage);
    let command = listing.entries[0].id;
    show(&mut stage, listing);
    let screen = stage.screen();
    let row = screen.lines().find(|line| line.contains("2051 P1")).expect("a row");
    assert!(row.contains('↑'), "{row}");
    assert!(screen.contains("2 pending"), "{screen}");
    let id = stage.incident_id(2051);
    let (detail, mut events) = stage.memory.read(2051);
    let mut last = events.last().expect("it was declared").clone();
    last.seq += 1;
    last.command = command;
    events.push(last);
    stage.keys("k");
    stage.send(Message::Detail(id, Ok(Box::new(Sourced::fresh((detail, events)))), stage.now));
    assert!(stage.screen().contains(" ↑ Alert"), "{}", stage.screen());
}

#[test]
fn late_command_goes_from_pending_to_refused_to_dropped() {
    let mut stage = remote((126, 36));
    assert_eq!(stage.selected(), "INC-2048");
    stage.keys("k");
    stage.keys("n");
    stage.write("seen it");
    stage.keys("^s");
    let [envelope] = &stage.submitted[..] else { panic!("{:?}", stage.submitted) };
    let envelope = envelope.clone();
    // The command is in the outbox, so the draft is removed, and quitting need not wait.
    stage.send(Message::Enqueued(vec![envelope.id], Ok(()), stage.now));
    assert!(matches!(stage.draft_ops.last(), Some(DraftOp::Drop(_))), "{:?}", stage.draft_ops);
    let why = "already merged into INC-2040 by Tomo Sato 2 min ago";
    let title = "Card payments fail at checkout";
    let refused = entry(1, "INC-2051", title, envelope.clone(), conflict(why));
    show(&mut stage, OutboxSnapshot { entries: vec![refused], ..OutboxSnapshot::default() });
    let screen = stage.screen();
    assert!(screen.contains(why), "{screen}");
    assert!(screen.contains("O outbox"), "{screen}");
    assert!(screen.contains("1 refused (O)"), "{screen}");
    assert!(matches!(stage.app.ui.mode, Mode::Panes), "no form comes back by itself");
    // The form has its text, which is edited.
    stage.keys("O e");
    let screen = stage.screen();
    assert!(
        screen.contains("seen it") && screen.contains("it was refused: already merged"),
        "{screen}"
    );
    stage.write(" again");
    stage.submitted.clear();
    stage.keys("^s");
    assert_eq!(stage.replaced, [envelope.id]);
    assert!(matches!(
        &stage.submitted[0].command,
        Command::Incident { command: IncidentCommand::AddNote { text }, .. } if text == "seen it again"
    ));
    assert_ne!(stage.submitted[0].id, envelope.id, "other words are another command");
}

#[test]
fn refusal_is_reported_once() {
    let mut stage = remote((126, 36));
    let envelope = command_envelope(stage.incident_id(2051), IncidentCommand::Acknowledge, 1);
    let why = "already acknowledged by Tomo Sato 2 min ago";
    let refused = entry(1, "INC-2051", "Card payments fail", envelope, conflict(why));
    let all = |entry: &Arc<OutboxEntry>| OutboxSnapshot {
        entries: vec![entry.clone()],
        ..OutboxSnapshot::default()
    };
    show(&mut stage, all(&refused));
    assert!(stage.screen().contains(why), "{}", stage.screen());
    stage.keys("j");
    assert!(!stage.screen().contains(why), "it was dismissed");
    show(&mut stage, all(&refused));
    assert!(!stage.screen().contains(why), "{}", stage.screen());
    // The command is sent again and refused again.
    let mut again = refused.clone();
    Arc::make_mut(&mut again).settled_at = Some(company::now() + TimeDelta::seconds(40));
    show(&mut stage, all(&again));
    assert!(stage.screen().contains(why), "{}", stage.screen());
}

#[test]
fn own_refusal_is_reported_once() {
    let mut stage = remote((126, 36));
    stage.keys("k a");
    let envelope = stage.submitted[0].clone();
    stage.send(Message::Enqueued(vec![envelope.id], Ok(()), stage.now));
    let why = "already acknowledged by Tomo Sato 2 min ago";
    let refused = entry(1, "INC-2051", "Card payments fail", envelope, conflict(why));
    let all = OutboxSnapshot { entries: vec![refused], ..OutboxSnapshot::default() };
    show(&mut stage, all.clone());
    assert!(stage.screen().contains(why), "{}", stage.screen());
    stage.keys("j");
    show(&mut stage, all);
    assert!(!stage.screen().contains(why), "{}", stage.screen());
}

#[test]
fn unlisted_command_is_checked_before_it_counts_as_dropped() {
    let mut stage = remote((126, 36));
    stage.keys("k a");
    let [first] = &stage.submitted[..] else { panic!("{:?}", stage.submitted) };
    let (id, first) = (first.id, first.clone());
    // A snapshot from before the command was enqueued.
    show(&mut stage, OutboxSnapshot::default());
    assert_eq!((stage.app.inflight.pending.len(), stage.outbox_requests.len()), (1, 0));
    stage.send(Message::Enqueued(vec![id], Ok(()), stage.now));
    let listing = mixed(&stage);
    show(&mut stage, listing);
    show(&mut stage, OutboxSnapshot::default());
    assert_eq!(stage.outbox_requests, [OutboxRequest::Lookup(id)], "once");
    assert_eq!(stage.app.inflight.pending.len(), 1);
    let row = stage.memory.read(2051).0.incident.summary;
    let sent = Outcome { incident: Some(row.id), row: Some(row), events: vec![], replayed: false };
    let sent = entry(1, "INC-2051", "Cards", first, EntryState::Sent(Box::new(sent)));
    let found = Some(Box::new((*sent).clone()));
    stage.send(Message::OutboxEntryLoaded(id, Ok(found), stage.now));
    assert!(stage.app.inflight.pending.is_empty());
    assert!(!stage.screen().contains("dropped"), "{}", stage.screen());
    stage.submitted.clear();
    stage.keys("o");
    let id = stage.submitted[0].id;
    stage.send(Message::Enqueued(vec![id], Ok(()), stage.now));
    assert_eq!(stage.outbox_requests[1..], [OutboxRequest::Lookup(id)]);
    stage.send(Message::OutboxEntryLoaded(id, Ok(None), stage.now));
    assert!(stage.screen().contains("dropped from the outbox"), "{}", stage.screen());
}

#[test]
fn refused_command_can_be_retried_only_where_that_may_help() {
    let mut stage = remote((126, 36));
    let listing = mixed(&stage);
    let (hopeless, hopeful) = (listing.entries[1].id, listing.entries[2].id);
    show(&mut stage, listing);
    stage.keys("O s");
    assert!(stage.outbox_requests.is_empty());
    assert!(stage.screen().contains("nothing is left to do: drop it"), "{}", stage.screen());
    stage.keys("e");
    assert!(stage.screen().contains("there is nothing to edit in “acknowledge”"));
    stage.keys("j s");
    assert_eq!(stage.outbox_requests, [OutboxRequest::Retry(hopeful)]);
    stage.keys("k x Enter");
    assert_eq!(stage.outbox_requests.len(), 1, "Enter is no answer");
    stage.keys("y");
    assert_eq!(stage.outbox_requests[1], OutboxRequest::Drop(hopeless));
    stage.keys("R");
    assert_eq!(stage.outbox_requests[2], OutboxRequest::SendNow);
    stage.keys("q");
    assert!(matches!(stage.app.ui.mode, Mode::Panes));
}

#[test]
fn unreadable_entries_and_those_of_others_say_so() {
    let mut stage = remote((126, 36));
    let cards = stage.incident_id(2051);
    let odd = EntryState::Refused(BackendError::Broken("another version wrote it".into()));
    let mut odd = entry(
        1,
        "INC-2051",
        "Cards",
        command_envelope(cards, IncidentCommand::Acknowledge, 0),
        odd,
    );
    Arc::make_mut(&mut odd).envelope = None;
    let note = IncidentCommand::AddNote { text: "seen".into() };
    let mut hers =
        entry(2, "INC-2051", "Cards", command_envelope(cards, note, 0), EntryState::Pending);
    Arc::make_mut(&mut hers).requester = Some("ines".into());
    show(
        &mut stage,
        OutboxSnapshot {
            entries: vec![odd, hers],
            me: Some("tom".into()),
            ..OutboxSnapshot::default()
        },
    );
    stage.keys("O e");
    let screen = stage.screen();
    for expected in [
        "a command on INC-2051",
        "refused: another version wrote it",
        "it can't be read here: drop it",
        "held: asked by ines, the token is tom's: it waits for one of ines",
    ] {
        assert!(screen.contains(expected), "{expected}:\n{screen}");
    }
    stage.keys("s");
    assert!(stage.outbox_requests.is_empty());
    stage.keys("x y");
    assert_eq!(stage.outbox_requests.len(), 1);
}

#[test]
fn quitting_does_not_wait_for_the_outbox() {
    let mut stage = remote((126, 36));
    offline(&mut stage);
    stage.keys("k a q");
    assert!(!stage.is_quit, "it is not on the disk yet");
    let ids: Vec<CommandId> = stage.submitted.iter().map(|envelope| envelope.id).collect();
    stage.send(Message::Enqueued(ids, Ok(()), stage.now));
    assert!(stage.is_quit);
    assert_eq!(redphone::tui::verb::send::unconfirmed(&stage.app), "");
}

#[test]
fn pending_command_can_be_repeated_where_the_model_allows() {
    let mut stage = remote((126, 36));
    offline(&mut stage);
    stage.keys("k o");
    let ids: Vec<CommandId> = stage.submitted.iter().map(|envelope| envelope.id).collect();
    stage.send(Message::Enqueued(ids, Ok(()), stage.now));
    stage.submitted.clear();
    stage.keys("s");
    stage.write("tomo");
    stage.keys("Enter");
    assert_eq!(stage.submitted.len(), 1, "{}", stage.screen());
}

#[test]
fn offline_declaration_stays_selected_when_it_gets_its_number() {
    let mut stage = remote((126, 36));
    offline(&mut stage);
    stage.keys("D");
    stage.write("The vault is open");
    stage.keys("^s");
    let envelope = stage.submitted[0].clone();
    let Command::Incident { incident, .. } = envelope.command else { panic!() };
    stage.send(Message::Enqueued(vec![envelope.id], Ok(()), stage.now));
    let waits = entry(1, "new", "The vault is open", envelope.clone(), EntryState::Pending);
    show(&mut stage, OutboxSnapshot { entries: vec![waits], ..OutboxSnapshot::default() });
    // The rows of the mirror, with pending commands applied.
    let rules = redphone::model::Rules::default();
    let new = redphone::sync::remote::apply_pending_to_row(
        None,
        &[PendingChange::Command(std::borrow::Cow::Borrowed(&envelope))],
        &rules,
    )
    .expect("declared");
    let mut snapshot =
        redphone::sync::Snapshot::clone(stage.app.fetched.snapshot.as_ref().expect("rows"));
    snapshot.rows.push(Arc::new(new.clone()));
    stage.learn(BackendUpdate::Snapshot(Sourced::fresh(Arc::new(snapshot.clone()))));
    assert!(stage.screen().contains("new"), "{}", stage.screen());
    assert_eq!(stage.app.queue.selected, Some(incident), "{}", stage.screen());
    // The declaration reaches the store.
    let mut row = new;
    row.number = Some(redphone::model::IncidentNumber(2063));
    snapshot.rows.pop();
    snapshot.rows.push(Arc::new(row.clone()));
    stage.learn(BackendUpdate::Snapshot(Sourced::fresh(Arc::new(snapshot))));
    let outcome =
        Outcome { incident: Some(incident), row: Some(row), events: vec![], replayed: false };
    let sent = entry(1, "new", "The vault is open", envelope, EntryState::Sent(Box::new(outcome)));
    show(&mut stage, OutboxSnapshot { entries: vec![sent], ..OutboxSnapshot::default() });
    assert_eq!(stage.selected(), "INC-2063");
}

#[test]
fn local_store_has_no_outbox() {
    let mut stage = Stage::busy();
    stage.keys("O");
    assert!(stage.screen().contains("there is no outbox"), "{}", stage.screen());
    assert!(matches!(stage.app.ui.mode, Mode::Panes));
}

#[test]
fn outbox_does_not_scroll_while_its_selection_is_visible() {
    let mut stage = remote((80, 16));
    let notes = (0..20).map(|position| {
        let note = IncidentCommand::AddNote { text: format!("note {position}") };
        let envelope = command_envelope(stage.incident_id(2051), note, 1);
        entry(position, "INC-2051", "Card payments", envelope, EntryState::Pending)
    });
    let listing = OutboxSnapshot { entries: notes.collect(), ..OutboxSnapshot::default() };
    show(&mut stage, listing);
    stage.keys("O G");
    let top = |stage: &Stage| match &stage.app.ui.mode {
        Mode::Outbox(pane) => pane.top,
        _ => panic!("the outbox is open"),
    };
    let last = top(&stage);
    assert!(last > 0);
    stage.keys("k");
    assert_eq!(top(&stage), last, "{}", stage.screen());
    stage.keys("g");
    assert_eq!(top(&stage), 0);
}

/// A refusal that is read two days later contains that age, also that of an old server.
#[test]
fn refusal_is_read_as_of_when_it_is_shown() {
    let mut stage = remote((126, 36));
    let id = stage.incident_id(2048);
    let acknowledge = || command_envelope(id, IncidentCommand::Acknowledge, -2);
    let of_old_server =
        refused(RejectionKind::Conflict, "already acknowledged by Marta Kovács just now");
    let entries = vec![
        entry(11, "INC-2048", "Logins time out", acknowledge(), acknowledged_by_tomo()),
        entry(12, "INC-2048", "Logins time out", acknowledge(), of_old_server),
    ];
    show(&mut stage, OutboxSnapshot { entries, ..OutboxSnapshot::default() });
    stage.now += TimeDelta::days(2);
    let (now, offset) = (stage.now, stage.app.ui.offset);
    stage.send(Message::Tick(now, offset));
    stage.keys("O");
    let screen = stage.screen();
    assert!(screen.contains("already acknowledged by Tomo Sato 1 d ago"), "{screen}");
    assert!(screen.contains("by Marta Kovács just now (said 1 d ago)"), "{screen}");
}
