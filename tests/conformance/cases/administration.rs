//! Changes of the directory, with who made them.

use chrono::{DateTime, TimeDelta, Utc};
use redphone::backend::administration::entry_tag;
use redphone::backend::{
    AdministrationRequest, AdministrationSearch, Backend, BackendError, PageMark, Precondition,
};
use redphone::model::administration::{AdministrationChange, Entry, EntryKind, EntryRef};
use redphone::model::directory::{Service, Team, TeamOverride};
use redphone::model::id::CoverId;
use redphone::model::oncall::{Cover, CoverAnswer, CoverState, Override, Schedule, TimeSpan};
use redphone::model::{Actor, PersonRef};
use serde_json::json;

use crate::support::requests::ines;

fn request(change: AdministrationChange) -> AdministrationRequest {
    AdministrationRequest::new(Actor::Person(ines()), change, Utc::now())
}

fn person(handle: &str, name: &str) -> Entry {
    Entry::Person(PersonRef::new(handle, name))
}

fn team(name: &str, members: &[&str]) -> Entry {
    let members = members.iter().map(|member| (*member).to_owned()).collect();
    Entry::Team(Team { name: name.into(), members })
}

fn service(name: &str, team: &str, depends_on: &[&str]) -> Entry {
    Entry::Service(Service {
        name: name.into(),
        team: team.into(),
        depends_on: depends_on.iter().map(|name| (*name).to_owned()).collect(),
        runbook: None,
        objective: Some(99_900),
        public_name: None,
    })
}

fn schedule(team: &str, rotation: &[&str]) -> Entry {
    let schedule: Schedule = serde_json::from_value(json!({
        "team": team, "rotation": rotation, "starts_at": "2026-03-02T00:00:00Z", "turn_s": 86_400,
    }))
    .unwrap();
    Entry::Schedule(schedule)
}

fn stand_in(team: &str, person: &str) -> TeamOverride {
    let span: Override = serde_json::from_value(json!({
        "person": person, "from": "2030-03-02T00:00:00.250Z", "to": "2030-03-03T00:00:00Z",
    }))
    .unwrap();
    TeamOverride { team: team.into(), span }
}

async fn put(backend: &impl Backend, entry: Entry) {
    let change = AdministrationChange::put(entry.clone());
    let done = backend.administer(&request(change)).await.unwrap();
    assert!(done.event.is_some() && !done.replayed, "{entry:?}");
    let directory = backend.directory().await.unwrap();
    assert_eq!(Entry::find(&directory, &entry.reference()), Some(entry));
}

async fn refused(backend: &impl Backend, change: AdministrationChange) -> BackendError {
    let before = backend.directory().await.unwrap();
    let error = backend.administer(&request(change)).await.unwrap_err();
    assert_eq!(backend.directory().await.unwrap(), before, "{error}");
    error
}

fn removal(kind: EntryKind, name: &str) -> AdministrationChange {
    AdministrationChange::remove(EntryRef::new(kind, name))
}

/// Adds an entry of each kind.
async fn fill(backend: &impl Backend) {
    put(backend, person("nadia", "Nadia Moreau")).await;
    put(backend, person("tomo/é ?", "Tomo")).await;
    put(backend, team("payments", &["nadia", "tomo/é ?"])).await;
    put(backend, service("ledger", "payments", &[])).await;
    put(backend, service("checkout", "payments", &["ledger"])).await;
    put(backend, schedule("payments", &["nadia", "tomo/é ?"])).await;
    let policy = json!({"team": "payments", "levels": [
        {"after_s": 0, "call": [{"on_call": "payments"}]},
        {"after_s": 600, "call": [{"person": "nadia"}]},
    ]});
    put(backend, Entry::Policy(serde_json::from_value(policy).unwrap())).await;
}

pub async fn entries_are_added_replaced_and_removed(backend: &impl Backend) {
    fill(backend).await;
    put(backend, person("nadia", "Nadia Duval")).await;
    let same = request(AdministrationChange::put(person("nadia", "Nadia Duval")));
    assert_eq!(backend.administer(&same).await.unwrap().event, None, "it was so already");
    // An entry that others refer to remains until they no longer do.
    for (kind, name, user) in [
        (EntryKind::Person, "nadia", "\"payments\""),
        (EntryKind::Team, "payments", "\"ledger\""),
        (EntryKind::Service, "ledger", "\"checkout\""),
        (EntryKind::Schedule, "payments", "the policy \"payments\""),
    ] {
        let error = refused(backend, removal(kind, name)).await;
        assert!(matches!(error, BackendError::Conflict(_)), "{error:?}");
        assert!(error.to_string().contains("is in use") && error.to_string().contains(user));
    }
    for (kind, name) in [
        (EntryKind::Policy, "payments"),
        (EntryKind::Schedule, "payments"),
        (EntryKind::Service, "checkout"),
        (EntryKind::Service, "ledger"),
        (EntryKind::Team, "payments"),
        (EntryKind::Person, "tomo/é ?"),
    ] {
        let done = backend.administer(&request(removal(kind, name))).await.unwrap();
        let before = done.event.unwrap().before.unwrap();
        assert_eq!((before.kind(), before.name()), (kind, name));
        let error = refused(backend, removal(kind, name)).await;
        assert!(matches!(error, BackendError::NotFound(_)), "{error:?}");
        assert!(error.to_string().contains("does not exist"), "{error}");
    }
    let directory = backend.directory().await.unwrap();
    let named = |handle: &str| directory.people.iter().find(|one| one.handle == handle);
    assert_eq!(named("nadia"), Some(&PersonRef::new("nadia", "Nadia Duval")));
    assert_eq!(named("tomo/é ?"), None);
    assert!(directory.services.is_empty() && directory.teams.is_empty());
}

pub async fn entry_that_makes_no_sense_is_refused(backend: &impl Backend) {
    fill(backend).await;
    for (entry, expected) in [
        (person("", "Nobody"), "handle: is empty"),
        (person("..", "Nobody"), "is no name"),
        (person("@mei", "Mei"), "is no name"),
        (person("mei", ""), "name: is empty"),
        (person("NADIA", "Another"), "can't be told from"),
        (team("web", &["nadja"]), "did you mean \"nadia\""),
        (team("web", &["nadia", "nadia"]), "there twice"),
        (service("mail", "paymens", &[]), "did you mean \"payments\""),
        (service("mail", "payments", &["ledgr"]), "did you mean \"ledger\""),
        (service("mail", "payments", &["mail"]), "the service itself"),
        (schedule("payments", &["nobody"]), "there is no \"nobody\""),
        (schedule("nobody", &["nadia"]), "there is no team"),
    ] {
        let error = refused(backend, AdministrationChange::put(entry)).await;
        assert!(error.to_string().contains(expected), "{expected:?} is not in {error}");
    }
    let wrong = [
        (json!({"team": "payments", "levels": []}), "levels: is empty"),
        (json!({"team": "payments", "levels": [{"after_s": 0, "call": []}]}), "call: is empty"),
        (
            json!({"team": "payments", "levels": [
                {"after_s": 60, "call": [{"person": "nadia"}]},
                {"after_s": 60, "call": [{"person": "nadia"}]},
            ]}),
            "is not in order",
        ),
    ];
    for (policy, expected) in wrong {
        let policy = Entry::Policy(serde_json::from_value(policy).unwrap());
        let error = refused(backend, AdministrationChange::put(policy)).await;
        assert!(error.to_string().contains(expected), "{expected:?} is not in {error}");
    }
}

pub async fn schedule_may_have_a_name_of_its_own(backend: &impl Backend) {
    fill(backend).await;
    let nights: Schedule = serde_json::from_value(json!({
        "team": "payments", "name": "nights/2", "rotation": ["nadia"],
        "starts_at": "2026-03-02T00:00:00Z", "turn_s": 3600,
    }))
    .unwrap();
    put(backend, Entry::Schedule(nights)).await;
    let done = backend.administer(&request(removal(EntryKind::Schedule, "nights/2"))).await;
    assert_eq!(done.unwrap().event.unwrap().before.unwrap().name(), "nights/2");
    let directory = backend.directory().await.unwrap();
    assert_eq!(Entry::names(&directory, EntryKind::Schedule), ["payments"]);
}

pub async fn stand_ins_are_added_and_removed(backend: &impl Backend) {
    fill(backend).await;
    let at = "2030-03-02T12:00:00Z".parse().unwrap();
    let on_call = async || {
        let directory = backend.directory().await.unwrap();
        directory.on_call("payments", at).unwrap().handle.clone()
    };
    let usual = on_call().await;
    let other = if usual == "nadia" { "tomo/é ?" } else { "nadia" };
    let added = AdministrationChange::AddOverride(stand_in("payments", other));
    assert!(backend.administer(&request(added.clone())).await.unwrap().event.is_some());
    assert_eq!(backend.administer(&request(added)).await.unwrap().event, None);
    assert_eq!(on_call().await, other);
    let removed = AdministrationChange::RemoveOverride(stand_in("payments", other));
    backend.administer(&request(removed.clone())).await.unwrap();
    assert_eq!(on_call().await, usual);
    let error = refused(backend, removed).await;
    assert!(matches!(error, BackendError::NotFound(_)), "{error:?}");
    let nowhere = AdministrationChange::AddOverride(stand_in("web", "nadia"));
    assert!(matches!(refused(backend, nowhere).await, BackendError::NotFound(_)));
}

/// Requests cover for a shift, and returns the requester, a person who can accept it, its begin,
/// and the request.
async fn requested_cover(backend: &impl Backend) -> (String, String, DateTime<Utc>, Cover) {
    fill(backend).await;
    let from: DateTime<Utc> = "2030-03-02T12:00:00Z".parse().unwrap();
    let directory = backend.directory().await.unwrap();
    let schedule = directory.schedule("payments").unwrap();
    let on_call = schedule.on_call(from).unwrap().to_owned();
    let other = schedule.rotation.iter().find(|handle| **handle != on_call).unwrap().clone();
    let span = TimeSpan { from, to: from + TimeDelta::hours(1) };
    let cover = Cover::new(CoverId::new(), "payments", &on_call, span);
    let change = AdministrationChange::RequestCover(cover);
    assert!(backend.administer(&request(change)).await.unwrap().event.is_some());
    let directory = backend.directory().await.unwrap();
    let cover = directory.covers[0].clone();
    assert_eq!((cover.person.as_str(), cover.state), (on_call.as_str(), CoverState::Open));
    (on_call, other, from, cover)
}

fn answer_to(cover: &Cover, person: &str) -> CoverAnswer {
    CoverAnswer { id: cover.id, schedule: "payments".into(), person: person.into() }
}

pub async fn declined_cover_changes_nobody(backend: &impl Backend) {
    let (on_call, other, from, cover) = requested_cover(backend).await;
    let declined = AdministrationChange::DeclineCover(answer_to(&cover, &other));
    assert!(backend.administer(&request(declined)).await.unwrap().event.is_some());
    let directory = backend.directory().await.unwrap();
    assert_eq!(directory.covers[0].declined_by, [other]);
    assert_eq!(directory.schedule("payments").unwrap().on_call(from), Some(on_call.as_str()));
}

pub async fn cover_is_accepted_by_exactly_one(backend: &impl Backend) {
    let (on_call, other, from, cover) = requested_cover(backend).await;
    let answer = |person: &str| answer_to(&cover, person);
    let accepted = AdministrationChange::AcceptCover(answer(&other));
    assert!(backend.administer(&request(accepted)).await.unwrap().event.is_some());
    let directory = backend.directory().await.unwrap();
    assert_eq!(directory.schedule("payments").unwrap().on_call(from), Some(other.as_str()));
    let withdrawn = AdministrationChange::WithdrawCover(answer(&on_call));
    let error = refused(backend, withdrawn).await;
    assert!(matches!(error, BackendError::Conflict(_)), "{error:?}");
}

pub async fn repeated_request_has_its_first_outcome(backend: &impl Backend) {
    put(backend, person("nadia", "Nadia Moreau")).await;
    let added = request(AdministrationChange::put(person("nora", "Nora")));
    let first = backend.administer(&added).await.unwrap();
    put(backend, person("nora", "Nora Voss")).await;
    let again = backend.administer(&added).await.unwrap();
    assert!(again.replayed && again.event == first.event, "{again:?}");
    let directory = backend.directory().await.unwrap();
    assert_eq!(directory.person("nora").unwrap().name, "Nora Voss");
    let change = AdministrationChange::put(person("bo", "Bo"));
    let other = AdministrationRequest { change, ..added };
    let error = backend.administer(&other).await.unwrap_err();
    assert!(error.to_string().contains("id"), "{error}");
}

pub async fn what_is_expected_of_an_entry_is_checked(backend: &impl Backend) {
    put(backend, person("nadia", "Nadia Moreau")).await;
    let seen = person("nadia", "Nadia Moreau");
    let change = || AdministrationChange::put(person("nadia", "Nadia Duval"));
    let expecting = |change, expected| AdministrationRequest { expected, ..request(change) };
    for wrong in [Precondition::Absent, Precondition::Tag(entry_tag(&person("nadia", "Another")))] {
        let error = backend.administer(&expecting(change(), wrong)).await.unwrap_err();
        assert!(matches!(error, BackendError::Conflict(_)), "{error:?}");
    }
    let new = AdministrationChange::put(person("nora", "Nora"));
    let error = backend.administer(&expecting(new, Precondition::Present)).await.unwrap_err();
    assert!(matches!(error, BackendError::NotFound(_)), "{error:?}");
    let right = Precondition::Tag(entry_tag(&seen));
    assert!(backend.administer(&expecting(change(), right)).await.unwrap().event.is_some());
}

pub async fn changes_of_administration_are_listed(backend: &impl Backend) {
    fill(backend).await;
    let all = AdministrationSearch { limit: 1000, after: None };
    let all = backend.administration_log(&all).await.unwrap();
    assert_eq!((all.rows.len(), all.next), (7, None));
    assert!(all.rows.iter().all(|event| event.before.is_none()));
    assert_eq!(all.rows[6].change, AdministrationChange::put(person("nadia", "Nadia Moreau")));
    let (mut search, mut rows) = (AdministrationSearch { limit: 3, after: None }, Vec::new());
    loop {
        let page = backend.administration_log(&search).await.unwrap();
        assert!(page.rows.len() <= 3);
        rows.extend(page.rows);
        search.after = page.next;
        if search.after.is_none() {
            break;
        }
    }
    assert_eq!(rows, all.rows);
    for wrong in [
        AdministrationSearch { limit: 0, after: None },
        AdministrationSearch { limit: 1001, after: None },
        AdministrationSearch { limit: 5, after: Some(PageMark::Key(3)) },
    ] {
        let error = backend.administration_log(&wrong).await.unwrap_err();
        assert!(matches!(error, BackendError::Rejected(_)), "{error:?}");
    }
}
