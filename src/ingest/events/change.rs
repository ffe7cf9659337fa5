//! Change events: modifications that notify nobody.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::EventBody;
use crate::ingest::error::IngestError;
use crate::ingest::fields;
use crate::ingest::identity::{canonical, digest_bytes};
use crate::model::alert::one_line;
use crate::model::change::{Change, ChangeKind, ChangeState};
use crate::model::check::{MAX_NAME_CHARS, MAX_TITLE_CHARS};
use crate::model::{Actor, ChangeId, time};

/// The most services of a change event that are read.
pub const MAX_CHANGE_SERVICES: usize = 20;

/// A change event whose sender is known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChangeEvent {
    /// The change that it reports, which is over.
    pub change: Change,
}

impl EventBody {
    /// Returns the change of a change event that arrives at `now`. `sender` identifies the sender.
    /// A repeated event with a timestamp has the same id; `new` is that of an event without one.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn change_event(
        &self,
        sender: &str,
        by: Actor,
        new: Uuid,
        now: DateTime<Utc>,
    ) -> Result<ChangeEvent, Vec<IngestError>> {
        let empty = Map::new();
        let payload = fields::members(&self.members, "payload").unwrap_or(&empty);
        let title = fields::text(payload, "summary")
            .map(|summary| one_line(summary, MAX_TITLE_CHARS))
            .filter(|title| !title.is_empty())
            .ok_or_else(|| vec![IngestError::Missing("payload.summary")])?;
        let timestamp = fields::time(payload, "timestamp");
        let id = match timestamp {
            Some(_) => {
                let body = canonical(&Value::Object(payload.clone()));
                uuid::Builder::from_random_bytes(digest_bytes(&[sender, &body])).into_uuid()
            }
            None => new,
        };
        // The clock of the sender may be ahead.
        let at = time::truncate_to_second(timestamp.map_or(now, |at| at.min(now)));
        let details = fields::members(payload, "custom_details").unwrap_or(&empty);
        let change = Change {
            id: ChangeId(id),
            kind: ChangeKind::Deploy,
            title,
            services: services(details),
            by,
            starts_at: at,
            ends_at: Some(at),
            state: ChangeState::Done,
            url: link(&self.members),
            approval: None,
            extra: <_>::default(),
        };
        Ok(ChangeEvent { change })
    }
}

/// Returns the address of the first link.
fn link(members: &Map<String, Value>) -> Option<String> {
    let links = members.get("links")?.as_array()?;
    links.iter().filter_map(Value::as_object).find_map(|link| fields::url(link, "href"))
}

/// Returns the services that details name, as `service` or `services`.
fn services(details: &Map<String, Value>) -> Vec<String> {
    let one = fields::text(details, "service");
    let listed = details.get("services").and_then(Value::as_array);
    let listed = listed.into_iter().flatten().filter_map(Value::as_str);
    let mut services: Vec<String> = Vec::new();
    for name in one.into_iter().chain(listed) {
        let name = one_line(name, MAX_NAME_CHARS);
        if !name.is_empty() && !services.contains(&name) && services.len() < MAX_CHANGE_SERVICES {
            services.push(name);
        }
    }
    services
}
