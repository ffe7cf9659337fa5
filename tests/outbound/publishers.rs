//! Publishers against stand-ins that refuse what the real systems refuse: each update arrives once, also
//! where answers are lost and programs end.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use redphone::backend::Ledger;
use redphone::backend::file::FileStore;
use redphone::engine::{
    Clock, Engine, EngineOptions, EngineSettings, NamedPublisher, PublishSettings,
};
use redphone::model::command::PublicUpdate;
use redphone::model::directory::{Directory, Service};
use redphone::model::service_level::ServiceLevels;
use redphone::model::{IncidentCommand, IncidentId};
use redphone::outbound::Channels;
use redphone::outbound::client::Timeouts;
use redphone::outbound::publisher::{PublisherKind, PublisherOptions, build};
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::cases::{cached, client};
use super::providers::SECRET;
use super::stand_in::{Recorded, Reply, StandIn};
use crate::support::requests::{declared, done, resolve};
use crate::support::{store as stores, wait};

/// A clock that stands still until a test moves it; short pauses pass at once.
struct SetClock(watch::Sender<DateTime<Utc>>);

#[async_trait]
impl Clock for SetClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.borrow()
    }

    async fn sleep(&self, time: Duration) {
        if time <= Duration::from_secs(2) {
            return tokio::task::yield_now().await;
        }
        let until = self.now() + TimeDelta::from_std(time).unwrap();
        let mut changes = self.0.subscribe();
        let _ = changes.wait_for(|now| *now >= until).await;
    }
}

/// What a stand-in has stored, and how often it loses the answer of what it has stored.
#[derive(Default)]
struct System {
    incidents: Vec<Value>,
    loses: u32,
    limits: u32,
}

type Shared = Arc<Mutex<System>>;

impl System {
    /// Answers what was stored, or what a gateway says that has not learnt of it.
    fn answer(&mut self, status: u16, body: &Value) -> Reply {
        if self.loses > 0 {
            self.loses -= 1;
            return Reply::new(504, "");
        }
        Reply::new(status, body.to_string())
    }
}

/// Answers as Statuspage does.
fn statuspage(system: &Shared, request: &Recorded) -> Reply {
    let mut system = system.lock().unwrap();
    if request.header("authorization") != format!("OAuth {SECRET}") {
        return Reply::new(401, json!({"error": "Could not authenticate"}).to_string());
    }
    if system.limits > 0 {
        system.limits -= 1;
        return Reply::new(420, "").with("retry-after", "60");
    }
    let path = request.uri.split('?').next().unwrap().to_owned();
    let base = "/v1/pages/abc123/incidents";
    if request.method == Method::GET && path == base {
        return Reply::new(200, Value::Array(system.incidents.clone()).to_string());
    }
    let sent = request.json()["incident"].clone();
    let statuses = ["investigating", "identified", "monitoring", "resolved"];
    let is_status = |status: &Value| statuses.iter().any(|one| status == one);
    if request.method == Method::GET {
        let id = path.strip_prefix(&format!("{base}/")).unwrap_or_default();
        let found = system.incidents.iter().find(|incident| incident["id"] == id);
        return found.map_or(Reply::new(404, "{}"), |found| Reply::new(200, found.to_string()));
    }
    if !is_status(&sent["status"]) || sent["body"].as_str().is_none_or(str::is_empty) {
        return Reply::new(422, json!({"error": ["Status is invalid"]}).to_string());
    }
    let update = json!({"status": sent["status"], "body": sent["body"]});
    if request.method == Method::POST && path == base {
        if sent["name"].as_str().is_none_or(str::is_empty) {
            return Reply::new(422, json!({"error": ["Name can't be blank"]}).to_string());
        }
        let id = format!("sp{}", system.incidents.len());
        let incident = json!({"id": id, "name": sent["name"], "metadata": sent["metadata"],
                              "components": sent["components"], "incident_updates": [update]});
        system.incidents.push(incident.clone());
        return system.answer(201, &incident);
    }
    let id = path.strip_prefix(&format!("{base}/")).unwrap_or_default().to_owned();
    let found = system.incidents.iter_mut().find(|incident| incident["id"] == id.as_str());
    let (Some(incident), &Method::PATCH) = (found, &request.method) else {
        return Reply::new(404, "{}");
    };
    incident["components"] = sent["components"].clone();
    incident["incident_updates"].as_array_mut().unwrap().push(update);
    let incident = incident.clone();
    system.answer(200, &incident)
}

/// Answers as Cachet does.
fn cachet(system: &Shared, request: &Recorded) -> Reply {
    let mut system = system.lock().unwrap();
    if request.header("authorization") != format!("Bearer {SECRET}") {
        return Reply::new(401, json!({"message": "Unauthenticated."}).to_string());
    }
    if system.limits > 0 {
        system.limits -= 1;
        return Reply::new(429, "").with("retry-after", "60");
    }
    let path = request.uri.split('?').next().unwrap().trim_start_matches("/api/").to_owned();
    let parts: Vec<&str> = path.split('/').collect();
    let sent = request.json();
    let position = |id: &str| id.parse::<usize>().ok().and_then(|id| id.checked_sub(1));
    match (&request.method, &parts[..]) {
        (&Method::GET, ["incidents"]) => {
            Reply::new(200, json!({"data": system.incidents}).to_string())
        }
        (&Method::POST, ["incidents"]) => {
            let is_valid = sent["name"].as_str().is_some_and(|name| name.len() <= 255)
                && sent["message"].is_string()
                && sent["status"].as_u64().is_some_and(|status| status <= 4);
            if !is_valid {
                return Reply::new(
                    422,
                    json!({"message": "The name field is required."}).to_string(),
                );
            }
            let id = (system.incidents.len() + 1).to_string();
            let incident = json!({"id": id, "attributes": sent, "incident_updates": []});
            system.incidents.push(incident.clone());
            system.answer(201, &json!({"data": incident}))
        }
        (method, ["incidents", id, "updates"]) => {
            let found = position(id).filter(|at| *at < system.incidents.len());
            let Some(at) = found else { return Reply::new(404, "{}") };
            if *method == Method::GET {
                let updates = &system.incidents[at]["incident_updates"];
                return Reply::new(200, json!({"data": updates}).to_string());
            }
            let update = json!({"attributes": {"message": sent["message"],
                                               "status": {"value": sent["status"]}}});
            let updates = system.incidents[at]["incident_updates"].as_array_mut().unwrap();
            updates.push(update.clone());
            system.answer(201, &json!({"data": update}))
        }
        (&Method::PUT, ["components", _]) => Reply::new(200, json!({"data": {}}).to_string()),
        _ => Reply::new(404, "{}"),
    }
}

/// A store, a stand-in, and engines that publish to it.
struct Scene {
    folder: TempDir,
    store: FileStore,
    clock: Arc<SetClock>,
    system: Shared,
    server: StandIn,
    kind: PublisherKind,
    engines: Vec<JoinHandle<()>>,
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Scene {
    async fn new(kind: PublisherKind) -> Self {
        let folder = TempDir::new().unwrap();
        let store = stores::open(&folder.path().join("store.db")).await;
        let service = Service {
            name: "checkout".into(),
            team: "payments".into(),
            depends_on: Vec::new(),
            runbook: None,
            objective: None,
            public_name: Some("Shop".into()),
        };
        let directory = Directory { services: vec![service], ..Directory::default() };
        store.set_directory(&directory).await.unwrap();
        let system = Shared::default();
        let judge = Arc::clone(&system);
        let server = StandIn::start(Arc::new(move |request: &Recorded| {
            Some(match kind {
                PublisherKind::Statuspage => statuspage(&judge, request),
                PublisherKind::Cachet => cachet(&judge, request),
            })
        }))
        .await;
        let clock = Arc::new(SetClock(watch::Sender::new(Utc::now())));
        Self { folder, store, clock, system, server, kind, engines: Vec::new() }
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
        let engine = Engine::new(EngineOptions {
            backend: Arc::new(self.store.clone()),
            ledger: Arc::new(self.store.clone()),
            settings: EngineSettings {
                sender: Arc::new(Channels::default()),
                contacts: Arc::default(),
                signals: Arc::default(),
                levels: ServiceLevels::default(),
                calendars: Arc::default(),
                calendar_reader: None,
                answers: redphone::model::notification::AnswerSettings::default(),
                trackers: Arc::default(),
                publish: PublishSettings { publishers, ..PublishSettings::default() },
            },
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            receives_alerts: true,
        });
        let task = tokio::spawn(async move { Box::pin(engine.run(std::future::pending())).await });
        self.engines.push(task);
    }

    /// Ends all engines, as if their programs were killed.
    fn stop(&mut self) {
        self.engines.drain(..).for_each(|engine| engine.abort());
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
        let public = Some(PublicUpdate { title: Some("Payments fail".into()) });
        let message = message.into();
        let update = IncidentCommand::UpdateStakeholders { message, next_due: None, public };
        done(&self.store, incident, update).await;
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
    let arrived = async || !scene.texts().is_empty();
    wait::until("the update has arrived", arrived).await;
    scene.stop();
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
    scene.stop();
    assert_eq!(scene.texts(), [[""; 0]; 0]);
    // What was refused is tried again after an hour.
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
