//! The pages of measures over incidents in memory.

use chrono::{DateTime, Utc};
use redphone::model::measures::pages::{
    HistoryFold, Objective, Outage, PageInputs, Pages, PagesQuery, compute_pages,
};
use redphone::model::measures::{Counted, Fact, fingerprint};
use redphone::model::{Event, Incident, Rules};

/// Computes the pages of incidents with their events.
pub fn compute<'a>(
    incidents: impl Iterator<Item = (&'a Incident, &'a [Event])>,
    query: &PagesQuery,
    now: DateTime<Utc>,
    rules: &Rules,
) -> Pages {
    let mut names: Vec<String> = vec![String::new()];
    let mut key = |name: Option<&str>| {
        let Some(name) = name else { return 0 };
        let index = names.iter().position(|other| other == name).unwrap_or_else(|| {
            names.push(name.to_owned());
            names.len() - 1
        });
        u32::try_from(index).expect("few names")
    };
    let mut rows = Vec::new();
    let mut outages = Vec::new();
    for (incident, events) in incidents {
        let row = &incident.summary;
        let (service, team) = (key(row.primary_service()), key(row.team.as_deref()));
        let dedup_key = incident.dedup_key.as_deref();
        let print = fingerprint(dedup_key, row.primary_service(), row.category, &row.title);
        let fact = Fact::new(row, service, team, Counted::for_incident(incident), print);
        let mut fold = HistoryFold::default();
        for event in events {
            fold.apply(event).expect("a timeline");
        }
        rows.push((fact, fold.finish().expect("events")));
        if row.services.iter().any(|service| service == "checkout") {
            outages.push(Outage { start_ms: fact.detected_ms, end_ms: fact.resolved_ms });
        }
    }
    let objective =
        Objective { service: "checkout".into(), allowed_ppm: 1000, window_days: 30, alert: false };
    let inputs = PageInputs { objectives: vec![(objective, outages)], ..PageInputs::default() };
    let keys = query.selection.keys(&|_, name| {
        names.iter().position(|other| other == name).and_then(|index| u32::try_from(index).ok())
    });
    let name = |key: u32| names[usize::try_from(key).expect("a key")].clone();
    compute_pages(rows, query, &keys, now, &rules.levels, &name, &inputs)
}
