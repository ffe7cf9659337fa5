//! Faults of services that everything else runs on.

use crate::model::status::Category::{Access, Application, Infrastructure, Performance, Security};

use super::Cause::{Abuse, Capacity, Config, Data, Deploy, Expiry, Hardware, Leak, Supplier};
use super::{Fault, MINOR, SEVERE, USUAL};

pub(super) const KUBERNETES: &[Fault] = &[
    Fault {
        alert: "NodesNotReady",
        category: Infrastructure,
        gravity: USUAL,
        titles: &[
            "{svc}: {few} nodes not ready",
            "{svc} node pool is short of nodes",
            "{svc}: {node} is not ready",
        ],
        severe_titles: &["{svc} lost a whole zone"],
        symptoms: &[
            "{n} pods pending since {clock}. Services run with less room.",
            "Pods on {node} are evicted and don't come up elsewhere.",
        ],
        clues: &[
            "kubelet on {node} can't reach the API server, others can.",
            "Autoscaler hit the quota of the account.",
            "Image pulls time out, that is why they stay in ContainerCreating.",
        ],
        causes: &[Hardware, Capacity, Supplier, Config],
    },
    Fault {
        alert: "DiskPressure",
        category: Infrastructure,
        gravity: MINOR,
        titles: &["Disk pressure on {svc} nodes", "{node} has a full disk"],
        severe_titles: &["{svc} evicts pods on every node"],
        symptoms: &[
            "{n} pods evicted within {min} min.",
            "Log volume fills the disk by {few} GB an hour.",
        ],
        clues: &[
            "Debug logging of one service was left on.",
            "Image garbage collection is off on the new node image.",
        ],
        causes: &[Config, Leak, Deploy],
    },
    Fault {
        alert: "ApiServerLatency",
        category: Performance,
        gravity: MINOR,
        titles: &["{svc} API server is slow", "Deployments to {svc} hang"],
        severe_titles: &["{svc} control plane does not answer"],
        symptoms: &["Rollouts take {min} min. Running pods are not affected."],
        clues: &[
            "An operator lists all secrets {n} times a second.",
            "etcd compaction is behind, database is {few} GB.",
        ],
        causes: &[Capacity, Deploy, Leak],
    },
];

/// Ordered so that a VPN uses the first faults (of tunnels) and the rest of the network the last
/// ones.
pub(super) const NETWORK: &[Fault] = &[
    Fault {
        alert: "TunnelDown",
        category: Access,
        gravity: MINOR,
        titles: &["{svc} tunnel to the Lyon office is down", "{svc} throws people out"],
        severe_titles: &["{svc} is down for everybody"],
        symptoms: &["{n} colleagues can't work.", "Reconnecting helps for {few} min."],
        clues: &[
            "Phase 2 does not come up since the other side changed its cipher list.",
            "Address pool is used up.",
        ],
        causes: &[Config, Capacity, Expiry],
    },
    Fault {
        alert: "PacketLoss",
        category: Infrastructure,
        gravity: USUAL,
        titles: &["Packet loss on {svc} in {region}", "{svc} drops connections"],
        severe_titles: &["{svc} is not reachable from {region}"],
        symptoms: &[
            "{low} % loss between zones since {clock}; retries hide most of it.",
            "Long connections break after {few} min.",
        ],
        clues: &[
            "Path through one carrier only. Moved traffic away from it.",
            "Port errors on the uplink of rack {n}. Optics, I would say.",
            "Conntrack table of {node} is full.",
        ],
        causes: &[Hardware, Supplier, Capacity],
    },
    Fault {
        alert: "UpstreamUnhealthy",
        category: Infrastructure,
        gravity: USUAL,
        titles: &["{svc}: {few} backends unhealthy", "{svc} sends traffic to drained backends"],
        severe_titles: &["{svc} has no healthy backend"],
        symptoms: &[
            "{pct} % of requests answer 503 at the edge.",
            "Errors come in waves of {few} min.",
        ],
        clues: &[
            "Health check path moved with the last release.",
            "Config push was half applied: {n} of 64 proxies have the old one.",
        ],
        causes: &[Config, Config, Deploy],
    },
];

pub(super) const DNS: &[Fault] = &[
    Fault {
        alert: "ResolutionFailures",
        category: Infrastructure,
        gravity: SEVERE,
        titles: &["{svc} lookups fail now and then", "{svc}: SERVFAIL for one zone"],
        severe_titles: &["Names do not resolve"],
        symptoms: &[
            "{pct} % of lookups fail since {clock}.",
            "One resolver answers with old records.",
        ],
        clues: &[
            "Signature of the zone ran out. Re-signing.",
            "Resolver on {node} ignores the new forwarders.",
        ],
        causes: &[Config, Expiry, Hardware],
    },
    Fault {
        alert: "QueryRate",
        category: Performance,
        gravity: MINOR,
        titles: &["{svc} query rate tripled", "{svc} cache hit rate is low"],
        severe_titles: &["{svc} resolvers are overloaded"],
        symptoms: &["Lookups take {n} ms, usually below 1."],
        clues: &[
            "One batch job resolves a name per row.",
            "ndots:5 once more. Five lookups per name.",
        ],
        causes: &[Config, Capacity, Deploy],
    },
];

pub(super) const CDN: &[Fault] = &[
    Fault {
        alert: "Edge4xx",
        category: Application,
        gravity: MINOR,
        titles: &["Images 404 on {svc}", "{svc} serves old assets", "{svc}: missing fonts"],
        severe_titles: &["{svc} answers 404 for all scripts"],
        symptoms: &[
            "{pct} % of image requests answer 404 since {clock}.",
            "Some visitors get last week's version of the site.",
        ],
        clues: &[
            "Purge reached {n} of 180 edges.",
            "Origin path changed with {ver}, the rewrite rule did not.",
        ],
        causes: &[Deploy, Config, Supplier],
    },
    Fault {
        alert: "HitRatioLow",
        category: Performance,
        gravity: USUAL,
        titles: &["{svc} hit ratio fell to {low} %", "{svc} is slow in Southeast Asia"],
        severe_titles: &["{svc} sends everything to the origin"],
        symptoms: &[
            "Origin traffic is {few} times the usual.",
            "Images load line by line for {pct} % of visitors.",
        ],
        clues: &[
            "A tracking parameter is part of the cache key since {weekday}.",
            "Supplier moved us to another point of presence.",
        ],
        causes: &[Config, Supplier, Deploy],
    },
    Fault {
        alert: "Edge5xx",
        category: Infrastructure,
        gravity: USUAL,
        titles: &["{svc} answers 5xx in {region}", "{svc}: handshake errors at some edges"],
        severe_titles: &["{svc} is down in {region}"],
        symptoms: &[
            "{pct} % of visitors get an error page of the supplier.",
            "From {region} only.",
        ],
        clues: &[
            "Supplier has an incident of its own since {clock}.",
            "Moved {region} to the second supplier.",
        ],
        causes: &[Supplier, Config],
    },
];

pub(super) const CERTIFICATE: &[Fault] = &[
    Fault {
        alert: "CertExpiresSoon",
        category: Infrastructure,
        gravity: MINOR,
        titles: &["Certificate of api.partner expires in {few} days", "{svc} renewal failed"],
        severe_titles: &["A certificate ran out, partners can't connect"],
        symptoms: &[
            "Renewal has failed {few} times; nothing is broken yet.",
            "Clients report \"certificate has expired\".",
        ],
        clues: &[
            "Challenge record is not published, the token lost that right.",
            "It was renewed but never deployed.",
        ],
        causes: &[Expiry, Expiry, Config],
    },
    Fault {
        alert: "HandshakeErrors",
        category: Access,
        gravity: USUAL,
        titles: &[
            "Handshake errors with old Android devices",
            "{svc}: one chain lacks its intermediate",
        ],
        severe_titles: &["Apps can't connect: handshake fails"],
        symptoms: &["{pct} % of handshakes fail since {clock}, desktop browsers are fine."],
        clues: &[
            "Cross-signed root was dropped from the bundle.",
            "Works with the full chain, checked from outside.",
        ],
        causes: &[Config, Expiry, Deploy],
    },
];

pub(super) const OBSERVABILITY: &[Fault] = &[
    Fault {
        alert: "IngestDelay",
        category: Performance,
        gravity: MINOR,
        titles: &[
            "{svc} are {min} min late",
            "{svc} ingest drops samples",
            "{svc}: gaps on dashboards",
        ],
        severe_titles: &["{svc} are blind, no alerts are evaluated"],
        symptoms: &["Dashboards end at {clock}.", "{low} % of series are missing."],
        clues: &[
            "A label with request ids was added: {big} new series an hour.",
            "Ingester on {node} replays its log since the restart.",
        ],
        causes: &[Deploy, Capacity, Leak],
    },
    Fault {
        alert: "StorageRetention",
        category: Infrastructure,
        gravity: MINOR,
        titles: &["{svc} disk {high} % full", "{svc} queries over 30 d time out"],
        severe_titles: &["{svc} rejects writes"],
        symptoms: &["Old data can't be queried.", "Compaction is {few} days behind."],
        clues: &[
            "Compactor is stuck on one broken block, {id}.",
            "Retention was raised to 400 d without more disk.",
        ],
        causes: &[Capacity, Config, Data],
    },
];

pub(super) const CI: &[Fault] = &[
    Fault {
        alert: "RunnersOffline",
        category: Infrastructure,
        gravity: MINOR,
        titles: &["{svc} jobs wait {min} min for a runner", "{svc} runners offline"],
        severe_titles: &["{svc} is down, nobody can deploy"],
        symptoms: &[
            "{n} jobs queued. Hotfixes can't go out quickly.",
            "Half of the runners are gone since {clock}.",
        ],
        clues: &[
            "Runner image can't pull its base any more.",
            "Spot instances were reclaimed, all at once.",
        ],
        causes: &[Capacity, Supplier, Expiry],
    },
    Fault {
        alert: "FlakyPipelines",
        category: Application,
        gravity: MINOR,
        titles: &["{svc}: every third pipeline fails", "{svc} cache is corrupt"],
        severe_titles: &["{svc} deploys the wrong version"],
        symptoms: &[
            "Checksum mismatch in the dependency step.",
            "Retrying helps about half of the time.",
        ],
        clues: &["Two jobs write the same cache key.", "Registry mirror returns an old index."],
        causes: &[Config, Deploy, Data],
    },
];

pub(super) const SECURITY: &[Fault] = &[
    Fault {
        alert: "AttackTraffic",
        category: Security,
        gravity: USUAL,
        titles: &[
            "Scraping of prices from rented addresses",
            "{svc}: injection attempts on search",
        ],
        severe_titles: &["Request flood against checkout"],
        symptoms: &[
            "{big} requests a second, {high} % of them blocked.",
            "p99 of the shop is up by {lowms} ms.",
        ],
        clues: &[
            "Pattern is constant: one path, {n} networks.",
            "They adapt to our rules within {few} min.",
        ],
        causes: &[Abuse],
    },
    Fault {
        alert: "FalsePositives",
        category: Access,
        gravity: USUAL,
        titles: &["{svc} blocks real customers", "{svc} rule catches a partner"],
        severe_titles: &["{svc} blocks all orders with an apostrophe in the name"],
        symptoms: &[
            "{n} customers report a captcha loop.",
            "{pct} % of partner calls answer 403 since {clock}.",
        ],
        clues: &[
            "Managed rule set was updated by the supplier at {clock}.",
            "Name O'Brien is enough to trigger it.",
        ],
        causes: &[Config, Supplier],
    },
    Fault {
        alert: "LeakedSecret",
        category: Security,
        gravity: USUAL,
        titles: &["Token found in a public repository", "Suspicious use of a service account"],
        severe_titles: &["Production key was published by mistake"],
        symptoms: &[
            "Found by the secret scanner.",
            "Account was used from a new network at {clock}.",
        ],
        clues: &[
            "Key has read access to one bucket. Audit log shows {few} reads.",
            "Rotated it. Old one answers 403 now.",
        ],
        causes: &[Abuse],
    },
];
