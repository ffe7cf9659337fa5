//! The edge: every rejection and every problem of a field, with the sentence that people read.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Debug;

use redphone::model::administration::{AdministrationRefusal, EntryKind, EntryRef};
use redphone::model::check::{BadField, FieldProblem};
use redphone::model::checklist::ClosingItem;
use redphone::model::command::Link;
use redphone::model::maintenance::MaintenanceRefusal;
use redphone::model::rejection::{DatedRejection, DatedSentence, Rejection, RejectionKind};
use redphone::model::review::Section;
use redphone::model::stability::Soak;
use redphone::model::status::{Category, Role};
use redphone::model::unknown::Word;
use redphone::model::{
    Actor, Impact, IncidentId, IncidentNumber, PersonRef, Priority, Status, Urgency,
};

use crate::support::model::{at, tariq};

/// A name that would harm a terminal.
fn escaped() -> PersonRef {
    PersonRef::new("eve", "Eve\u{1b}[2J")
}

/// Every variant, with its kind and its sentence at 08:05, five minutes after the incidents began.
#[allow(clippy::too_many_lines, reason = "a table")]
fn table() -> Vec<(Rejection, RejectionKind, &'static str)> {
    use Rejection as R;
    use RejectionKind::{Conflict, Invalid, NotFound, NotNow};
    let by = || Actor::Person(tariq());
    let number = Some(IncidentNumber(7));
    let link = || Link::Url("https://example.org/\u{202e}".into());
    let (status, other) = (Status::Identified, Actor::Integration("Alert\nmanager".into()));
    let (resolved, merged) = (Status::Resolved, Status::Merged);
    vec![
        (R::NotAboutAnIncident, Invalid, "not a command about an incident"),
        (R::NoSuchIncident, NotFound, "there is no such incident"),
        (
            R::Field(BadField::new("note", FieldProblem::NoText)),
            Invalid,
            "note: is empty: say something",
        ),
        (R::AlreadyDeclared { number }, Conflict, "already declared as INC-7"),
        (R::AlreadyDeclared { number: None }, Conflict, "already declared as new"),
        (
            R::AlreadyEnded { status: resolved, merged_into: None, by: by(), at: at(3) },
            Conflict,
            "already resolved by Tariq Osei 2 min ago",
        ),
        (
            R::AlreadyEnded { status: merged, merged_into: number, by: other, at: at(5) },
            Conflict,
            "already merged into INC-7 by Alert␊manager just now",
        ),
        (
            R::AlreadyEnded { status: merged, merged_into: None, by: by(), at: at(-60) },
            Conflict,
            "already merged by Tariq Osei 1 h ago",
        ),
        (R::NotOpen { status: resolved }, Conflict, "already resolved"),
        (
            R::AlreadyAcknowledged { by: Some(by()), at: at(3) },
            Conflict,
            "already acknowledged by Tariq Osei 2 min ago",
        ),
        (
            R::AlreadyAcknowledged { by: None, at: at(3) },
            Conflict,
            "already acknowledged 2 min ago",
        ),
        (
            R::AlreadyAtStage { status, by: by(), at: at(-3 * 1440) },
            Conflict,
            "already identified by Tariq Osei 3 d ago",
        ),
        (R::StagesOnlyMoveForward { status }, NotNow, "it is identified: stages only move forward"),
        (
            R::UnknownStatus { status: Status::Unknown(Word::new("on_\u{1b}[2Jhold")) },
            NotNow,
            "its status is on ␛[2Jhold, which only a later version of redphone defines: update redphone",
        ),
        (R::AlreadyOwned { by: escaped() }, Conflict, "already owned by Eve␛[2J"),
        (R::AlreadyUnowned, Conflict, "already unowned"),
        (R::AlreadyItsTeam, Conflict, "that is its team already"),
        (R::AlreadyItsServices, Conflict, "these are its services already"),
        (R::AlreadyCategorized { category: Category::Security }, Conflict, "already security"),
        (R::AlreadyUncategorized, Conflict, "it has no category"),
        (
            R::RoleUnchanged { role: Role::Scribe, person: escaped(), given: true },
            Conflict,
            "Eve␛[2J is already scribe",
        ),
        (
            R::RoleUnchanged { role: Role::Scribe, person: tariq(), given: false },
            Conflict,
            "Tariq Osei is not scribe",
        ),
        (
            R::AlreadyPrioritized {
                priority: Priority::P2,
                impact: Impact::High,
                urgency: Urgency::Medium,
            },
            Conflict,
            "already P2, high × medium",
        ),
        (R::AlreadyOfPriority { priority: Priority::P4 }, Conflict, "already P4"),
        (
            R::RoleAlreadyRequested { role: Role::Scribe, person: escaped(), at: at(3) },
            Conflict,
            "Eve␛[2J was asked 2 min ago to be scribe",
        ),
        (
            R::NoRoleRequest { role: Role::Scribe },
            Conflict,
            "you are not asked to be scribe, or have answered already",
        ),
        (R::AcknowledgedMeanwhile, NotNow, "somebody has acknowledged it meanwhile"),
        (R::LevelAlreadyCalled { level: 2 }, Conflict, "level 2 was called already"),
        (R::LevelNotDue { level: 2 }, NotNow, "level 2 is not due yet"),
        (R::EscalationOnHold, NotNow, "nobody is called by itself while it is snoozed or paused"),
        (
            R::Administration(AdministrationRefusal::NoSuchEntry {
                entry: EntryRef { kind: EntryKind::Team, name: "pay\u{7}".into() },
                nearest: Some("payments".into()),
            }),
            NotFound,
            "the team \"pay␇\" does not exist: did you mean \"payments\"?",
        ),
        (
            R::Administration(AdministrationRefusal::UnknownChange),
            Invalid,
            "the change is of a later version: update redphone to make it",
        ),
        (R::NothingToChange, Invalid, "nothing to change was given"),
        (
            R::AlreadyPaused { reason: "the partner\u{7}".into() },
            Conflict,
            "already paused: the partner␇",
        ),
        (R::NotPaused, Conflict, "it is not paused"),
        (R::NotSnoozed, Conflict, "it is not snoozed"),
        (
            R::EscalationMuted,
            NotNow,
            "nobody is called by itself while a maintenance window mutes it",
        ),
        (R::AlreadyMuted, Conflict, "it is muted until then already"),
        (R::NotMuted, Conflict, "no maintenance window mutes it"),
        (
            R::Maintenance(MaintenanceRefusal::NotFound),
            NotFound,
            "there is no such maintenance window",
        ),
        (
            R::Maintenance(MaintenanceRefusal::ChangedMeanwhile { expected: 1, current: 2 }),
            Conflict,
            "somebody has changed the maintenance window: it has revision 2, and not 1",
        ),
        (R::MergeIntoItself, Invalid, "an incident can't be merged into itself"),
        (
            R::MergeTargetEnded { number, status: resolved },
            NotNow,
            "INC-7 is resolved: choose an open incident to merge into",
        ),
        (R::FoldUnderItself, Invalid, "an incident can't be folded under itself"),
        (
            R::FoldTargetEnded { number, status: resolved },
            NotNow,
            "INC-7 is resolved: choose an open incident to fold it under",
        ),
        (
            R::FoldTargetFolded { number },
            NotNow,
            "INC-7 is folded itself: choose the incident that it is folded under",
        ),
        (R::AlreadyFolded, Conflict, "it is folded already: unfold it before"),
        (R::NotFolded, Conflict, "it is not folded"),
        (R::AlreadyNoise, Conflict, "it is marked as noise already"),
        (R::NotNoise, Conflict, "it is not marked as noise"),
        (R::NoSuchActionItem, Invalid, "its review has no such action item"),
        (
            R::AlreadyFollowedUp { by: "OPS-12\u{1b} open".into() },
            Conflict,
            "the action item is followed up already: OPS-12␛ open",
        ),
        (R::AlreadyReported, Conflict, "that reporter was added already"),
        (R::NoSuchReporter, Conflict, "it has no such reporter"),
        (R::AlreadyInvolved, Conflict, "that team works on it already"),
        (R::NotInvolved, Conflict, "that team does not help"),
        (
            R::AlreadyAttached { name: "app.log".into() },
            Conflict,
            "it has that evidence already: app.log",
        ),
        (
            R::EvidenceFull,
            NotNow,
            "the evidence of all incidents has 1 GiB, which is the most: redact some",
        ),
        (R::NoSuchEvidence, Conflict, "it has no such evidence"),
        (R::AlreadyRedacted, Conflict, "that was redacted already"),
        (R::NothingToRedact, Conflict, "it has no such evidence, reporter or note"),
        (R::MoveToItself, Invalid, "its alerts are in it already: choose another incident"),
        (
            R::MoveTargetEnded { number, status: resolved },
            NotNow,
            "INC-7 is resolved: choose an open incident to move them to",
        ),
        (R::AlreadyLinked { link: link() }, Conflict, "already linked to https://example.org/�"),
        (
            R::NotLinked { link: Link::Incident { id: IncidentId::new(), number } },
            Conflict,
            "not linked to INC-7",
        ),
        (
            R::NotStableYet {
                soak: Soak { since: Some(at(0)), required_s: 900, firing: 0 },
                at: at(4),
            },
            NotNow,
            "green for 4m of 15m: wait, or give a reason to resolve it earlier",
        ),
        (R::CloseUnresolved, NotNow, "resolve it before closing it"),
        (
            R::ClosingGateOpen { missing: ClosingItem::ALL.to_vec() },
            NotNow,
            "the closing gate is not answered: service stable, resolved or contained, \
             stakeholders got the final update, timeline and actions recorded, follow up captured",
        ),
        (R::NeedsNoReopening { status }, Conflict, "it is identified: it needs no reopening"),
        (
            R::ReopenedTooLate { closed_at: at(-8 * 1440), days: 7 },
            NotNow,
            "closed 8 d ago: it can be reopened for 7 days, declare a new one",
        ),
        (
            R::CorrectionNeedsReason { status: Status::Closed },
            NotNow,
            "it is closed: a correction needs a reason",
        ),
        (
            R::CorrectedTooLate { status: Status::Closed, closed_at: at(-8 * 1440), days: 7 },
            NotNow,
            "closed 8 d ago: it can be corrected for 7 days, write a note or the review",
        ),
        (R::NoMoveToUndo { status }, NotNow, "it is identified: there is no move to take back"),
        (
            R::MovedBySomebodyElse { status, by: by(), at: at(5) },
            Conflict,
            "Tariq Osei has made it identified just now",
        ),
        (
            R::UndoneTooLate { status, at: at(2), seconds: 60 },
            NotNow,
            "made identified 3 min ago: a move can be taken back for 60 s",
        ),
        (R::NothingToReview { status: merged }, NotNow, "it is merged: there is nothing to review"),
        (R::ReviewAlreadySubmitted, Conflict, "the review was submitted already"),
        (R::ReviewNotSubmitted, Conflict, "the review is not submitted: it is a draft"),
        (R::ReviewAlreadyPublished { at: at(0) }, Conflict, "the review was published 5 min ago"),
        (R::PublishUnresolved, NotNow, "resolve it before publishing its review"),
        (
            R::ReviewLacks { sections: vec![Section::Summary, Section::RootCause] },
            NotNow,
            "the review lacks: summary, root cause and contributing factors",
        ),
        (
            R::IdReused,
            Invalid,
            "its id is that of another command, which was carried out before: send it with a new id",
        ),
        (
            R::IdCollides,
            Invalid,
            "its id is too near to that of another command: send it with a new id, a UUID of version 7",
        ),
        (
            R::ChangedMeanwhile { expected: 3, current: 5 },
            Conflict,
            "it has changed: its last event is 5, and should be 3: look at it again",
        ),
        (
            R::ChangedMeanwhile { expected: 3, current: 0 },
            Conflict,
            "it does not exist, and its last event should be 3: look again",
        ),
        (R::foreign(NotNow, "not at this\nhour"), NotNow, "not at this\nhour"),
        (
            R::ForeignDated {
                kind: Conflict,
                sentence: DatedSentence {
                    before: "already paused by {ago} ".into(),
                    at: at(2),
                    after: ", it says".into(),
                },
            },
            Conflict,
            "already paused by {ago} 3 min ago, it says",
        ),
    ]
}

/// Every problem of a field, with the sentence that follows the field's name.
fn field_table() -> Vec<(FieldProblem, &'static str)> {
    use FieldProblem as F;
    let late = "2126-05-17T00:00:00Z".parse().unwrap();
    vec![
        (F::Empty, "is empty: write at least one character"),
        (F::NoText, "is empty: say something"),
        (F::WaitOutOfRange, "is no time from 0 s to 7 d: write a shorter time"),
        (F::NoTimeOfDay, "is no time of the day: write one such as 22:00"),
        (
            F::NoZone("Mars/\u{1b}".into()),
            "is \"Mars/␛\", which is no zone here: write one such as Europe/Berlin",
        ),
        (
            F::NoChannel { name: "sm\u{7}".into(), nearest: Some("sms".into()) },
            "there is no channel \"sm␇\" in the settings (did you mean \"sms\"?)",
        ),
        (
            F::NotAnAddress { kind: "sms", expected: "a number such as +4915123456789" },
            "is not one of sms: write a number such as +4915123456789",
        ),
        (
            F::TooManyChars { count: 101, max: 100 },
            "has 101 characters: shorten it to 100 or fewer",
        ),
        (
            F::TooManyBytes { bytes: 70_000, max: 64 * 1024 },
            "has 69 KiB: shorten it to 64 KiB or less",
        ),
        (F::LineBreak, "has a line break: write it on one line"),
        (F::NotAUrl, "is no URL: it begins with https:// or another scheme"),
        (F::NotAShare, "is no share: write a number of percent from 0 to 100, such as 12.5%"),
        (
            F::TooManyUsers { users: 100_000_000_001, max: 100_000_000_000 },
            "is 100000000001: 100000000000 is the most",
        ),
        (F::IntervalTooLong { days: 366 }, "is longer than 366 days: give a shorter one"),
        (F::NotBase64, "is not in base64: encode the content"),
        (F::NotAHash, "is not SHA-256 of the content in hexadecimal digits"),
        (F::UnknownPart, "is not known: give evidence, reporter, contact or note"),
        (F::TooManyEntries { count: 201, max: 200 }, "has 201 entries: 200 is the most"),
        (F::Duplicate("a\u{1b}".into()), "\"a␛\" is there twice"),
        (F::OutOfRange(late), "2126-05-17 is outside 1970 to 2100: correct the date"),
        (F::AfterReport, "lies after reported_at: an incident is reported once it is detected"),
        (F::InTheFuture(at(6)), "2026-03-02 08:06:00 UTC lies in the future"),
        (F::Passed, "that time has passed: choose a later one"),
        (F::BeforeStart, "lies before starts_at: a change ends after it starts"),
        (F::NoPosition, "is only for commands about an incident: leave it out"),
        (F::ZeroPosition, "is 0: positions start at 1"),
        (
            F::NotAStage(Status::Resolved),
            "resolved is not a stage to move to: there is a command for it",
        ),
        (
            F::NotAStage(Status::Triggered),
            "triggered is not a stage to move to: there is no command for it, an incident begins \
             there",
        ),
        (F::NotAnEarlierStage(Status::Merged), "merged is not a stage to go back to"),
        (F::RowCount { max: 1000 }, "ask for 1 to 1000 rows"),
        (
            F::UnknownPerson { handle: "inez".into(), nearest: Some("ines".into()) },
            "there is no \"inez\" in the directory (did you mean \"ines\"?): name somebody by a \
             handle of the directory",
        ),
        (
            F::UnknownName { kind: "service", name: "pay".into(), nearest: None },
            "there is no service \"pay\" in the directory",
        ),
        (
            F::NotAZone("Europe/Atlantis\u{1b}".into()),
            "\"Europe/Atlantis␛\" is no time zone that this machine has: write one such as \
             Europe/Berlin",
        ),
        (F::NotPositive, "is not above 0"),
        (F::NotAfter("from"), "does not lie after from"),
        (F::EndsBefore, "does not lie after from: choose a later time"),
        (F::TooLong { days: 30 }, "lies more than 30 days after from: choose an earlier time"),
        (
            F::NotAscending,
            "is not in order: each level is called later than the one before, and none before 0",
        ),
        (F::NoEntries, "is empty: give at least one"),
        (
            F::NotAnObjective(100_001),
            "100001 is not an objective in parts per 100,000: 99.9 % is 99900",
        ),
        (F::DependsOnItself, "names the service itself: leave it out"),
        (
            F::NotAnIdentifier(" b".into()),
            "\" b\" is no name: write it without a blank or an @ at its ends",
        ),
        (F::ForeignPage, "that is no page of this list: begin with the first"),
    ]
}

#[test]
fn every_rejection_has_its_kind_and_its_sentence() {
    for (rejection, kind, sentence) in table() {
        assert_eq!(rejection.sentence(at(5)), sentence, "{rejection:?}");
        assert_eq!(rejection.kind(), kind, "{rejection:?}");
    }
}

/// A rejection that was sent or waits in an outbox formats its time relative to the time of
/// reading.
#[test]
fn sentence_with_a_time_is_the_same_in_parts() {
    let mut dated_count = 0;
    for (rejection, kind, sentence) in table() {
        let Some(dated) = rejection.dated() else {
            assert!(!sentence.contains(" ago") && !sentence.contains("just now"), "{sentence}");
            continue;
        };
        dated_count += 1;
        let foreign = Rejection::ForeignDated { kind, sentence: dated };
        for minutes in [5, 200, 3000] {
            assert_eq!(foreign.sentence(at(minutes)), rejection.sentence(at(minutes)));
        }
        assert_ne!(foreign.sentence(at(3000)), sentence);
    }
    assert!(dated_count >= 8, "{dated_count}");
}

#[test]
fn every_problem_of_a_field_has_its_sentence() {
    for (problem, sentence) in field_table() {
        assert_eq!(problem.to_string(), sentence, "{problem:?}");
        let bad = BadField::new("by", problem);
        assert_eq!(Rejection::from(bad).sentence(at(5)), format!("by: {sentence}"));
    }
}

#[test]
fn tables_of_sentences_have_every_variant() {
    let rejections = table().into_iter().map(|(rejection, ..)| rejection);
    let source = include_str!("../../src/model/rejection.rs");
    assert_eq!(named(rejections), variants(source, "Rejection"));
    let problems = field_table().into_iter().map(|(problem, _)| problem);
    let source = include_str!("../../src/model/bad_field.rs");
    assert_eq!(named(problems), variants(source, "FieldProblem"));
}

/// Returns the variants of an enum, as its source names them.
fn variants(source: &str, name: &str) -> BTreeSet<String> {
    let items = syn::parse_file(source).unwrap().items.into_iter();
    let mut enums = items.filter_map(|item| match item {
        syn::Item::Enum(item) if item.ident == name => Some(item),
        _ => None,
    });
    enums.next().unwrap().variants.iter().map(|variant| variant.ident.to_string()).collect()
}

/// Returns the variants of values.
fn named(values: impl Iterator<Item = impl Debug>) -> BTreeSet<String> {
    let name = |value| {
        let text = format!("{value:?}");
        text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
    };
    values.map(name).collect()
}

#[test]
fn dated_rejection_reads_as_when_it_was_decided() {
    let rejection = Rejection::AlreadyAcknowledged { by: Some(Actor::Person(tariq())), at: at(1) };
    let dated = DatedRejection { rejection, decided_at: at(3) };
    assert_eq!(dated.to_string(), "already acknowledged by Tariq Osei 2 min ago");
    // A client has a rejection as the server's sentence, whenever it reads that.
    let said = Rejection::foreign(RejectionKind::Conflict, dated.to_string());
    assert_eq!(dated, DatedRejection { rejection: said.clone(), decided_at: at(900) });
    assert_ne!(dated, DatedRejection { decided_at: at(9), ..dated.clone() });
    assert!(dated.source().is_none());
}

#[test]
fn rejection_of_a_field_has_the_field_as_its_source() {
    let bad = BadField::new("title", FieldProblem::Empty);
    let dated = DatedRejection { rejection: bad.clone().into(), decided_at: at(0) };
    assert_eq!(dated.source().and_then(|source| source.downcast_ref()), Some(&bad));
}
