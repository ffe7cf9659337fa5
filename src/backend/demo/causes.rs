//! Templates for what responders find, do and learn, by cause.

use crate::model::change::ChangeKind;
use crate::model::status::ResolutionAction::{
    self, BlockAccess, ConfigFix, Other, Patch, Restart, Rollback, Scale,
};

use super::faults::Cause;

/// The templates for incidents with one cause.
pub(super) struct CauseTemplates {
    /// Notes that name the cause.
    pub found: &'static [&'static str],
    /// What was done to resolve the incident, with the kind of the action.
    pub fixes: &'static [(ResolutionAction, &'static str)],
    /// The kind of change that leads to this cause, with its titles; `None` if no change does.
    pub change: Option<(ChangeKind, &'static [&'static str])>,
    /// The title of the problem if the cause recurs.
    pub problem: &'static str,
}

impl Cause {
    /// Returns the templates for this cause.
    pub fn templates(self) -> &'static CauseTemplates {
        match self {
            Self::Deploy => &DEPLOY,
            Self::Config => &CONFIG,
            Self::Migration => &MIGRATION,
            Self::Capacity => &CAPACITY,
            Self::Leak => &LEAK,
            Self::Hardware => &HARDWARE,
            Self::Dependency => &DEPENDENCY,
            Self::Supplier => &SUPPLIER,
            Self::Expiry => &EXPIRY,
            Self::Abuse => &ABUSE,
            Self::Data => &DATA,
            Self::Query => &QUERY,
        }
    }
}

const DEPLOY: CauseTemplates = CauseTemplates {
    found: &[
        "Started right after the deploy of {svc}. Error is in the new code path. Rolling back.",
        "Canary had it too, nobody looked. It is the release, preparing the rollback.",
        "Bisected to a merge by {who}: a default changed from lenient to strict.",
        "Old version on one pod: no errors there. So it is the new one.",
    ],
    fixes: &[
        (Rollback, "Rolled {svc} back to the version before"),
        (Rollback, "Reverted the release, {who} fixes it on a branch"),
        (Patch, "Fixed forward with a one-line patch, deployed to all regions"),
        (ConfigFix, "Turned the feature flag off until the fix is in"),
    ],
    change: Some((
        ChangeKind::Deploy,
        &["{svc} {ver}", "{svc} {ver}: dependency updates", "{svc} {ver} to 100 %"],
    )),
    problem: "{svc}: releases reach all pods before the canary is judged",
};

const CONFIG: CauseTemplates = CauseTemplates {
    found: &[
        "The last config edit sets the timeout to 100 ms instead of 1000 ms.",
        "Diff of the last config push: one line too many was removed.",
        "{who} confirms: the value was meant for staging.",
        "Two sources set the same key and the wrong one wins since the restart.",
    ],
    fixes: &[
        (ConfigFix, "Restored the previous config of {svc}"),
        (ConfigFix, "Corrected the setting and pushed it to all regions"),
        (Rollback, "Took the config change back, will go out again after review"),
    ],
    change: Some((
        ChangeKind::ConfigEdit,
        &["{svc}: timeouts", "{svc}: traffic weights in {region}", "{svc}: new limits"],
    )),
    problem: "{svc}: config is not validated before it is pushed",
};

const MIGRATION: CauseTemplates = CauseTemplates {
    found: &[
        "The running migration rewrites the whole table. It was tried on 1 % of the data only.",
        "New column has no index, the query that filters on it scans everything.",
        "Backfill competes with live traffic. Pausing it.",
    ],
    fixes: &[
        (Rollback, "Stopped the migration and restored the old schema"),
        (Patch, "Built the missing index concurrently"),
        (ConfigFix, "Backfill throttled to 200 rows a second, runs at night"),
    ],
    change: Some((
        ChangeKind::Migration,
        &["{svc}: add column currency", "{svc}: backfill of {n} M rows", "{svc}: split table"],
    )),
    problem: "{svc}: migrations are not rehearsed on data of full size",
};

const CAPACITY: CauseTemplates = CauseTemplates {
    found: &[
        "Traffic is {few}× what it was last week, campaign mail went out at {clock}.",
        "Plain overload. Limit was set a year ago and never raised.",
        "Autoscaler stops at its maximum of {n}.",
    ],
    fixes: &[
        (Scale, "Raised the maximum and added {n} instances"),
        (Scale, "Doubled the capacity of {svc} in {region}"),
        (ConfigFix, "Shed low-priority traffic and raised the limit"),
    ],
    change: None,
    problem: "{svc}: capacity does not follow campaigns",
};

const LEAK: CauseTemplates = CauseTemplates {
    found: &[
        "Same slow growth as every time. Restart helps, cause is still unknown.",
        "It is the leak again. {who} has a heap dump from before the restart.",
        "Handles are never given back after a timeout, {big} open on {node}.",
    ],
    fixes: &[
        (Restart, "Rolling restart of {svc}"),
        (Restart, "Restarted the stuck consumers, one by one"),
        (Patch, "Bounded the cache; memory is flat since then"),
        (Scale, "More memory for now, so that it lasts until the weekly restart"),
    ],
    change: None,
    problem: "{svc}: resources are not given back after timeouts",
};

const HARDWARE: CauseTemplates = CauseTemplates {
    found: &[
        "{node} has uncorrectable memory errors. Cordoned it.",
        "One disk of {node} is slow and drags the rest along.",
        "Provider retired the host under us, mail came an hour later.",
    ],
    fixes: &[
        (Other, "Drained {node} and had it replaced"),
        (Restart, "Moved the workload to other hosts and restarted it there"),
        (Other, "Failed over to the second zone, faulty part is swapped tomorrow"),
    ],
    change: None,
    problem: "{svc}: one bad host takes more than itself down",
};

const DEPENDENCY: CauseTemplates = CauseTemplates {
    found: &[
        "It is {dep}: slow since {clock}. We have no circuit breaker there.",
        "Retries of ours keep {dep} down. Turned them off for now.",
        "All of it waits for {dep}. {who} is looking at that side.",
    ],
    fixes: &[
        (Other, "{dep} recovered; circuit breaker is now on"),
        (ConfigFix, "Shorter timeout towards {dep} and fewer retries"),
        (Patch, "Serve the last known answer when {dep} is slow"),
    ],
    change: Some((
        ChangeKind::Deploy,
        &["{dep} {ver}", "{dep} {ver}: new client library", "{dep} {ver} to 50 %"],
    )),
    problem: "{svc}: no circuit breaker towards {dep}",
};

const SUPPLIER: CauseTemplates = CauseTemplates {
    found: &[
        "Confirmed by the supplier: trouble on their side, no time given.",
        "Supplier rolled something out at {clock} and is taking it back.",
        "Switched to the second supplier, {pct} % of traffic is over there now.",
    ],
    fixes: &[
        (Other, "Supplier fixed it on their side"),
        (ConfigFix, "Moved traffic to the second supplier until theirs is stable"),
        (Other, "Waited it out with the fallback on, replayed what was missed"),
    ],
    change: None,
    problem: "{svc}: depends on one supplier without failing over by itself",
};

const EXPIRY: CauseTemplates = CauseTemplates {
    found: &[
        "Not after {clock} UTC, says the certificate. So it ran out.",
        "API key had an end date that nobody had in the calendar.",
        "Renewal job has failed since {weekday}, its alert goes to a closed channel.",
    ],
    fixes: &[
        (Other, "Issued a new certificate and rolled it out"),
        (ConfigFix, "New key in place, renewal job repaired"),
        (Restart, "Renewed, restarted {svc} so that it picks it up"),
    ],
    change: None,
    problem: "{svc}: renewals fail in silence",
};

const ABUSE: CauseTemplates = CauseTemplates {
    found: &[
        "Traffic comes from {n} rented networks, rule is ready and in log mode.",
        "Same tool as in spring. The fingerprint matches.",
        "Access is limited to what the log shows. {who} checks what it touched.",
    ],
    fixes: &[
        (BlockAccess, "Blocked the networks and the fingerprint at the edge"),
        (BlockAccess, "Revoked the sessions and forced new passwords for {n} accounts"),
        (BlockAccess, "Key rotated, the old one is shut out everywhere"),
    ],
    change: None,
    problem: "{svc}: limits are per address, attackers have many",
};

const DATA: CauseTemplates = CauseTemplates {
    found: &[
        "One record breaks it: {id}. Moved it aside, the rest goes through.",
        "Input has a value that the schema allows and the code does not.",
        "Duplicates come from the retry of {weekday}. Query to find them is in the runbook now.",
    ],
    fixes: &[
        (Patch, "Parser accepts it now, skipped records were replayed"),
        (Other, "Corrected {n} records by hand and reran"),
        (Patch, "Validation at the entrance, bad records go to a side queue"),
    ],
    change: None,
    problem: "{svc}: one bad record stops all that come after it",
};

const QUERY: CauseTemplates = CauseTemplates {
    found: &[
        "Query {id} takes {lowms} s of CPU and runs for every page view.",
        "Plan changed after statistics were refreshed. Pinned the old one.",
        "An analyst's query holds it all. Talked to {who}, it is killed.",
    ],
    fixes: &[
        (Patch, "Added the index that the query needs"),
        (Other, "Killed the query, moved the report to the replica"),
        (ConfigFix, "Statement timeout of 5 s for everything that is not a job"),
    ],
    change: None,
    problem: "{svc}: ad-hoc queries share the primary with customers",
};
