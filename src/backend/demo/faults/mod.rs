//! Faults by kind of service: what can break, and the templates in which people report it.
//!
//! Placeholders in braces are filled in by [`super::templates::TemplateValues`].

mod data;
mod platform;
mod product;

use crate::model::status::Category;

/// The kinds of services.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ServiceKind {
    Api,
    Web,
    Payments,
    Auth,
    Search,
    Model,
    Messaging,
    Partner,
    Workplace,
    Database,
    Cache,
    Bus,
    Queue,
    Batch,
    Storage,
    Kubernetes,
    Network,
    Vpn,
    Dns,
    Cdn,
    Certificate,
    Observability,
    Ci,
    Security,
}

/// The causes of a fault. The cause decides what is found, what is done, and whether a change
/// preceded the incident.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Cause {
    /// New code.
    Deploy,
    /// A setting.
    Config,
    /// A change of data or schema.
    Migration,
    /// More load than capacity.
    Capacity,
    /// A resource leak that grows until a restart.
    Leak,
    /// A machine, a disk or a network link.
    Hardware,
    /// A service on which it depends.
    Dependency,
    /// An external supplier.
    Supplier,
    /// An expired certificate, key or token.
    Expiry,
    /// An attack.
    Abuse,
    /// Unexpected data.
    Data,
    /// A slow query or a lock.
    Query,
}

/// How severe a fault usually is: weights of P1 to P4.
pub(super) type Gravity = [u32; 4];
/// Affects customers at once.
pub(super) const SEVERE: Gravity = [4, 24, 48, 24];
/// Affects some customers.
pub(super) const USUAL: Gravity = [1, 8, 48, 43];
/// Rarely affects customers.
pub(super) const MINOR: Gravity = [0, 2, 34, 64];

/// One way in which a kind of service breaks.
pub(super) struct Fault {
    /// The alert that detects it; part of the deduplication key.
    pub alert: &'static str,
    pub category: Category,
    pub gravity: Gravity,
    /// Titles for P3 and P4, and for P1 and P2 if `severe_titles` is empty.
    pub titles: &'static [&'static str],
    /// Titles for P1 and P2.
    pub severe_titles: &'static [&'static str],
    /// Descriptions of what users see.
    pub symptoms: &'static [&'static str],
    /// Notes of responders during the investigation.
    pub clues: &'static [&'static str],
    pub causes: &'static [Cause],
}

impl ServiceKind {
    /// Returns the faults of this kind.
    pub fn faults(self) -> &'static [Fault] {
        match self {
            Self::Api => product::API,
            Self::Web => product::WEB,
            Self::Payments => product::PAYMENTS,
            Self::Auth => product::AUTH,
            Self::Search => product::SEARCH,
            Self::Model => product::MODEL,
            Self::Messaging => product::MESSAGING,
            Self::Partner => product::PARTNER,
            Self::Workplace => product::WORKPLACE,
            Self::Database => data::DATABASE,
            Self::Cache => data::CACHE,
            // A bus has brokers of its own, the queues on it have none.
            Self::Bus => &data::QUEUE[..2],
            Self::Queue => &data::QUEUE[1..],
            Self::Batch => data::BATCH,
            Self::Storage => data::STORAGE,
            Self::Kubernetes => platform::KUBERNETES,
            Self::Vpn => &platform::NETWORK[..2],
            Self::Network => &platform::NETWORK[1..],
            Self::Dns => platform::DNS,
            Self::Cdn => platform::CDN,
            Self::Certificate => platform::CERTIFICATE,
            Self::Observability => platform::OBSERVABILITY,
            Self::Ci => platform::CI,
            Self::Security => platform::SECURITY,
        }
    }

    /// Returns how often this kind breaks, relative to the others.
    pub fn weight(self) -> u32 {
        match self {
            Self::Api | Self::Database | Self::Kubernetes => 12,
            Self::Payments | Self::Search | Self::Bus | Self::Queue | Self::Batch | Self::Cdn => 11,
            Self::Auth | Self::Web | Self::Network | Self::Messaging | Self::Ci => 10,
            Self::Cache
            | Self::Storage
            | Self::Partner
            | Self::Model
            | Self::Vpn
            | Self::Observability
            | Self::Security
            | Self::Workplace => 8,
            Self::Dns | Self::Certificate => 4,
        }
    }

    /// Returns the last part of the name of its runbook.
    pub fn runbook(self) -> &'static str {
        match self {
            Self::Api | Self::Web | Self::Payments => "5xx",
            Self::Auth => "logins",
            Self::Search | Self::Model => "latency",
            Self::Messaging | Self::Bus | Self::Queue => "backlog",
            Self::Partner => "supplier-down",
            Self::Database => "failover",
            Self::Cache => "evictions",
            Self::Batch => "rerun",
            Self::Storage => "errors",
            Self::Kubernetes => "nodes",
            Self::Network | Self::Vpn | Self::Dns => "reachability",
            Self::Cdn => "purge",
            Self::Certificate => "renew",
            Self::Observability => "ingest",
            Self::Ci => "runners",
            Self::Security => "triage",
            Self::Workplace => "first-aid",
        }
    }

    /// Returns texts that say how the recovery was validated.
    pub fn recovery_checks(self) -> &'static [&'static str] {
        match self {
            Self::Api | Self::Web | Self::Partner => &[
                "error rate under 0.1 % for {min} min",
                "synthetic journeys green {few} times in a row, p99 back to {lowms} ms",
                "no new errors in the logs since the fix, dashboards flat for {min} min",
                "checked by hand in both regions, support has no new contacts",
            ],
            Self::Payments => &[
                "authorization rate back at its usual level for {min} min",
                "test payments through every acquirer succeed",
                "no declined retries left, success rate normal for {min} min",
            ],
            Self::Auth => &[
                "login success rate normal for {min} min",
                "logged in from a clean browser and from the app, token refresh works",
                "401 rate back to the baseline, no new contacts at support",
            ],
            Self::Search | Self::Model => &[
                "p99 back under {lowms} ms for {min} min",
                "golden queries return what they should, latency normal",
                "fallback rate at zero for {min} min",
            ],
            Self::Messaging | Self::Bus | Self::Queue => &[
                "backlog drained, oldest message {few} s old",
                "lag at zero on every partition for {min} min",
                "test message arrives within {few} s",
            ],
            Self::Database | Self::Cache => &[
                "query latency and connections normal for {min} min",
                "replicas in sync, no slow queries for {min} min",
                "hit rate and p99 back at their usual level",
            ],
            Self::Batch => &[
                "rerun finished, row counts match yesterday's within 1 %",
                "today's output is complete and consumers have picked it up",
                "job green on rerun, checksums compared",
            ],
            Self::Storage | Self::Cdn => &[
                "error rate at zero for {min} min from every region",
                "probes from six locations fetch the right version",
                "hit ratio back above 94 %, no 5xx for {min} min",
            ],
            Self::Kubernetes | Self::Ci => &[
                "all nodes ready, no pod pending for {min} min",
                "test deployment schedules within {few} s",
                "queue empty, jobs start within {few} s",
            ],
            Self::Network | Self::Vpn | Self::Dns | Self::Certificate => &[
                "probes from six locations clean for {min} min",
                "no packet loss for {min} min, handshake errors at zero",
                "new chain is served by every edge, checked from outside",
            ],
            Self::Observability => &[
                "ingest delay under {few} s, gaps are backfilled",
                "dashboards load and alerts evaluate on time again",
            ],
            Self::Security => &[
                "blocked traffic is down to noise, no customer is caught by the rule",
                "no further attempts for {min} min, sessions were revoked",
            ],
            Self::Workplace => &[
                "two colleagues confirm that it works again",
                "checked with the reporter, works on their machine",
            ],
        }
    }

    /// Returns the reason why an alert was a false alarm.
    pub fn false_alarm_reason(self) -> &'static str {
        match self {
            Self::Batch | Self::Bus | Self::Queue | Self::Messaging => {
                "threshold is too tight for month end"
            }
            Self::Observability | Self::Ci => "the probe itself was broken, not the service",
            Self::Security => "it was our own scanner",
            Self::Workplace => "user error, explained it",
            _ => "one probe location had a network problem of its own",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [ServiceKind; 24] = [
        ServiceKind::Api,
        ServiceKind::Web,
        ServiceKind::Payments,
        ServiceKind::Auth,
        ServiceKind::Search,
        ServiceKind::Model,
        ServiceKind::Messaging,
        ServiceKind::Partner,
        ServiceKind::Workplace,
        ServiceKind::Database,
        ServiceKind::Cache,
        ServiceKind::Bus,
        ServiceKind::Queue,
        ServiceKind::Batch,
        ServiceKind::Storage,
        ServiceKind::Kubernetes,
        ServiceKind::Network,
        ServiceKind::Vpn,
        ServiceKind::Dns,
        ServiceKind::Cdn,
        ServiceKind::Certificate,
        ServiceKind::Observability,
        ServiceKind::Ci,
        ServiceKind::Security,
    ];

    #[test]
    fn every_fault_has_all_its_templates() {
        for kind in KINDS {
            assert!(kind.faults().len() >= 2, "{kind:?}");
            assert!(!kind.recovery_checks().is_empty());
            for fault in kind.faults() {
                assert!(!fault.titles.is_empty(), "{}", fault.alert);
                assert!(!fault.symptoms.is_empty(), "{}", fault.alert);
                assert!(fault.clues.len() >= 2, "{}", fault.alert);
                assert!(!fault.causes.is_empty(), "{}", fault.alert);
                assert!(fault.gravity.iter().sum::<u32>() > 0, "{}", fault.alert);
            }
        }
    }

    #[test]
    fn alerts_are_unique_within_a_kind() {
        for kind in KINDS {
            let mut alerts: Vec<_> = kind.faults().iter().map(|f| f.alert).collect();
            alerts.sort_unstable();
            alerts.dedup();
            assert_eq!(alerts.len(), kind.faults().len(), "{kind:?}");
        }
    }
}
