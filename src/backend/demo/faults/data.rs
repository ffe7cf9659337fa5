//! Faults of services that store and move data.

use crate::model::status::Category::{Application, Infrastructure, Performance};

use super::Cause::{
    Capacity, Config, Data, Dependency, Deploy, Expiry, Hardware, Leak, Migration, Query, Supplier,
};
use super::{Fault, MINOR, SEVERE, USUAL};

pub(super) const DATABASE: &[Fault] = &[
    Fault {
        alert: "ConnectionsExhausted",
        category: Infrastructure,
        gravity: SEVERE,
        titles: &["{svc} connections at {high} %", "{svc}: clients wait for a connection"],
        severe_titles: &["{svc} refuses new connections"],
        symptoms: &[
            "Callers get \"too many clients\" since {clock}. {pct} % of queries fail.",
            "Pool wait time is {ms} ms, usually below 5.",
        ],
        clues: &[
            "{n} sessions are idle in transaction, all from one client.",
            "The new worker opens a pool per thread. 40 threads.",
            "Killed {n} idle sessions, they come back within a minute.",
        ],
        causes: &[Leak, Deploy, Capacity, Config],
    },
    Fault {
        alert: "ReplicationLag",
        category: Performance,
        gravity: USUAL,
        titles: &["{svc} replica lags {min} min", "Replication lag on {svc} in {region}"],
        severe_titles: &["{svc} replicas stopped, reads are stale"],
        symptoms: &[
            "Customers don't see orders they have just placed.",
            "Replica is {min} min behind and falling further.",
        ],
        clues: &[
            "A single update of {big} rows is being replayed.",
            "Disk of {node} does {n} ms per write. Its neighbour does 1.",
            "Took the replica out of the read pool.",
        ],
        causes: &[Query, Migration, Hardware],
    },
    Fault {
        alert: "SlowQueries",
        category: Performance,
        gravity: USUAL,
        titles: &["Slow queries on {svc}", "{svc} CPU at {high} %", "Lock waits on {svc}"],
        severe_titles: &["{svc} is blocked by a lock"],
        symptoms: &[
            "Everything that writes to {svc} takes seconds.",
            "{n} queries wait behind one lock since {clock}.",
            "CPU at {high} % for {min} min, callers time out now and then.",
        ],
        clues: &[
            "Plan flipped to a sequential scan after the nightly analyze.",
            "Report {id} joins three big tables without a filter.",
            "Migration holds an exclusive lock. It was tested on an empty table.",
        ],
        causes: &[Query, Query, Migration, Deploy],
    },
    Fault {
        alert: "DiskSpace",
        category: Infrastructure,
        gravity: MINOR,
        titles: &["{svc} disk {high} % full", "{svc} will run out of disk in {few} h"],
        severe_titles: &["{svc} disk is full, writes fail"],
        symptoms: &["Growing by {few} GB an hour. Nothing is visible to users yet."],
        clues: &[
            "Write-ahead log is kept for a replica that no longer exists.",
            "Temp files of one query: {n} GB.",
            "Vacuum has not finished on the biggest table since {weekday}.",
        ],
        causes: &[Leak, Capacity, Config],
    },
];

pub(super) const CACHE: &[Fault] = &[
    Fault {
        alert: "HitRateLow",
        category: Performance,
        gravity: USUAL,
        titles: &["{svc} hit rate fell to {low} %", "{svc} evicts too early"],
        severe_titles: &["{svc} is cold, everything behind it is overloaded"],
        symptoms: &[
            "Origin load doubled, p99 of callers is {ms} ms.",
            "Evictions at {big} a minute since {clock}.",
        ],
        clues: &[
            "Key prefix changed with {ver}, so nothing of the old cache fits.",
            "One customer's export fills a third of it.",
        ],
        causes: &[Deploy, Capacity, Config],
    },
    Fault {
        alert: "NodeDown",
        category: Infrastructure,
        gravity: USUAL,
        titles: &["{svc} lost a node in {region}", "{svc} failover in {region}"],
        severe_titles: &["{svc} cluster has no primary"],
        symptoms: &[
            "Brief errors at {clock}, then {min} min of slow answers.",
            "{pct} % of users were logged out.",
        ],
        clues: &[
            "{node} vanished without a log line. Looks like the host.",
            "Two nodes both think they are the primary.",
        ],
        causes: &[Hardware, Hardware, Leak],
    },
];

/// Ordered so that a bus uses the first faults (of brokers) and a queue the last ones.
pub(super) const QUEUE: &[Fault] = &[
    Fault {
        alert: "BrokerUnderReplicated",
        category: Infrastructure,
        gravity: USUAL,
        titles: &["{svc}: partitions under-replicated", "{svc} broker on {node} is gone"],
        severe_titles: &["{svc} has partitions without a leader"],
        symptoms: &[
            "{n} partitions have one copy less than they should.",
            "Producers see timeouts on {pct} % of sends.",
        ],
        clues: &[
            "Broker disk is read-only since a controller reset.",
            "Reassignment is running and eats the network. Throttled it.",
        ],
        causes: &[Hardware, Capacity, Config],
    },
    Fault {
        alert: "ConsumerLag",
        category: Performance,
        gravity: USUAL,
        titles: &["{svc} backlog at {big}", "Consumers of {svc} lag {min} min", "{svc} lag grows"],
        severe_titles: &["{svc} stands still"],
        symptoms: &[
            "Oldest message is {min} min old. Downstream data is late.",
            "{big} messages wait, growing by {n} a second.",
        ],
        clues: &[
            "One partition only; its consumer rebalances every {few} min.",
            "Poison message at offset {big}. Skipped and kept a copy.",
            "Consumers are idle: they wait for {dep}.",
        ],
        causes: &[Data, Leak, Capacity, Dependency, Deploy],
    },
    Fault {
        alert: "DeadLetters",
        category: Application,
        gravity: MINOR,
        titles: &[
            "{svc}: {n} messages in the dead-letter queue",
            "{svc} endpoints of one partner fail",
        ],
        severe_titles: &["{svc} drops events"],
        symptoms: &[
            "{n} events could not be delivered since {clock}.",
            "One partner gets nothing; all others are fine.",
        ],
        clues: &[
            "Schema registry rejects field currency_v2.",
            "Partner's endpoint answers 410. They moved it and did not tell us.",
        ],
        causes: &[Supplier, Deploy, Data],
    },
];

pub(super) const BATCH: &[Fault] = &[
    Fault {
        alert: "JobFailed",
        category: Application,
        gravity: MINOR,
        titles: &[
            "Nightly {svc} job failed",
            "{svc} run of {weekday} did not finish",
            "{svc} step load_orders failed",
        ],
        severe_titles: &["{svc} has produced nothing for two days"],
        symptoms: &[
            "Output of today is missing. Consumers use yesterday's.",
            "Job stopped after {min} min with exit code 137.",
        ],
        clues: &[
            "Out of memory in the join, the input is {few} times its usual size.",
            "Source table has a new column, the loader is strict.",
            "Third time this month at the same step.",
        ],
        causes: &[Leak, Data, Migration, Dependency],
    },
    Fault {
        alert: "JobLate",
        category: Performance,
        gravity: MINOR,
        titles: &["{svc} runs {few} h late", "{svc} is slower than usual"],
        severe_titles: &["{svc} will miss the cut-off for the bank file"],
        symptoms: &["Dashboards show data of yesterday.", "At this pace it ends at {clock}."],
        clues: &[
            "Queue slots are taken by an ad-hoc query of the size of a planet.",
            "Skew: one task does {high} % of the work.",
        ],
        causes: &[Capacity, Query, Dependency],
    },
    Fault {
        alert: "RowCountOff",
        category: Application,
        gravity: MINOR,
        titles: &["{svc}: row count off by {low} %", "{svc} writes duplicates"],
        severe_titles: &["{svc} sent wrong figures to customers"],
        symptoms: &["Finance noticed that {weekday} is missing.", "{big} rows are there twice."],
        clues: &[
            "Clock change again: the hour from 02:00 was loaded twice.",
            "Late events fall out of the window. Reloading with a day of slack.",
        ],
        causes: &[Data, Deploy, Migration],
    },
];

pub(super) const STORAGE: &[Fault] = &[
    Fault {
        alert: "StorageErrors",
        category: Infrastructure,
        gravity: USUAL,
        titles: &["{svc}: reads fail now and then", "{svc} answers 503 in {region}"],
        severe_titles: &["{svc} is not reachable"],
        symptoms: &[
            "{pct} % of reads fail since {clock}, writes are fine.",
            "Callers of {svc} get errors for {pct} % of objects.",
        ],
        clues: &[
            "All failures hit one rack.",
            "Provider reports elevated error rates in {region}.",
            "Retries succeed, so users see slowness more than errors.",
        ],
        causes: &[Hardware, Supplier, Capacity],
    },
    Fault {
        alert: "UploadFailures",
        category: Application,
        gravity: MINOR,
        titles: &["Uploads to {svc} fail above {n} MB", "{svc} push is denied"],
        severe_titles: &["Nothing can be written to {svc}"],
        symptoms: &["Answers 413 since {clock}.", "{n} failed attempts, all with the same role."],
        clues: &[
            "Proxy limit was lowered by mistake, diff in the last config change.",
            "Write token expired at midnight UTC.",
        ],
        causes: &[Config, Expiry],
    },
];
