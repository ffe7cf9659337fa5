//! Reports on a timer: each is sent once for each time at which it is due, by whichever program is first.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::NaiveTime;
use redphone::backend::Ledger;
use redphone::backend::file::FileStore;
use redphone::engine::{PublishSettings, Sender};
use redphone::model::notification::{Contact, Contacts, PersonContacts};
use redphone::model::report_rule::{ReportDay, ReportForm, ReportRule, ReportWindow};
use redphone::outbound::{OutboundMessage, Receipt, SendError};
use tempfile::TempDir;

use super::engines::{Engines, SetClock};
use crate::support::{store as stores, wait};

/// Records the messages, and fails for a while.
#[derive(Default)]
struct Book {
    sent: Mutex<Vec<(String, OutboundMessage)>>,
    failures: Mutex<u32>,
}

#[async_trait]
impl Sender for Book {
    fn channels(&self) -> Vec<String> {
        vec!["mail".into(), "push".into()]
    }

    async fn send(
        &self,
        channel: &str,
        address: &str,
        message: &OutboundMessage,
    ) -> Result<Receipt, SendError> {
        let mut failures = self.failures.lock().unwrap();
        if *failures > 0 {
            *failures -= 1;
            return Err(SendError::temporary("not now"));
        }
        let to = format!("{channel} {address}");
        self.sent.lock().unwrap().push((to, message.clone()));
        Ok(Receipt::default())
    }
}

impl Book {
    /// Returns the addresses and titles of the messages.
    fn titles(&self) -> Vec<(String, String)> {
        let sent = self.sent.lock().unwrap();
        let title = |message: &OutboundMessage| message.document.as_ref().unwrap().title.clone();
        sent.iter().map(|(to, message)| (to.clone(), title(message))).collect()
    }
}

struct Scene {
    folder: TempDir,
    store: FileStore,
    clock: Arc<SetClock>,
    book: Arc<Book>,
    engines: Engines,
}

fn person(handle: &str, channel: &str, address: &str) -> PersonContacts {
    let (name, channel, address) = (channel.to_owned(), channel.to_owned(), address.to_owned());
    let contacts = vec![Contact { name, channel, address }];
    PersonContacts { person: handle.into(), contacts, ..PersonContacts::default() }
}

impl Scene {
    /// Begins on 2026-03-03, a Tuesday, at noon.
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let store = stores::open(&folder.path().join("store.db")).await;
        let now = "2026-03-03T12:00:00Z".parse().unwrap();
        let clock = SetClock::new(now);
        Self { folder, store, clock, book: Arc::default(), engines: Engines::default() }
    }

    /// Starts an engine that sends a report each day at 09:00, to ines, tomo and nobody else.
    fn start(&mut self) {
        let rule = ReportRule {
            name: "daily".into(),
            window: ReportWindow::Days(7),
            teams: Vec::new(),
            day: ReportDay::Every,
            time: NaiveTime::from_hms_opt(9, 0, 0).unwrap(),
            zone: "UTC".into(),
            to: vec!["ines".into(), "stakeholders".into(), "nobody".into()],
            directory: Some(self.folder.path().join("reports")),
            form: ReportForm::Html,
        };
        let people =
            vec![person("ines", "mail", "ines@example.net"), person("tomo", "push", "tomo-1")];
        let publish = PublishSettings {
            reports: Arc::new(vec![rule]),
            stakeholders: Arc::new(vec!["tomo".into(), "Ines".into()]),
            ..PublishSettings::default()
        };
        let sender: Arc<dyn Sender> = self.book.clone();
        let contacts = Contacts { people };
        self.engines.start(&self.store, &self.clock, (sender, contacts), publish);
    }

    async fn begun(&self) {
        let begun = async || !self.store.publications("report:").await.unwrap().is_empty();
        wait::until("the report is set up", begun).await;
    }

    fn set(&self, time: &str) {
        self.clock.0.send_replace(time.parse().unwrap());
    }

    /// Waits until a number of messages was sent and the report of that time is done.
    async fn until(&self, count: usize) {
        let is_done = async || {
            let records = self.store.publications("report:daily").await.unwrap();
            self.book.titles().len() >= count && records[0].body.contains("\"is_done\":true")
        };
        wait::until("the report is sent", is_done).await;
        assert_eq!(self.book.titles().len(), count);
    }
}

const TITLE: &str = "daily: Incidents from 2026-02-25 to 2026-03-04";

#[tokio::test]
async fn report_is_sent_once_by_two_programs() {
    let mut scene = Scene::new().await;
    scene.start();
    scene.start();
    scene.begun().await;
    scene.set("2026-03-04T09:00:30Z");
    scene.until(2).await;
    let expected = ["mail ines@example.net", "push tomo-1"];
    let titles = scene.book.titles();
    assert_eq!(titles.iter().map(|(to, _)| to.as_str()).collect::<Vec<_>>(), expected);
    assert!(titles.iter().all(|(_, title)| title == TITLE), "{titles:?}");
    let file = scene.folder.path().join("reports/daily-2026-03-04.html");
    let html = std::fs::read_to_string(file).unwrap();
    assert!(html.starts_with("<!DOCTYPE html>"));
    for part in ["What changed against the time before", "Problems", "Action items", "<svg"] {
        assert!(html.contains(part), "{part}");
    }
    let sent = scene.book.sent.lock().unwrap();
    assert_eq!(sent[0].1.document.as_ref().unwrap().html.as_deref(), Some(html.as_str()));
    assert!(sent[0].1.text.starts_with("# Incidents from 2026-02-25 to 2026-03-04"));
}

#[tokio::test]
async fn missed_report_is_sent_once_and_says_that_it_is_late() {
    let mut scene = Scene::new().await;
    scene.start();
    scene.begun().await;
    scene.engines.stop();
    scene.set("2026-03-06T15:00:00Z");
    scene.start();
    scene.until(2).await;
    let expected =
        "daily: Incidents from 2026-02-27 to 2026-03-06 (late: due 2026-03-06 09:00 UTC)";
    assert!(scene.book.titles().iter().all(|(_, title)| title == expected));
}

#[tokio::test]
async fn what_a_channel_refuses_for_now_is_tried_again() {
    let mut scene = Scene::new().await;
    *scene.book.failures.lock().unwrap() = 1;
    scene.start();
    scene.begun().await;
    scene.set("2026-03-04T09:00:30Z");
    let sent = async || scene.book.titles().len() == 1;
    wait::until("tomo has it", sent).await;
    let waits = async || {
        let records = scene.store.publications("report:daily").await.unwrap();
        records[0].body.contains("not now")
    };
    wait::until("the failure is recorded", waits).await;
    scene.set("2026-03-04T09:05:00Z");
    scene.until(2).await;
    let expected = ["push tomo-1", "mail ines@example.net"];
    let titles = scene.book.titles();
    assert_eq!(titles.iter().map(|(to, _)| to.as_str()).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn report_that_was_due_before_it_was_set_up_is_not_sent() {
    let mut scene = Scene::new().await;
    scene.start();
    scene.begun().await;
    scene.set("2026-03-03T23:00:00Z");
    let records = scene.store.publications("report:daily").await.unwrap();
    assert!(records[0].body.contains("2026-03-03T09:00:00Z"), "{}", records[0].body);
    assert_eq!(scene.book.titles(), []);
}
