//! Metrics for Prometheus, in the `OpenMetrics` text format and in its own.

mod exposition;
mod labels;
mod process;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use chrono::{DateTime, Utc};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

pub(super) use self::exposition::Exposition;
use self::labels::NoLabels;
use self::process::ProcessMetrics;
use super::health::Disk;
use crate::backend::{BackendError, Outcome};
use crate::model::Priority;
use crate::model::alert::AlertCounts;
use crate::model::command::CommandKind;
use crate::model::signals::TestRecord;

/// Upper bounds of the latency buckets, in seconds. A long poll takes up to a minute.
const LATENCY_BUCKETS_S: [f64; 13] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 60.0];

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: &'static str,
    status: u16,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct RouteLabels {
    route: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct CommandLabels {
    verb: &'static str,
    outcome: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct AlertLabels {
    sender: &'static str,
    outcome: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct DeadLetterLabels {
    outcome: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct PriorityLabels {
    priority: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct FailureLabels {
    kind: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct TokenLabels {
    token: String,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct FileLabels {
    file: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct TestLabels {
    name: String,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct BuildLabels {
    version: &'static str,
}

/// A gauge of whole numbers that are not negative.
type Count = Gauge<u64, AtomicU64>;

/// How a backend failed, as a label value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct FailureKind(&'static str);

impl FailureKind {
    /// Returns how the backend failed; `None` for a refused request, which is no failure.
    pub(super) fn classify(error: &BackendError) -> Option<Self> {
        match error {
            BackendError::Unreachable(_) => Some(Self("unreachable")),
            BackendError::Broken(_) => Some(Self("broken")),
            BackendError::Limited { .. } => Some(Self("limited")),
            _ => None,
        }
    }
}

/// The metrics of a server.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    latency: Family<RouteLabels, Histogram>,
    commands: Family<CommandLabels, Counter>,
    alerts: Family<AlertLabels, Counter>,
    dead_letters: Family<DeadLetterLabels, Counter>,
    stored_dead_letters: Family<NoLabels, Count>,
    failures: Family<FailureLabels, Counter>,
    /// Number of open connections.
    pub connections: Gauge,
    parked_requests: Count,
    tokens: Count,
    open_incidents: Family<PriorityLabels, Count>,
    oldest_unacknowledged: Family<PriorityLabels, Count>,
    /// Number of requests that are missing in the access log.
    pub lost_lines: Counter,
    lost_log_lines: Counter,
    denials: Family<ReasonLabels, Counter>,
    revoked_uses: Family<TokenLabels, Counter>,
    ready: Count,
    last_write: Family<NoLabels, Count>,
    used_bytes: Family<FileLabels, Count>,
    free_bytes: Family<FileLabels, Count>,
    certificate_expiry: Family<NoLabels, Gauge>,
    test_ok: Family<TestLabels, Count>,
    test_ended: Family<TestLabels, Count>,
    process: ProcessMetrics,
}

/// Values of gauges that are read when the metrics are requested.
#[derive(Clone, Debug)]
pub(super) struct GaugeValues {
    /// Number of parked requests.
    pub parked_requests: u64,
    /// Number of tokens that were used within the last minutes.
    pub tokens: usize,
    /// Open incidents by priority; `None` if the backend does not answer.
    pub open_incidents: Option<[u64; 4]>,
    /// By priority, for how long the oldest unacknowledged incident has been open; `None` if the
    /// backend does not answer. 0 if there is none.
    pub oldest_unacknowledged: Option<[Duration; 4]>,
    /// Whether the server is ready.
    pub is_ready: bool,
    /// When something was last written; `None` before the first time.
    pub last_write: Option<DateTime<Utc>>,
    /// The files of the server and their disks.
    pub disks: Arc<[Disk]>,
    /// When the certificate ceases to be valid; `None` without TLS.
    pub certificate_expiry: Option<DateTime<Utc>>,
    /// How many lines the log of the program has lost.
    pub lost_log_lines: u64,
    /// The number of stored messages that could not be understood; `None` if the backend has no
    /// such messages, or does not answer.
    pub dead_letters: Option<u64>,
    /// The results of the self-tests and of the monitored servers.
    pub tests: Vec<TestRecord>,
}

impl Metrics {
    /// Creates the metrics, all at zero.
    pub(super) fn new() -> Self {
        let mut all = Registry::default();
        let metrics = Self {
            requests: Family::default(),
            latency: Family::new_with_constructor(|| Histogram::new(LATENCY_BUCKETS_S)),
            commands: Family::default(),
            alerts: Family::default(),
            dead_letters: Family::default(),
            stored_dead_letters: Family::default(),
            failures: Family::default(),
            connections: Gauge::default(),
            parked_requests: Gauge::default(),
            tokens: Gauge::default(),
            open_incidents: Family::default(),
            lost_lines: Counter::default(),
            oldest_unacknowledged: Family::default(),
            lost_log_lines: Counter::default(),
            denials: Family::default(),
            revoked_uses: Family::default(),
            ready: Gauge::default(),
            last_write: Family::default(),
            used_bytes: Family::default(),
            free_bytes: Family::default(),
            certificate_expiry: Family::default(),
            test_ok: Family::default(),
            test_ended: Family::default(),
            process: ProcessMetrics::new(),
            registry: Registry::default(),
        };
        let m = &metrics;
        m.process.register(&mut all);
        let registry = all.sub_registry_with_prefix("redphone");
        registry.register("requests", "Requests that were answered", m.requests.clone());
        let help = "How long requests took, those that are held included";
        registry.register_with_unit("request", help, Unit::Seconds, m.latency.clone());
        registry.register("commands", "Commands by what became of them", m.commands.clone());
        let help = "Alerts that were received, by sender and what became of them";
        registry.register("alerts", help, m.alerts.clone());
        let help = "Messages of alerts that could not be understood, by whether they were stored";
        registry.register("messages_not_understood", help, m.dead_letters.clone());
        let help = "Messages that could not be understood and are stored to be read again";
        registry.register("dead_letters", help, m.stored_dead_letters.clone());
        let help = "Requests that the backend failed, by how";
        registry.register("backend_failures", help, m.failures.clone());
        let help = "Connections that are open";
        registry.register("connections", help, m.connections.clone());
        let help = "Requests that are held until something changes";
        registry.register("requests_held", help, m.parked_requests.clone());
        let help = "Tokens that were used within the last five minutes";
        registry.register("tokens_in_use", help, m.tokens.clone());
        registry.register("incidents_open", "Open incidents by priority", m.open_incidents.clone());
        let help = "Requests that the access log has no line of";
        registry.register("access_log_lost", help, m.lost_lines.clone());
        let build = Info::new(BuildLabels { version: env!("CARGO_PKG_VERSION") });
        registry.register("build", "The version of the program", build);
        let help = "For how long the oldest incident is open that nobody acknowledged, by priority";
        let oldest = m.oldest_unacknowledged.clone();
        registry.register_with_unit("oldest_unacknowledged", help, Unit::Seconds, oldest);
        let help = "Lines that the log of the program has lost";
        registry.register("log_lost", help, m.lost_log_lines.clone());
        let help = "Requests that were refused because of their token, by why";
        registry.register("auth_failures", help, m.denials.clone());
        let help = "Requests with a token that was revoked, by its public id";
        registry.register("revoked_token_uses", help, m.revoked_uses.clone());
        let help = "1 if the server is ready: the last write succeeded and the disks have space";
        registry.register("ready", help, m.ready.clone());
        let help = "When something was last written to the store";
        let last = m.last_write.clone();
        registry.register_with_unit("last_write_timestamp", help, Unit::Seconds, last);
        let help = "The size of the store and of the logs";
        registry.register_with_unit("file_size", help, Unit::Bytes, m.used_bytes.clone());
        let help = "What is free on the disk of the store and of the logs";
        registry.register_with_unit("disk_free", help, Unit::Bytes, m.free_bytes.clone());
        let help = "When the certificate ceases to be valid";
        let expiry = m.certificate_expiry.clone();
        registry.register_with_unit("certificate_expiry_timestamp", help, Unit::Seconds, expiry);
        m.register_tests(registry);
        Self { registry: all, ..metrics }
    }

    fn register_tests(&self, registry: &mut Registry) {
        let help = "1 if the last self-test, or the last question to a server, succeeded, by name";
        registry.register("test_ok", help, self.test_ok.clone());
        let help = "When the last self-test, or the last question to a server, ended, by name";
        let ended = self.test_ended.clone();
        registry.register_with_unit("test_ended_timestamp", help, Unit::Seconds, ended);
    }

    /// Sets the outcomes of self-tests and of servers that are watched.
    fn set_tests(&self, tests: &[TestRecord]) {
        self.test_ok.clear();
        self.test_ended.clear();
        for test in tests {
            let Some(ended_at) = test.ended_at else { continue };
            let labels = TestLabels { name: test.name.clone() };
            self.test_ok.get_or_create(&labels).set(test.error.is_none().into());
            let seconds = u64::try_from(ended_at.timestamp()).unwrap_or_default();
            self.test_ended.get_or_create(&labels).set(seconds);
        }
    }

    /// Counts a request that was refused because of its token.
    pub(super) fn record_denial(&self, reason: &'static str) {
        self.denials.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// Counts a request with a revoked token, by the public id of the token.
    pub(super) fn record_revoked_use(&self, token: &str) {
        self.revoked_uses.get_or_create(&TokenLabels { token: token.to_owned() }).inc();
    }

    /// Counts an answered request.
    pub(super) fn record_request(
        &self,
        method: &'static str,
        route: &'static str,
        status: u16,
        elapsed: Duration,
    ) {
        self.requests.get_or_create(&RequestLabels { method, route, status }).inc();
        self.latency.get_or_create(&RouteLabels { route }).observe(elapsed.as_secs_f64());
    }

    /// Counts a command and its outcome.
    pub(super) fn record_command(
        &self,
        kind: CommandKind,
        outcome: &Result<Outcome, BackendError>,
    ) {
        let outcome = match outcome {
            Ok(Outcome { replayed: true, .. }) => "replayed",
            Ok(_) => "done",
            Err(BackendError::Rejected(_)) => "rejected",
            Err(BackendError::Conflict(_)) => "conflict",
            Err(BackendError::NotFound(_)) => "not_found",
            Err(BackendError::NotAllowed(_)) => "not_allowed",
            Err(error) => {
                if let Some(kind) = FailureKind::classify(error) {
                    self.record_failure(kind);
                }
                "failed"
            }
        };
        let verb = kind.row().wire_name;
        self.commands.get_or_create(&CommandLabels { verb, outcome }).inc();
    }

    /// Counts the alerts of a message that was stored.
    pub(super) fn record_alerts(&self, sender: &'static str, counts: &AlertCounts) {
        for (outcome, count) in [
            ("new", counts.new),
            ("again", counts.again),
            ("repeated", counts.repeated),
            ("resolved", counts.resolved),
            ("waiting", counts.waiting),
            ("ignored", counts.ignored),
        ] {
            if count > 0 {
                let labels = AlertLabels { sender, outcome };
                self.alerts.get_or_create(&labels).inc_by(u64::from(count));
            }
        }
    }

    /// Counts a message that could not be understood, by its outcome.
    pub(super) fn record_dead_letter(&self, outcome: &'static str) {
        self.dead_letters.get_or_create(&DeadLetterLabels { outcome }).inc();
    }

    /// Counts a failure of the backend.
    pub(super) fn record_failure(&self, kind: FailureKind) {
        self.failures.get_or_create(&FailureLabels { kind: kind.0 }).inc();
    }

    /// Encodes all metrics as `OpenMetrics` text.
    ///
    /// # Errors
    /// None in practice, as this writes to memory.
    pub(super) fn encode_text(&self, values: &GaugeValues) -> Result<String, std::fmt::Error> {
        self.parked_requests.set(values.parked_requests);
        self.tokens.set(u64::try_from(values.tokens).unwrap_or(u64::MAX));
        let oldest = values.oldest_unacknowledged.map(|ages| ages.map(|age| age.as_secs()));
        set_by_priority(&self.open_incidents, values.open_incidents);
        set_by_priority(&self.oldest_unacknowledged, oldest);
        self.ready.set(values.is_ready.into());
        if let Some(at) = values.last_write {
            let seconds = u64::try_from(at.timestamp()).unwrap_or_default();
            self.last_write.get_or_create(&NoLabels).set(seconds);
        }
        for disk in &*values.disks {
            let labels = FileLabels { file: disk.name };
            self.used_bytes.get_or_create(&labels).set(disk.used_bytes);
            match disk.free_bytes {
                Some(free) => drop(self.free_bytes.get_or_create(&labels).set(free)),
                None => drop(self.free_bytes.remove(&labels)),
            }
        }
        if let Some(count) = values.dead_letters {
            self.stored_dead_letters.get_or_create(&NoLabels).set(count);
        }
        if let Some(at) = values.certificate_expiry {
            self.certificate_expiry.get_or_create(&NoLabels).set(at.timestamp());
        }
        self.set_tests(&values.tests);
        let counted = self.lost_log_lines.get();
        self.lost_log_lines.inc_by(values.lost_log_lines.saturating_sub(counted));
        self.process.read();
        let mut text = String::with_capacity(16 * 1024);
        encode(&mut text, &self.registry)?;
        // Metrics without labels are written with empty braces if they may have no value.
        Ok(text.replace("{} ", " "))
    }
}

/// Sets a gauge for each priority. Values that are not known are left out.
fn set_by_priority(gauges: &Family<PriorityLabels, Count>, values: Option<[u64; 4]>) {
    for (priority, value) in Priority::ALL.into_iter().zip(values.unwrap_or_default()) {
        let label = PriorityLabels { priority: priority.as_str() };
        if values.is_some() {
            gauges.get_or_create(&label).set(value);
        } else {
            gauges.remove(&label);
        }
    }
}
