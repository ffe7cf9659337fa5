//! Open requests that wait for a person: requests for cover and for roles, maintenance windows
//! without an end, and contacts over removed channels.

use chrono::{DateTime, TimeDelta, Utc};

use super::Finding;
use crate::model::directory::Directory;
use crate::model::incident::Incident;
use crate::model::maintenance::short_id;
use crate::model::notification::PersonReach;

/// How long before its beginning a request for cover is late.
const COVER_IS_NEAR: TimeDelta = TimeDelta::hours(24);
/// How long after a request for a role an answer has become unlikely.
const ROLE_IS_LATE: TimeDelta = TimeDelta::minutes(10);

/// Returns the unanswered requests for cover whose span is near, and the maintenance windows that
/// never end.
#[must_use]
pub fn of_requests(directory: &Directory, now: DateTime<Utc>) -> Vec<Finding> {
    let is_near = |from: DateTime<Utc>| from <= now + COVER_IS_NEAR;
    let covers = directory.covers.iter().filter(|cover| cover.is_open(now) && is_near(cover.from));
    let covers = covers.map(|cover| Finding::UnansweredCover {
        schedule: cover.schedule.clone(),
        person: cover.person.clone(),
        from: cover.from,
        to: cover.to,
        is_swap: cover.in_return.is_some(),
    });
    let endless = directory.maintenance.iter().filter(|window| window.last_end().is_none());
    let endless = endless.map(|window| Finding::EndlessMaintenance {
        window: short_id(window.id),
        title: window.title.clone(),
    });
    covers.chain(endless).collect()
}

/// Returns the requests for a role in an open incident that have had no answer for some time.
#[must_use]
pub fn of_roles(incident: &Incident, now: DateTime<Utc>) -> Vec<Finding> {
    if !incident.summary.status.is_open() {
        return Vec::new();
    }
    let is_late = |at: DateTime<Utc>| at + ROLE_IS_LATE <= now;
    let requests = incident.role_requests.iter();
    requests
        .filter(|request| request.accepted.is_none() && is_late(request.at))
        .map(|request| Finding::UnansweredRole {
            incident: incident.summary.label(),
            role: request.role,
            person: request.person.handle.clone(),
            at: request.at,
        })
        .collect()
}

/// Returns the contacts whose channel the settings do not have any more, of people whom nothing
/// calls; `is_called` is `true` for the handles that another finding covers.
#[must_use]
pub fn of_missing_channels(
    people: &[PersonReach],
    is_called: impl Fn(&str) -> bool,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for person in people.iter().filter(|person| !is_called(&person.person)) {
        for contact in person.contacts.iter().filter(|contact| contact.kind.is_none()) {
            findings.push(Finding::MissingChannel {
                person: person.person.clone(),
                contact: contact.contact.clone(),
                channel: contact.channel.clone(),
            });
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;
    use crate::model::notification::ContactReach;

    fn at(text: &str) -> DateTime<Utc> {
        format!("{text}:00Z").parse().unwrap()
    }

    fn cover(changed: Value) -> Value {
        let mut cover = json!({
            "id": "019cb000-0000-7100-8000-000000000001", "schedule": "web", "person": "ines",
            "from": at("2026-03-04T08:00"), "to": at("2026-03-05T08:00"),
            "requested_at": at("2026-03-01T10:00"),
        });
        if let Value::Object(changed) = changed {
            for (name, value) in changed {
                cover[name] = value;
            }
        }
        cover
    }

    #[rstest]
    #[case::far_ahead(json!({}), "2026-03-03T07:59", false)]
    #[case::near(json!({}), "2026-03-03T08:00", true)]
    #[case::begun(json!({}), "2026-03-04T20:00", true)]
    #[case::passed(json!({}), "2026-03-05T08:00", false)]
    #[case::accepted(json!({"state": "accepted"}), "2026-03-04T08:00", false)]
    #[case::withdrawn(json!({"state": "withdrawn"}), "2026-03-04T08:00", false)]
    fn request_for_cover_near_its_time_is_named(
        #[case] changed: Value,
        #[case] now: &str,
        #[case] expected: bool,
    ) {
        let directory: Directory =
            serde_json::from_value(json!({"covers": [cover(changed)]})).unwrap();
        let found = of_requests(&directory, at(now));
        assert_eq!(found.len(), usize::from(expected), "{found:?}");
        assert!(found.iter().all(|one| one.kind() == "unanswered_cover" && one.is_note()));
    }

    #[rstest]
    #[case::once(json!({}), false)]
    #[case::again_without_end(json!({"recurrence": {"repeats": "daily", "zone": "UTC"}}), true)]
    #[case::again_until(
        json!({"recurrence": {"repeats": "daily", "zone": "UTC", "last": "2026-05-04T10:00:00Z"}}),
        false
    )]
    #[case::ended(
        json!({"recurrence": {"repeats": "daily", "zone": "UTC"},
               "ended_at": "2026-03-04T11:00:00Z"}),
        false
    )]
    fn maintenance_without_end_is_named(#[case] changed: Value, #[case] expected: bool) {
        let mut window = json!({
            "id": "0198c0de-0000-7000-8000-000000000001", "title": "The pool is replaced",
            "filter": {"services": ["checkout"]}, "from": "2026-03-04T10:00:00Z",
            "until": "2026-03-04T12:00:00Z", "created_by": {"integration": "Deployer"},
            "created_at": "2026-03-01T09:00:00Z",
        });
        if let Value::Object(changed) = changed {
            for (name, value) in changed {
                window[name] = value;
            }
        }
        let mut directory = Directory::default();
        directory.maintenance.push(serde_json::from_value(window).unwrap());
        let found = of_requests(&directory, at("2026-03-03T08:00"));
        let window = ("00000001".to_owned(), "The pool is replaced".to_owned());
        let named = Finding::EndlessMaintenance { window: window.0, title: window.1 };
        let expected: Vec<Finding> = if expected { vec![named] } else { Vec::new() };
        assert_eq!(found, expected);
    }

    #[test]
    fn missing_channel_is_named_once() {
        let contact = |name: &str, kind: Option<&str>| ContactReach {
            contact: name.into(),
            channel: format!("{name}-channel"),
            kind: kind.map(Into::into),
            ..ContactReach::default()
        };
        let person = |handle: &str| PersonReach {
            person: handle.into(),
            contacts: vec![contact("push", Some("ntfy")), contact("pager", None)],
            quiet: None,
        };
        let found =
            of_missing_channels(&[person("ines"), person("mei")], |handle| handle == "ines");
        let expected = Finding::MissingChannel {
            person: "mei".into(),
            contact: "pager".into(),
            channel: "pager-channel".into(),
        };
        assert_eq!(found, [expected]);
    }
}
