//! Tests of the cache when responses arrive in another order than they were requested.

use serde_json::json;

use super::*;
use crate::model::decide::{Context, decide};
use crate::model::{
    Actor, Command, CommandId, Envelope, Incident, IncidentCommand, PersonRef, Rules,
};

/// Returns the record of an incident after each of its first `count` events, and the events.
fn history(count: usize) -> (Vec<Detail>, Vec<Event>) {
    let at = "2026-01-05T09:00:00Z";
    let declaration = json!({
        "title": "Cards fail", "impact": "high", "urgency": "high", "source": "monitoring",
        "detected_at": at, "reported_at": at,
    });
    let declare = IncidentCommand::Declare(serde_json::from_value(declaration).unwrap());
    let id = IncidentId::new();
    let rules = Rules::default();
    let now = at.parse().unwrap();
    let mut incident: Option<Incident> = None;
    let (mut details, mut events) = (Vec::new(), Vec::new());
    let notes = (1..count).map(|n| IncidentCommand::AddNote { text: format!("note {n}") });
    for command in std::iter::once(declare).chain(notes) {
        let envelope = Envelope {
            id: CommandId::new(),
            at: now,
            actor: Actor::Person(PersonRef::new("ines", "Ines Moreau")),
            command: Command::incident(id, command),
            expected_seq: None,
        };
        for event in decide(incident.as_ref(), &envelope, Context { now, rules: &rules }).unwrap() {
            match &mut incident {
                Some(incident) => incident.apply(&event),
                None => incident = Incident::from_declaration(&event),
            }
            events.push(event);
        }
        let incident = incident.clone().unwrap();
        details.push(Detail {
            incident,
            suspects: Vec::new(),
            similar: Vec::new(),
            problem: None,
            known_errors: Vec::new(),
            linked_changes: Vec::new(),
            alert_rows: Vec::new(),
            soak: None,
        });
    }
    (details, events)
}

async fn cached_seqs(cache: &Cache, id: IncidentId) -> (u32, Vec<u32>) {
    let detail = cache.detail(id).await.unwrap().value;
    let events = cache.timeline(id, TimelineRange::Last(1000)).await.unwrap();
    (detail.incident.summary.seq, events.iter().map(|event| event.seq).collect())
}

#[tokio::test]
async fn late_fact_does_not_replace_that_of_a_later_request() {
    let folder = tempfile::tempdir().unwrap();
    let (cache, _) = Cache::open(folder.path()).await;
    let (earlier, later) = (cache.start_request(), cache.start_request());
    let now = Utc::now();
    cache.put_fact("measures 24", later, &"new", now).await;
    cache.put_fact("measures 24", earlier, &"old", now).await;
    cache.put_fact("measures 168", earlier, &"other", now).await;
    assert_eq!(cache.fact::<String>("measures 24").await.unwrap().value, "new");
    assert_eq!(cache.fact::<String>("measures 168").await.unwrap().value, "other");
    cache.put_fact("measures 24", cache.start_request(), &"newest", now).await;
    assert_eq!(cache.fact::<String>("measures 24").await.unwrap().value, "newest");
}

#[tokio::test]
async fn late_detail_and_timeline_evict_no_later_events() {
    let folder = tempfile::tempdir().unwrap();
    let (cache, _) = Cache::open(folder.path()).await;
    let (details, events) = history(30);
    let id = events[0].incident;
    let now = Utc::now();
    let latest: Vec<u32> = (21..=30).collect();
    cache.put_detail(&details[29], &events[20..], now).await;
    // An earlier response whose events do not reach those of the later one.
    cache.put_detail(&details[9], &events[..10], now).await;
    assert_eq!(cached_seqs(&cache, id).await, (30, latest.clone()));
    cache.put_timeline(id, &events[5..10]).await;
    assert_eq!(cached_seqs(&cache, id).await, (30, latest));
    // Earlier events that reach them are added.
    cache.put_timeline(id, &events[10..20]).await;
    assert_eq!(cached_seqs(&cache, id).await, (30, (11..=30).collect()));
}
