//! Figures for Prometheus, in the `OpenMetrics` text format.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::backend::{BackendError, Outcome};
use crate::model::Priority;
use crate::model::command::CommandKind;

/// The media type of [`Metrics::text`].
pub(super) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper edges of latencies, in seconds; a request that is held takes up to a minute.
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
struct PriorityLabels {
    priority: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct FailureLabels {
    kind: &'static str,
}

/// How a backend failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct FailureKind(&'static str);

impl FailureKind {
    /// What it refuses is no failure.
    pub(super) fn classify(error: &BackendError) -> Option<Self> {
        match error {
            BackendError::Unreachable(_) => Some(Self("unreachable")),
            BackendError::Broken(_) => Some(Self("broken")),
            BackendError::Limited { .. } => Some(Self("limited")),
            _ => None,
        }
    }
}

/// What is counted.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    latency: Family<RouteLabels, Histogram>,
    commands: Family<CommandLabels, Counter>,
    failures: Family<FailureLabels, Counter>,
    /// Connections that are open.
    pub connections: Gauge,
    parked_requests: Gauge<u64, AtomicU64>,
    tokens: Gauge<u64, AtomicU64>,
    open_incidents: Family<PriorityLabels, Gauge<u64, AtomicU64>>,
    /// Lines that did not get into the access log.
    pub lost_lines: Counter,
}

/// What is looked up when the figures are asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct GaugeValues {
    /// Requests that are held until something changes.
    pub parked_requests: u64,
    /// Tokens used within the last minutes.
    pub tokens: usize,
    /// Open incidents by priority, where the backend answers.
    pub open_incidents: Option<[u64; 4]>,
}

impl Metrics {
    /// All at zero.
    pub(super) fn new() -> Self {
        let mut registry = Registry::with_prefix("redphone");
        let metrics = Self {
            requests: Family::default(),
            latency: Family::new_with_constructor(|| Histogram::new(LATENCY_BUCKETS_S)),
            commands: Family::default(),
            failures: Family::default(),
            connections: Gauge::default(),
            parked_requests: Gauge::default(),
            tokens: Gauge::default(),
            open_incidents: Family::default(),
            lost_lines: Counter::default(),
            registry: Registry::default(),
        };
        let m = &metrics;
        registry.register("requests", "Requests that were answered", m.requests.clone());
        let help = "How long requests took, those that are held included";
        registry.register_with_unit("request", help, Unit::Seconds, m.latency.clone());
        registry.register("commands", "Commands by what became of them", m.commands.clone());
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
        Self { registry, ..metrics }
    }

    /// Counts a request that was answered.
    pub(super) fn record_request(
        &self,
        method: &'static str,
        route: &'static str,
        status: u16,
        took: Duration,
    ) {
        self.requests.get_or_create(&RequestLabels { method, route, status }).inc();
        self.latency.get_or_create(&RouteLabels { route }).observe(took.as_secs_f64());
    }

    /// Counts a command.
    pub(super) fn record_command(
        &self,
        verb: CommandKind,
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
        let verb = verb.row().wire_name;
        self.commands.get_or_create(&CommandLabels { verb, outcome }).inc();
    }

    /// Counts a failure of the backend.
    pub(super) fn record_failure(&self, kind: FailureKind) {
        self.failures.get_or_create(&FailureLabels { kind: kind.0 }).inc();
    }

    /// All figures as text.
    ///
    /// # Errors
    /// Never in practice: it writes into memory.
    pub(super) fn encode_text(&self, now: GaugeValues) -> Result<String, std::fmt::Error> {
        self.parked_requests.set(now.parked_requests);
        self.tokens.set(u64::try_from(now.tokens).unwrap_or(u64::MAX));
        for (priority, open) in
            Priority::ALL.into_iter().zip(now.open_incidents.unwrap_or_default())
        {
            let label = PriorityLabels { priority: priority.as_str() };
            if now.open_incidents.is_some() {
                self.open_incidents.get_or_create(&label).set(open);
            } else {
                // What is not known is not told.
                self.open_incidents.remove(&label);
            }
        }
        let mut text = String::with_capacity(16 * 1024);
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
