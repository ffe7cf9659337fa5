//! The simulated company: its people, teams, services, escalation policies and on-call schedules.
//!
//! All names are invented.

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};

use crate::model::PersonRef;
use crate::model::directory::{Directory, Service, Team};
use crate::model::escalation::{Policy, PolicyLevel, Target};
use crate::model::oncall::{Override, Schedule};

use super::faults::ServiceKind;

/// Handle of the person of the company who the viewer of the demo is.
pub(super) const VIEWER: &str = "ines";

/// The name of a team, and its members as handle and full name.
type TeamRow = (&'static str, &'static [(&'static str, &'static str)]);

const TEAMS: [TeamRow; 12] = [
    (
        "payments",
        &[
            ("ines", "Ines Moreau"),
            ("tomasz", "Tomasz Wrona"),
            ("adaeze", "Adaeze Nwosu"),
            ("kenji", "Kenji Morita"),
        ],
    ),
    (
        "identity",
        &[
            ("freja", "Freja Lindqvist"),
            ("omar", "Omar Haddadi"),
            ("priya", "Priya Raman"),
            ("lucas", "Lucas Ferrão"),
        ],
    ),
    (
        "search",
        &[
            ("meiling", "Mei-Ling Tsao"),
            ("bram", "Bram Verhoeven"),
            ("nadia", "Nadia Petrosyan"),
            ("joaquin", "Joaquín Salas"),
        ],
    ),
    (
        "catalog",
        &[
            ("aroha", "Aroha Tamihana"),
            ("yusuf", "Yusuf Demirel"),
            ("clara", "Clara Weissbach"),
            ("sid", "Siddharth Kulkarni"),
        ],
    ),
    (
        "web",
        &[
            ("lea", "Léa Fontanel"),
            ("mateus", "Mateus Rochedo"),
            ("hana", "Hana Dvořáková"),
            ("tariq", "Tariq Siddiqui"),
        ],
    ),
    (
        "mobile",
        &[
            ("saoirse", "Saoirse Kinnane"),
            ("minh", "Minh Anh Truong"),
            ("zanele", "Zanele Mthembu"),
            ("emil", "Emil Hartvigsen"),
        ],
    ),
    (
        "platform",
        &[
            ("viktor", "Viktor Halász"),
            ("amina", "Amina Diallo"),
            ("ravi", "Ravi Menon"),
            ("sunniva", "Sunniva Aasen"),
        ],
    ),
    (
        "data",
        &[
            ("chloe", "Chloé Marchetti"),
            ("pavel", "Pavel Novotný"),
            ("ebele", "Ebele Okonjo"),
            ("junho", "Baek Jun-ho"),
        ],
    ),
    (
        "network",
        &[
            ("mikko", "Mikko Salonen"),
            ("farida", "Farida Rahimi"),
            ("diego", "Diego Paredes"),
            ("anneke", "Anneke Visser"),
        ],
    ),
    (
        "messaging",
        &[
            ("thandi", "Thandiwe Nkosi"),
            ("oskar", "Oskar Brandvold"),
            ("lucia", "Lucía Montalvo"),
            ("haruto", "Haruto Takeda"),
        ],
    ),
    (
        "security",
        &[("noor", "Noor Al-Sayegh"), ("callum", "Callum Farquhar"), ("ioana", "Ioana Dumitrache")],
    ),
    ("workplace", &[("marisol", "Marisol Quintero"), ("gareth", "Gareth Pryce")]),
];

/// A service: name, kind, team, dependencies, objective in parts per 100,000 (0: none).
type ServiceRow = (&'static str, ServiceKind, &'static str, &'static [&'static str], u32);

const SERVICES: [ServiceRow; 62] = [
    (
        "checkout",
        ServiceKind::Api,
        "payments",
        &["payments-gateway", "cart", "orders", "tax"],
        99_950,
    ),
    (
        "payments-gateway",
        ServiceKind::Payments,
        "payments",
        &["payments-db", "fraud-score"],
        99_950,
    ),
    ("payments-db", ServiceKind::Database, "payments", &["object-store"], 99_990),
    ("ledger", ServiceKind::Api, "payments", &["payments-db", "event-bus"], 99_900),
    ("wallet", ServiceKind::Payments, "payments", &["payments-gateway", "accounts"], 99_900),
    ("invoices", ServiceKind::Batch, "payments", &["ledger", "object-store", "email"], 99_500),
    ("fraud-score", ServiceKind::Model, "payments", &["ml-features", "k8s-eu"], 99_900),
    ("tax", ServiceKind::Partner, "payments", &["nat-gateway"], 99_500),
    ("auth", ServiceKind::Auth, "identity", &["sessions", "accounts-db", "secrets"], 99_990),
    ("sessions", ServiceKind::Cache, "identity", &["k8s-eu"], 99_990),
    ("accounts", ServiceKind::Api, "identity", &["accounts-db", "auth"], 99_950),
    ("accounts-db", ServiceKind::Database, "identity", &["object-store"], 99_990),
    ("sso", ServiceKind::Auth, "identity", &["auth", "dns"], 99_900),
    ("permissions", ServiceKind::Api, "identity", &["accounts-db"], 99_950),
    ("search", ServiceKind::Search, "search", &["search-index", "ranking", "k8s-eu"], 99_900),
    ("suggest", ServiceKind::Search, "search", &["search-index", "edge-cache"], 99_500),
    ("search-index", ServiceKind::Search, "search", &["event-bus", "object-store"], 99_900),
    ("ranking", ServiceKind::Model, "search", &["ml-features", "k8s-us"], 99_500),
    ("catalog", ServiceKind::Api, "catalog", &["catalog-db", "edge-cache"], 99_900),
    ("catalog-db", ServiceKind::Database, "catalog", &["object-store"], 99_950),
    ("pricing", ServiceKind::Api, "catalog", &["catalog-db", "feature-flags"], 99_900),
    ("inventory", ServiceKind::Api, "catalog", &["catalog-db", "event-bus"], 99_900),
    ("recommendations", ServiceKind::Model, "catalog", &["ml-features", "k8s-us"], 99_000),
    ("reviews", ServiceKind::Api, "catalog", &["catalog-db"], 99_000),
    ("media", ServiceKind::Storage, "catalog", &["object-store", "cdn"], 99_900),
    ("orders", ServiceKind::Api, "catalog", &["orders-db", "inventory", "event-bus"], 99_950),
    ("orders-db", ServiceKind::Database, "catalog", &["object-store"], 99_990),
    ("shipping", ServiceKind::Partner, "catalog", &["orders", "nat-gateway"], 99_500),
    ("returns", ServiceKind::Api, "catalog", &["orders", "payments-gateway"], 99_000),
    ("storefront", ServiceKind::Web, "web", &["web-bff", "cdn", "feature-flags"], 99_950),
    ("web-bff", ServiceKind::Api, "web", &["catalog", "cart", "auth", "service-mesh"], 99_950),
    ("cart", ServiceKind::Api, "web", &["sessions", "pricing"], 99_950),
    ("cdn", ServiceKind::Cdn, "web", &["dns", "edge-lb"], 99_950),
    ("edge-cache", ServiceKind::Cache, "web", &["k8s-eu"], 99_900),
    ("feature-flags", ServiceKind::Api, "web", &["sessions"], 99_950),
    (
        "mobile-api",
        ServiceKind::Api,
        "mobile",
        &["auth", "catalog", "cart", "service-mesh"],
        99_950,
    ),
    ("push", ServiceKind::Messaging, "mobile", &["notifications"], 99_500),
    ("app-config", ServiceKind::Api, "mobile", &["feature-flags", "cdn"], 99_900),
    ("k8s-eu", ServiceKind::Kubernetes, "platform", &["registry", "dns"], 99_950),
    ("k8s-us", ServiceKind::Kubernetes, "platform", &["registry", "dns"], 99_950),
    ("registry", ServiceKind::Storage, "platform", &["object-store"], 99_900),
    ("object-store", ServiceKind::Storage, "platform", &[], 99_990),
    ("secrets", ServiceKind::Api, "platform", &["k8s-eu"], 99_990),
    ("service-mesh", ServiceKind::Network, "platform", &["certs", "k8s-eu"], 99_950),
    ("ci", ServiceKind::Ci, "platform", &["registry", "k8s-us"], 99_000),
    ("metrics", ServiceKind::Observability, "platform", &["object-store"], 99_500),
    ("logs", ServiceKind::Observability, "platform", &["event-bus", "object-store"], 99_000),
    ("event-bus", ServiceKind::Bus, "data", &["k8s-eu"], 99_950),
    ("warehouse", ServiceKind::Database, "data", &["object-store"], 99_500),
    ("etl", ServiceKind::Batch, "data", &["warehouse", "event-bus"], 99_000),
    ("reports", ServiceKind::Batch, "data", &["warehouse"], 99_000),
    ("ml-features", ServiceKind::Batch, "data", &["warehouse", "k8s-us"], 99_500),
    ("dns", ServiceKind::Dns, "network", &[], 99_990),
    ("edge-lb", ServiceKind::Network, "network", &["dns", "certs"], 99_990),
    ("nat-gateway", ServiceKind::Network, "network", &[], 99_950),
    ("vpn", ServiceKind::Vpn, "network", &["sso", "certs"], 99_500),
    ("certs", ServiceKind::Certificate, "network", &["secrets"], 99_900),
    ("notifications", ServiceKind::Queue, "messaging", &["event-bus"], 99_900),
    ("email", ServiceKind::Messaging, "messaging", &["notifications", "nat-gateway"], 99_500),
    ("webhooks", ServiceKind::Queue, "messaging", &["event-bus", "nat-gateway"], 99_500),
    ("waf", ServiceKind::Security, "security", &["edge-lb"], 99_950),
    ("helpdesk", ServiceKind::Workplace, "workplace", &["sso", "email"], 0),
];

/// Returns whether a directory is that of the simulated company, whenever it was created.
pub(super) fn is_demo(directory: &Directory) -> bool {
    directory.services.len() == SERVICES.len()
        && SERVICES.iter().all(|(name, ..)| directory.service(name).is_some())
}

const WEEK: i64 = 7 * 24 * 3600;

/// The company. A service is referred to by its index in the directory.
pub(super) struct Company {
    /// The directory that the store has.
    pub directory: Directory,
    /// The kind of each service, in the order of the directory.
    pub kinds: Vec<ServiceKind>,
    /// For each service the indexes of the services that directly depend on it.
    pub dependents: Vec<Vec<usize>>,
}

impl Company {
    /// Returns the company with schedules by which the viewer is on call for their team at `now`.
    pub fn at(now: DateTime<Utc>) -> Self {
        let services: Vec<Service> = SERVICES
            .iter()
            .map(|(name, kind, team, needs, objective)| Service {
                name: (*name).into(),
                team: (*team).into(),
                depends_on: needs.iter().map(|n| (*n).to_owned()).collect(),
                runbook: Some(format!("{name}/{}", kind.runbook())),
                objective: (*objective > 0).then_some(*objective),
            })
            .collect();
        let people = TEAMS
            .iter()
            .flat_map(|(_, members)| members.iter())
            .map(|(handle, name)| PersonRef::new(*handle, *name))
            .collect();
        let teams = TEAMS
            .iter()
            .map(|(team, members)| Team {
                name: (*team).into(),
                members: members.iter().map(|(handle, _)| (*handle).to_owned()).collect(),
            })
            .collect();
        let directory = Directory {
            people,
            teams,
            services,
            policies: TEAMS.iter().map(policy).collect(),
            schedules: TEAMS.iter().map(|team| schedule(team, now)).collect(),
        };
        Self::from_directory(directory)
    }

    /// Returns the company with the directory of a store. A service with an unknown name is treated
    /// as an API.
    pub fn from_directory(directory: Directory) -> Self {
        let names = || directory.services.iter();
        let dependents = names()
            .map(|service| {
                let needs = |other: &Service| other.depends_on.contains(&service.name);
                names().enumerate().filter(|(_, other)| needs(other)).map(|(at, _)| at).collect()
            })
            .collect();
        let kind = |service: &Service| {
            let entry = SERVICES.iter().find(|(name, ..)| *name == service.name);
            entry.map_or(ServiceKind::Api, |(_, kind, ..)| *kind)
        };
        let kinds = names().map(kind).collect();
        Self { directory, kinds, dependents }
    }

    /// Returns the index of a service.
    pub fn position(&self, service: &str) -> Option<usize> {
        self.directory.services.iter().position(|s| s.name == service)
    }

    /// Returns the members of a team, in the order of the team.
    pub fn members<'a>(&'a self, team: &'a str) -> impl Iterator<Item = &'a PersonRef> {
        let team = self.directory.teams.iter().find(|t| t.name == team);
        team.into_iter()
            .flat_map(|t| t.members.iter())
            .filter_map(|handle| self.directory.people.iter().find(|p| p.handle == *handle))
    }
}

/// Returns the escalation policy of a team: first the person on call, then also the second member,
/// then the most senior member, who is listed first, and the platform team's person on call.
fn policy((team, members): &TeamRow) -> Policy {
    let person = |index: usize| Target::Person(members[index % members.len()].0.to_owned());
    let level = |minutes: i64, call| PolicyLevel { after_s: minutes * 60, call };
    Policy {
        team: (*team).into(),
        levels: vec![
            level(5, vec![Target::OnCall((*team).into())]),
            level(15, vec![Target::OnCall((*team).into()), person(1)]),
            level(30, vec![person(0), Target::OnCall("platform".into())]),
        ],
    }
}

/// Returns the on-call schedule of a team: weekly turns that change on Mondays at 09:00 UTC, with
/// the first member on call at `now`.
fn schedule((team, members): &TeamRow, now: DateTime<Utc>) -> Schedule {
    let since_monday = i64::from(now.weekday().num_days_from_monday()) * 86_400
        + i64::from(now.num_seconds_from_midnight())
        - 9 * 3600;
    let turn_start = now
        - TimeDelta::seconds(since_monday.rem_euclid(WEEK))
        - TimeDelta::nanoseconds(i64::from(now.nanosecond()));
    // Goes back by full rounds, so that the first member is on call at `now`.
    let rounds = 80 / i64::try_from(members.len()).unwrap_or(1).max(1);
    let back = rounds * i64::try_from(members.len()).unwrap_or(1) * WEEK;
    // Another member stands in for one day of last week, as happens in every rotation.
    let stand_in = Override {
        person: members[members.len() - 1].0.into(),
        from: turn_start - TimeDelta::days(3),
        to: turn_start - TimeDelta::days(2),
    };
    Schedule {
        team: (*team).into(),
        rotation: members.iter().map(|(handle, _)| (*handle).to_owned()).collect(),
        starts_at: turn_start - TimeDelta::seconds(back),
        turn_s: WEEK,
        overrides: vec![stand_in],
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::TimeZone;

    use super::*;

    fn now() -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 3, 14, 15, 9, 26).unwrap()
    }

    #[test]
    fn every_name_in_the_directory_exists_once() {
        let company = Company::at(now());
        let directory = &company.directory;
        let handles: BTreeSet<_> = directory.people.iter().map(|p| p.handle.as_str()).collect();
        let names: BTreeSet<_> = directory.people.iter().map(|p| p.name.as_str()).collect();
        let services: BTreeSet<_> = directory.services.iter().map(|s| s.name.as_str()).collect();
        let teams: BTreeSet<_> = directory.teams.iter().map(|t| t.name.as_str()).collect();
        assert_eq!(directory.people.len(), 45);
        assert_eq!(handles.len(), 45);
        assert_eq!(names.len(), 45);
        assert_eq!(services.len(), SERVICES.len());
        assert_eq!(teams.len(), 12);
        for service in &directory.services {
            assert!(teams.contains(service.team.as_str()), "{}", service.name);
            for need in &service.depends_on {
                assert!(services.contains(need.as_str()), "{} needs {need}", service.name);
            }
        }
        for team in &directory.teams {
            assert!(team.members.iter().all(|m| handles.contains(m.as_str())));
            assert!(directory.policy(&team.name).is_some());
        }
    }

    #[test]
    fn no_service_depends_on_itself_even_through_others() {
        let company = Company::at(now());
        for service in &company.directory.services {
            let below = company.directory.with_dependencies(&service.depends_on);
            assert!(!below.contains(service.name.as_str()), "{}", service.name);
        }
    }

    #[test]
    fn viewer_is_on_call_on_any_weekday() {
        for day in 0..9 {
            let now = now() + TimeDelta::days(day);
            let company = Company::at(now);
            let on_call = company.directory.on_call("payments", now).unwrap();
            assert_eq!(on_call.handle, VIEWER);
        }
    }
}
