//! Publishers against fakes that refuse the same requests as the real systems: each update arrives
//! once, even if answers are lost and programs end.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use redphone::backend::file::FileStore;
use redphone::backend::{Backend, Ledger};
use redphone::engine::{Clock, NamedPublisher, PublishSettings, Sender};
use redphone::model::command::PublicUpdate;
use redphone::model::directory::{Directory, Service};
use redphone::model::maintenance::{
    MaintenanceChange, MaintenanceRequest, NewWindow, Recurrence, Repeats,
};
use redphone::model::notification::Contacts;
use redphone::model::{Actor, Envelope, IncidentCommand, IncidentId};
use redphone::outbound::Channels;
use redphone::outbound::client::Timeouts;
use redphone::outbound::publisher::{PublisherKind, PublisherOptions, build};
use rstest::rstest;
use serde_json::Value;
use tempfile::TempDir;

use super::cases::{cached, client};
use super::engines::{Engines, SetClock};
use super::providers::SECRET;
use super::publisher_servers::{Shared, cachet, statuspage};
use super::stand_in::{Recorded, StandIn};
use crate::support::requests::{ask, declared, done, ines, resolve};
use crate::support::{store as stores, wait};

/// A store, a fake, and engines that publish to it.
struct Scene {
    folder: TempDir,
    store: FileStore,
    clock: Arc<SetClock>,
    system: Shared,
    server: StandIn,
    kind: PublisherKind,
    engines: Engines,
}

impl Scene {
    async fn new(kind: PublisherKind) -> Self {
        let folder = TempDir::new().unwrap();
        let store = stores::open(&folder.path().join("store.db")).await;
        name_service(&store, "Shop").await;
        let system = Shared::default();
        let judge = Arc::clone(&system);
        let server = StandIn::start(Arc::new(move |request: &Recorded| {
            Some(match kind {
                PublisherKind::Statuspage => statuspage(&judge, request),
                PublisherKind::Cachet => cachet(&judge, request),
            })
        }))
        .await;
        let clock = SetClock::new(Utc::now());
        Self { folder, store, clock, system, server, kind, engines: Engines::default() }
    }

    /// Starts an engine, as one more program would.
    fn start(&mut self, secret: &str) {
        let client = client(&["127.0.0.1"], Timeouts::default());
        let components = BTreeMap::from([("checkout".to_owned(), "7".to_owned())]);
        let options = PublisherOptions {
            url: Some(self.server.url().parse().unwrap()),
            page: Some("abc123".into()),
            components,
            notify: false,
        };
        let publisher = build(self.kind, options, cached(secret.into()), &client).unwrap();
        let publishers = vec![NamedPublisher { name: "public".into(), publisher }];
        let publish = PublishSettings { publishers, ..PublishSettings::default() };
        let sender: Arc<dyn Sender> = Arc::new(Channels::default());
        let people = Contacts::default();
        self.engines.start(&self.store, &self.clock, (sender, people), publish);
    }

    /// Waits until engines publish in the system, so that what happens next is no history.
    async fn begun(&self) {
        let begun = async || !self.store.publications("publisher:public").await.unwrap().is_empty();
        wait::until("an engine publishes", begun).await;
    }

    fn pass(&self, seconds: i64) {
        self.clock.0.send_modify(|now| *now += TimeDelta::seconds(seconds));
    }

    async fn update(&self, incident: IncidentId, message: &str) {
        self.update_titled(incident, message, "Payments fail").await;
    }

    async fn update_titled(&self, incident: IncidentId, message: &str, title: &str) {
        done(&self.store, incident, titled(message, title)).await;
    }

    /// Returns the texts of all incidents there.
    fn texts(&self) -> Vec<Vec<String>> {
        let system = self.system.lock().unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let texts = |incident: &Value| {
            let first = incident["attributes"].get("message").map(text);
            let updates = incident["incident_updates"].as_array().unwrap();
            let updates = updates.iter().map(|update| match update.get("body") {
                Some(body) => text(body),
                None => text(&update["attributes"]["message"]),
            });
            first.into_iter().chain(updates).collect()
        };
        system.incidents.iter().map(texts).collect()
    }

    /// Returns the names of all incidents there.
    fn names(&self) -> Vec<String> {
        let system = self.system.lock().unwrap();
        let name = |incident: &Value| {
            let name = incident.get("name").unwrap_or(&incident["attributes"]["name"]);
            name.as_str().unwrap_or_default().to_owned()
        };
        system.incidents.iter().map(name).collect()
    }

    /// Waits, while time passes, until the only incident there has this name.
    async fn until_named(&self, name: &str) {
        let is_named = async || {
            self.pass(1);
            self.names() == [name]
        };
        wait::until("the incident has its name", is_named).await;
    }

    /// Creates, changes or ends the maintenance window of a test.
    async fn work(&self, change: MaintenanceChange) {
        let actor = Actor::Person(ines());
        let (id, at) = (uuid::Uuid::from_u128(7), self.clock.now());
        let request = MaintenanceRequest { id, actor, at, expected: None, change };
        self.store.change_maintenance(&request).await.unwrap();
    }

    /// Waits until the system has stored something.
    async fn arrived(&self) {
        let arrived = async || !self.texts().is_empty() || !self.works().is_empty();
        wait::until("something has arrived", arrived).await;
    }

    /// Returns the first texts of all maintenance there, with how many minutes it lasts and whether it was
    /// ended.
    fn works(&self) -> Vec<(String, i64, bool)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let time = |value: &Value| -> DateTime<Utc> {
            let text = text(value).replace(' ', "T");
            format!("{}Z", text.trim_end_matches('Z')).parse().unwrap()
        };
        let system = self.system.lock().unwrap();
        let works = system.works.iter().map(|work| {
            if let Some(of) = work.get("attributes") {
                let until = time(&of["completed"]["string"]);
                let from = time(&of["scheduled"]["string"]);
                let is_ended = until <= self.clock.now();
                return (text(&of["message"]), (until - from).num_minutes(), is_ended);
            }
            let from = time(&work["scheduled_for"]);
            let minutes = (time(&work["scheduled_until"]) - from).num_minutes();
            let is_ended = work["status"] == "completed";
            (text(&work["incident_updates"][0]["body"]), minutes, is_ended)
        });
        works.collect()
    }

    /// Waits, while little time passes, until the maintenance there is this.
    async fn until_works(&self, expected: &[(&str, i64, bool)]) {
        let is_it = || {
            let works = self.works();
            let works: Vec<_> = works.iter().map(|(a, b, c)| (a.as_str(), *b, *c)).collect();
            works == expected
        };
        wait::until("the maintenance is published", async || {
            self.pass(1);
            is_it()
        })
        .await;
        for _ in 0..20 {
            self.pass(5);
            tokio::task::yield_now().await;
        }
        assert!(is_it(), "{:?}", self.works());
    }

    /// Waits, while little time passes, until all maintenance there has ended.
    async fn until_ended(&self) {
        let is_ended = async || {
            self.pass(1);
            self.works().iter().all(|(_, _, is_ended)| *is_ended)
        };
        wait::until("the maintenance has ended", is_ended).await;
    }

    /// Waits, while time passes, until the texts are these. A second of it is some milliseconds, so that an
    /// attempt ends long before its claim does.
    async fn until(&self, expected: &[&[&str]]) {
        wait::until("all is published", async || {
            self.pass(1);
            self.texts() == expected
        })
        .await;
        // Nothing is published again.
        for _ in 0..20 {
            self.pass(600);
            tokio::task::yield_now().await;
        }
        assert_eq!(self.texts(), expected);
    }
}

/// Gives the only service a public name.
async fn name_service(store: &FileStore, public_name: &str) {
    let service = Service {
        name: "checkout".into(),
        team: "payments".into(),
        depends_on: Vec::new(),
        runbook: None,
        objective: None,
        public_name: Some(public_name.into()),
    };
    let directory = Directory { services: vec![service], ..Directory::default() };
    store.set_directory(&directory).await.unwrap();
}

fn titled(message: &str, title: &str) -> IncidentCommand {
    let public = Some(PublicUpdate { title: Some(title.into()) });
    IncidentCommand::UpdateStakeholders { message: message.into(), next_due: None, public }
}

fn window(from: DateTime<Utc>, text: &str, hours: i64) -> NewWindow {
    NewWindow {
        title: "secret title".into(),
        filter: "service:checkout".parse().unwrap(),
        from,
        until: from + TimeDelta::hours(hours),
        recurrence: None,
        comment: "secret comment".into(),
        mutes_people: false,
        public_text: Some(text.into()),
    }
}

const ENDED: &str = "This incident has been resolved.";

#[rstest]
#[case(PublisherKind::Statuspage, 0, 0)]
#[case(PublisherKind::Statuspage, 1, 0)]
#[case(PublisherKind::Statuspage, 0, 2)]
#[case(PublisherKind::Statuspage, 2, 1)]
#[case(PublisherKind::Cachet, 0, 0)]
#[case(PublisherKind::Cachet, 1, 0)]
#[case(PublisherKind::Cachet, 0, 2)]
#[case(PublisherKind::Cachet, 2, 1)]
#[tokio::test]
async fn each_update_is_published_once_by_two_programs(
    #[case] kind: PublisherKind,
    #[case] loses: u32,
    #[case] limits: u32,
) {
    let mut scene = Scene::new(kind).await;
    scene.start(SECRET);
    scene.start(SECRET);
    scene.begun().await;
    {
        let mut system = scene.system.lock().unwrap();
        (system.loses, system.limits) = (loses, limits);
    }
    let incident = declared(&scene.store, "secret title").await;
    scene.update(incident, "We look into it.").await;
    scene.until(&[&["We look into it."]]).await;
    scene.system.lock().unwrap().loses = loses;
    scene.update(incident, "A fix is in.").await;
    done(&scene.store, incident, resolve()).await;
    scene.until(&[&["We look into it.", "A fix is in.", ENDED]]).await;
    for request in scene.server.seen() {
        assert!(!request.echo().contains("secret title"), "{}", request.echo());
    }
}

#[rstest]
#[case(PublisherKind::Statuspage)]
#[case(PublisherKind::Cachet)]
#[tokio::test]
async fn restart_publishes_nothing_twice(#[case] kind: PublisherKind) {
    let mut scene = Scene::new(kind).await;
    scene.start(SECRET);
    scene.begun().await;
    scene.system.lock().unwrap().loses = 1;
    let incident = declared(&scene.store, "secret title").await;
    scene.update(incident, "We look into it.").await;
    scene.arrived().await;
    scene.engines.stop();
    // The claim of the program that has ended lasts for a while.
    scene.pass(200);
    scene.start(SECRET);
    scene.until(&[&["We look into it."]]).await;
}

#[rstest]
#[case(PublisherKind::Statuspage)]
#[case(PublisherKind::Cachet)]
#[tokio::test]
async fn wrong_secret_publishes_nothing_until_it_is_mended(#[case] kind: PublisherKind) {
    let mut scene = Scene::new(kind).await;
    scene.start("WrongSecretKey0123456789");
    scene.begun().await;
    let incident = declared(&scene.store, "secret title").await;
    scene.update(incident, "We look into it.").await;
    let refused = async || !scene.server.seen().is_empty();
    wait::until("it was refused", refused).await;
    scene.engines.stop();
    assert_eq!(scene.texts(), [[""; 0]; 0]);
    // A refused request is tried again after an hour.
    scene.pass(4000);
    scene.start(SECRET);
    scene.until(&[&["We look into it."]]).await;
}

#[tokio::test]
async fn what_ended_before_is_not_published() {
    let mut scene = Scene::new(PublisherKind::Statuspage).await;
    let old = declared(&scene.store, "secret title").await;
    scene.update(old, "It was so.").await;
    done(&scene.store, old, resolve()).await;
    scene.pass(3600);
    scene.start(SECRET);
    scene.begun().await;
    let new = declared(&scene.store, "secret title").await;
    scene.update(new, "It is so.").await;
    scene.until(&[&["It is so."]]).await;
    assert!(scene.folder.path().exists());
}

#[rstest]
#[case(PublisherKind::Statuspage, 0)]
#[case(PublisherKind::Statuspage, 1)]
#[case(PublisherKind::Cachet, 0)]
#[case(PublisherKind::Cachet, 1)]
#[tokio::test]
async fn maintenance_is_announced_once_and_follows_its_window(
    #[case] kind: PublisherKind,
    #[case] loses: u32,
) {
    let mut scene = Scene::new(kind).await;
    scene.start(SECRET);
    scene.start(SECRET);
    scene.begun().await;
    let lose = || scene.system.lock().unwrap().loses = loses;
    let from = scene.clock.now() + TimeDelta::days(1);
    let new = |text: &str, hours: i64| window(from, text, hours);
    lose();
    scene.work(MaintenanceChange::Create(new("Slow.", 1))).await;
    scene.until_works(&[("Slow.", 60, false)]).await;
    lose();
    scene.work(MaintenanceChange::Change(new("Slower.", 2))).await;
    scene.until_works(&[("Slower.", 120, false)]).await;
    lose();
    scene.work(MaintenanceChange::End).await;
    scene.until_ended().await;
    assert_eq!(scene.works().len(), 1);
    for request in scene.server.seen() {
        assert!(!request.echo().contains("secret "), "{}", request.echo());
    }
}

#[rstest]
#[case(PublisherKind::Statuspage, false)]
#[case(PublisherKind::Statuspage, true)]
#[case(PublisherKind::Cachet, false)]
#[case(PublisherKind::Cachet, true)]
#[tokio::test]
async fn maintenance_changed_before_its_answer_is_not_doubled(
    #[case] kind: PublisherKind,
    #[case] ends: bool,
) {
    let mut scene = Scene::new(kind).await;
    scene.start(SECRET);
    scene.begun().await;
    scene.system.lock().unwrap().loses = 1;
    let from = scene.clock.now() + TimeDelta::days(1);
    scene.work(MaintenanceChange::Create(window(from, "Slow.", 1))).await;
    scene.arrived().await;
    let later = from + TimeDelta::hours(1);
    scene.work(MaintenanceChange::Change(window(later, "Slower.", 2))).await;
    if ends {
        scene.work(MaintenanceChange::End).await;
        scene.until_ended().await;
        assert_eq!(scene.works().len(), 1);
    } else {
        scene.until_works(&[("Slower.", 120, false)]).await;
    }
}

#[rstest]
#[case(PublisherKind::Statuspage)]
#[case(PublisherKind::Cachet)]
#[tokio::test]
async fn incident_renamed_before_its_answer_is_not_doubled(#[case] kind: PublisherKind) {
    let mut scene = Scene::new(kind).await;
    scene.start(SECRET);
    scene.begun().await;
    scene.system.lock().unwrap().loses = 1;
    let incident = declared(&scene.store, "secret title").await;
    scene.update_titled(incident, "We look into it.", "Payments fail").await;
    scene.arrived().await;
    scene.update_titled(incident, "It is the bank.", "Cards fail").await;
    scene.until(&[&["We look into it.", "It is the bank."]]).await;
}

#[rstest]
#[case(PublisherKind::Statuspage, 0)]
#[case(PublisherKind::Statuspage, 1)]
#[case(PublisherKind::Cachet, 0)]
#[case(PublisherKind::Cachet, 1)]
#[tokio::test]
async fn later_title_reaches_the_system(#[case] kind: PublisherKind, #[case] loses: u32) {
    let mut scene = Scene::new(kind).await;
    scene.start(SECRET);
    scene.begun().await;
    let incident = declared(&scene.store, "secret title").await;
    scene.update_titled(incident, "We look into it.", "Payments fail").await;
    scene.until_named("Payments fail").await;
    scene.system.lock().unwrap().loses = loses;
    scene.update_titled(incident, "It is the bank.", "Cards fail").await;
    scene.until_named("Cards fail").await;
    scene.until(&[&["We look into it.", "It is the bank."]]).await;
    assert_eq!(scene.names(), ["Cards fail"]);
}

#[rstest]
#[case(PublisherKind::Statuspage)]
#[case(PublisherKind::Cachet)]
#[tokio::test]
async fn public_name_of_a_service_reaches_the_system(#[case] kind: PublisherKind) {
    let mut scene = Scene::new(kind).await;
    scene.start(SECRET);
    scene.begun().await;
    let incident = declared(&scene.store, "secret title").await;
    let (message, public) = ("We look into it.".into(), Some(PublicUpdate { title: None }));
    let update = IncidentCommand::UpdateStakeholders { message, next_due: None, public };
    done(&scene.store, incident, update).await;
    scene.arrived().await;
    let name = scene.names().remove(0);
    assert!(name.starts_with("Shop: "), "{name}");
    name_service(&scene.store, "Store").await;
    scene.until_named(&name.replace("Shop", "Store")).await;
    // No update is sent for it.
    scene.until(&[&["We look into it."]]).await;
}

#[rstest]
#[case(PublisherKind::Statuspage)]
#[case(PublisherKind::Cachet)]
#[tokio::test]
async fn update_recorded_late_joins_the_incident_without_an_answer(#[case] kind: PublisherKind) {
    let mut scene = Scene::new(kind).await;
    scene.start(SECRET);
    scene.begun().await;
    scene.system.lock().unwrap().loses = 1;
    let incident = declared(&scene.store, "secret title").await;
    scene.update(incident, "It is the bank.").await;
    scene.arrived().await;
    // It was written before the one that has arrived, and is sorted before it.
    let late = ask(incident, titled("We look into it.", "Payments fail"));
    let late = Envelope { at: late.at - TimeDelta::hours(1), ..late };
    scene.store.execute(&late).await.unwrap();
    scene.until(&[&["It is the bank.", "We look into it."]]).await;
}

#[rstest]
#[case(PublisherKind::Statuspage)]
#[case(PublisherKind::Cachet)]
#[tokio::test]
async fn next_occurrence_is_not_the_one_without_an_answer(#[case] kind: PublisherKind) {
    let mut scene = Scene::new(kind).await;
    scene.start(SECRET);
    scene.begun().await;
    scene.system.lock().unwrap().loses = 1;
    let recurrence =
        Recurrence { repeats: Repeats::Daily, days: Vec::new(), zone: "UTC".into(), last: None };
    let from = scene.clock.now() + TimeDelta::hours(1);
    let daily = NewWindow { recurrence: Some(recurrence), ..window(from, "Slow.", 1) };
    scene.work(MaintenanceChange::Create(daily)).await;
    scene.arrived().await;
    // The first one is over before its answer was repeated.
    scene.pass(3 * 3600);
    let has_passed = kind == PublisherKind::Cachet;
    scene.until_works(&[("Slow.", 60, has_passed), ("Slow.", 60, false)]).await;
}
