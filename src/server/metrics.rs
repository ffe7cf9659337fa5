//! Metrics for Prometheus, in the `OpenMetrics` text format.

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

/// The media type of [`Metrics::encode_text`].
pub(super) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

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
    verb: String,
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
    failures: Family<FailureLabels, Counter>,
    /// Number of open connections.
    pub connections: Gauge,
    parked_requests: Gauge<u64, AtomicU64>,
    tokens: Gauge<u64, AtomicU64>,
    open_incidents: Family<PriorityLabels, Gauge<u64, AtomicU64>>,
    /// Number of requests that are missing in the access log.
    pub lost_lines: Counter,
}

/// Values of gauges that are read when the metrics are requested.
#[derive(Clone, Copy, Debug)]
pub(super) struct GaugeValues {
    /// Number of parked requests.
    pub parked_requests: u64,
    /// Number of tokens that were used within the last minutes.
    pub tokens: usize,
    /// Open incidents by priority; `None` if the backend does not answer.
    pub open_incidents: Option<[u64; 4]>,
}

impl Metrics {
    /// Creates the metrics, all at zero.
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
        // The label has the command's name on the wire.
        let verb = serde_json::to_value(kind).ok();
        let verb = verb.and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
        self.commands.get_or_create(&CommandLabels { verb, outcome }).inc();
    }

    /// Counts a failure of the backend.
    pub(super) fn record_failure(&self, kind: FailureKind) {
        self.failures.get_or_create(&FailureLabels { kind: kind.0 }).inc();
    }

    /// Encodes all metrics as text.
    ///
    /// # Errors
    /// None in practice, as this writes to memory.
    pub(super) fn encode_text(&self, values: GaugeValues) -> Result<String, std::fmt::Error> {
        self.parked_requests.set(values.parked_requests);
        self.tokens.set(u64::try_from(values.tokens).unwrap_or(u64::MAX));
        for (priority, count) in
            Priority::ALL.into_iter().zip(values.open_incidents.unwrap_or_default())
        {
            let label = PriorityLabels { priority: priority.as_str() };
            if values.open_incidents.is_some() {
                self.open_incidents.get_or_create(&label).set(count);
            } else {
                // While the backend does not answer, the counts are unknown and left out.
                self.open_incidents.remove(&label);
            }
        }
        let mut text = String::with_capacity(16 * 1024);
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
