//! A storm of alerts on a server that is killed in the middle, while panes are open: nothing is lost or
//! doubled, and the panes stay live.
//!
//! `REDPHONE_STORM_WEBHOOKS` is the number of webhooks that one token sends,
//! `REDPHONE_STORM_ALERTS` the number of alerts of the 50 senders, `REDPHONE_STORM_PANES` the
//! number of open panes.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use portable_pty::CommandBuilder;
use redphone::model::alert::Alert;
use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::sync::{Mutex, watch};

use super::store::Store;
use crate::support::api::client;
use crate::support::port::ReservedPort;
use crate::support::program;
use crate::support::sample::number;
use crate::support::terminal::Terminal;

/// How many groups the webhooks of the one token are about.
const GROUPS: u64 = 20;
/// The number of concurrent senders.
const SENDERS: u64 = 50;
/// How many alerts of its group a webhook repeats.
const REPEATED: u64 = 4;
/// How long a sender waits before it sends again.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// How often an alert was sent, and how often that was answered with success.
#[derive(Clone, Copy, Default)]
struct Sent {
    attempts: u64,
    stored: u64,
}

/// The alerts that all senders have sent, by their keys.
type Ledger = Arc<Mutex<BTreeMap<String, Sent>>>;

/// A store with a server that can be killed.
struct Scene {
    store: Store,
    port: ReservedPort,
    server: Option<Child>,
}

impl Scene {
    fn new() -> Self {
        let store = Store::empty();
        let port = ReservedPort::new();
        let mut scene = Self { store, port, server: None };
        let declared = scene.store.declare("The night begins", "lights", "low", "low");
        assert_eq!(declared, "INC-1");
        scene.serve();
        scene
    }

    fn serve(&mut self) {
        let mut child = Command::new(program())
            .args(["serve", "--listen", &self.port.address.to_string(), "--store"])
            .arg(self.store.file())
            .args(["--access-log", "/dev/null", "--requests-a-minute", "1000000"])
            .env("XDG_STATE_HOME", self.store.folder.path())
            .env("XDG_CONFIG_HOME", self.store.folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it runs");
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("http://"), "{line}");
        self.server = Some(child);
    }

    /// Kills the server without a shutdown, and starts it again.
    fn restart(&mut self) {
        let mut server = self.server.take().expect("it runs");
        server.kill().unwrap();
        server.wait().unwrap();
        self.serve();
    }

    fn token(&self, name: &str, scope: &str) -> String {
        let made = self.store.run(&["token", "create", "--name", name, "--scope", scope]);
        assert!(made.status.success(), "{made:?}");
        String::from_utf8(made.stdout).unwrap().trim().to_owned()
    }

    fn url(&self) -> String {
        format!("http://{}", self.port.address)
    }

    /// Opens panes of another machine.
    fn panes(&self, token: &str, index: u64) -> Terminal {
        let home = self.store.folder.path().join(format!("far{index}"));
        std::fs::create_dir(&home).unwrap();
        let mut command = CommandBuilder::new(program());
        command.env_clear();
        command.args(["--backend", &self.url()]);
        command.env("REDPHONE_TOKEN", token);
        command.env("REDPHONE_USER", "ines");
        command.env("HOME", home);
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("TZ", "UTC");
        Terminal::start(command, 126, 36)
    }

    /// Returns how often each alert was reported, by its key, and the number of incidents.
    fn stored(&self) -> (BTreeMap<String, u64>, u64) {
        let conn = Connection::open(self.store.file()).unwrap();
        let mut statement = conn.prepare("SELECT body FROM alert").unwrap();
        let bodies = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let mut counts = BTreeMap::new();
        for body in bodies {
            let alert: Alert = serde_json::from_str(&body.unwrap()).unwrap();
            *counts.entry(alert.key).or_default() += u64::from(alert.count);
        }
        let sql = "SELECT count(*) FROM incident";
        let incidents: i64 = conn.query_row(sql, [], |row| row.get(0)).unwrap();
        (counts, incidents.try_into().unwrap())
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

/// Returns the key of an alert, and the alert as Alertmanager sends it.
fn alert(name: &str, service: &str) -> (String, Value) {
    let value = json!({
        "status": "firing",
        "labels": {
            "alertname": "Latency", "instance": name, "service": service, "severity": "warning",
        },
        "annotations": {"summary": format!("{name} is slow")},
        "startsAt": "2026-03-01T09:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": name,
    });
    (name.to_owned(), value)
}

/// A sender that sends again as Alertmanager does: after a server error or without an answer, and never
/// after a refusal.
#[derive(Clone)]
struct Sender {
    client: reqwest::Client,
    url: String,
    token: String,
    ledger: Ledger,
    /// How many messages were answered with success.
    done: Arc<watch::Sender<u64>>,
}

impl Sender {
    async fn send(&self, group: &str, alerts: Vec<(String, Value)>) {
        let (keys, alerts): (Vec<String>, Vec<Value>) = alerts.into_iter().unzip();
        let message = json!({
            "version": "4",
            "groupKey": format!("{{}}:{{group=\"{group}\"}}"),
            "status": "firing",
            "receiver": "redphone",
            "groupLabels": {"group": group},
            "alerts": alerts,
        });
        loop {
            self.count(&keys, |sent| sent.attempts += 1).await;
            let request = self.client.post(format!("{}/v1/ingest/alertmanager", self.url));
            let response = request.bearer_auth(&self.token).json(&message).send().await;
            match response.map(|response| response.status()) {
                Ok(status) if status.is_success() => {
                    self.count(&keys, |sent| sent.stored += 1).await;
                    self.done.send_modify(|done| *done += 1);
                    return;
                }
                Ok(status) => assert!(status.is_server_error(), "given up after {status}"),
                // The server is away.
                Err(_) => {}
            }
            tokio::time::sleep(RETRY_AFTER).await;
        }
    }

    async fn count(&self, keys: &[String], change: impl Fn(&mut Sent)) {
        let mut ledger = self.ledger.lock().await;
        for key in keys {
            change(ledger.entry(key.clone()).or_default());
        }
    }

    /// Sends webhooks about groups one after the other, each with a new alert and some earlier
    /// ones.
    async fn send_webhooks(self, from: u64, to: u64) {
        for index in from..to {
            let group = index % GROUPS;
            let alerts = (0..=REPEATED)
                .filter_map(|back| index.checked_sub(back * GROUPS))
                .map(|index| alert(&format!("hook-{index}"), &format!("service-{group}")))
                .collect();
            self.send(&format!("hooks-{group}"), alerts).await;
        }
    }

    /// Sends alerts one by one, as fast as they are answered.
    async fn send_alerts(self, sender: u64, count: u64) {
        for index in 0..count {
            let name = format!("alert-{sender}-{index}");
            let service = format!("service-{}", sender % GROUPS);
            self.send(&format!("sender-{sender}"), vec![alert(&name, &service)]).await;
        }
    }
}

/// Opens and closes the help again and again until `is_done`; line 1 reports a storm meanwhile. Returns how
/// long each took from the key to the frame.
fn use_panes(mut terminal: Terminal, is_done: &dyn Fn() -> bool) -> Vec<Duration> {
    let mut times = Vec::new();
    // Groups have their incidents from the beginning: on a slow machine the storm may end before its
    // last alert is sent.
    let mut has_seen_storm = false;
    loop {
        for (key, is_open) in [("?", true), ("\x1b", false)] {
            let pressed = Instant::now();
            terminal.press(key);
            terminal.wait_for("the help", |screen| is_help(screen) == is_open);
            // `Esc` waits for the rest of a sequence.
            times.extend(is_open.then(|| pressed.elapsed()));
            terminal.watch(Duration::from_millis(50));
        }
        has_seen_storm |= terminal.text().contains("storm");
        if is_done() {
            break;
        }
    }
    if !has_seen_storm {
        terminal.wait_for_text("storm");
    }
    times
}

/// Whether the help is on the screen.
fn is_help(screen: &vt100::Screen) -> bool {
    screen.contents().contains("the row that keys are about")
        || screen.contents().contains("type to search")
}

/// Returns the value below which 99 of 100 are.
fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get((times.len() * 99).div_ceil(100).saturating_sub(1)).copied().unwrap_or_default()
}

#[test]
fn killed_server_loses_nothing_in_a_storm() {
    let webhooks = number("REDPHONE_STORM_WEBHOOKS").unwrap_or(200);
    let alerts = number("REDPHONE_STORM_ALERTS").unwrap_or(200);
    let panes = number("REDPHONE_STORM_PANES").unwrap_or(1);
    let mut scene = Scene::new();
    let (ingest, read) = (scene.token("Alertmanager", "ingest"), scene.token("ines", "respond"));
    let (ledger, done) = (Ledger::default(), Arc::new(watch::Sender::new(0)));
    let sender = Sender {
        client: client(),
        url: scene.url(),
        token: ingest,
        ledger: Arc::clone(&ledger),
        done: Arc::clone(&done),
    };
    let each = alerts.div_ceil(SENDERS);
    let total = webhooks + each * SENDERS;
    let terminals: Vec<Terminal> = (0..panes)
        .map(|index| {
            let mut terminal = scene.panes(&read, index);
            terminal.wait_for_text("The night begins");
            terminal
        })
        .collect();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let started = Instant::now();
    // Some connections share the webhooks of the one token, as those of one Alertmanager.
    let mut tasks = Vec::new();
    let connections = 8;
    for connection in 0..connections {
        let (from, to) =
            (webhooks * connection / connections, webhooks * (connection + 1) / connections);
        tasks.push(runtime.spawn(sender.clone().send_webhooks(from, to)));
    }
    for index in 0..SENDERS {
        tasks.push(runtime.spawn(sender.clone().send_alerts(index, each)));
    }
    let times = std::thread::scope(|scope| {
        let users: Vec<_> = terminals
            .into_iter()
            .map(|terminal| {
                let done = &done;
                let is_done = move || *done.borrow() >= total;
                scope.spawn(move || use_panes(terminal, &is_done))
            })
            .collect();
        let mut half = done.subscribe();
        runtime.block_on(half.wait_for(|done| *done >= total / 2)).expect("messages are stored");
        scene.restart();
        for task in tasks {
            runtime.block_on(task).expect("a sender is refused nothing");
        }
        users
            .into_iter()
            .flat_map(|user| user.join().expect("the panes are live"))
            .collect::<Vec<_>>()
    });
    let took = started.elapsed();
    let (stored, incidents) = scene.stored();
    let sent = runtime.block_on(async { ledger.lock().await.clone() });
    let keys = |counts: Vec<&String>| counts.into_iter().cloned().collect::<Vec<_>>();
    assert_eq!(keys(stored.keys().collect()), keys(sent.keys().collect()));
    for (key, count) in &stored {
        let Sent { attempts, stored } = sent[key];
        // A message that was cut off may be stored or not, and is sent again.
        assert!((stored..=attempts).contains(count), "{key}: {count} of {stored} to {attempts}");
    }
    assert_eq!(incidents, 1 + webhooks.min(GROUPS) + SENDERS.min(each * SENDERS));
    println!(
        "{webhooks} webhooks and {} alerts from {SENDERS} senders in {:.1} s with {panes} panes; key to \
         frame p99 {} ms of {}",
        each * SENDERS,
        took.as_secs_f64(),
        p99(times.clone()).as_millis(),
        times.len()
    );
}
