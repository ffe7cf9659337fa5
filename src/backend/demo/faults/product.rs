//! Faults of services that customers and colleagues use directly.

use crate::model::status::Category::{Access, Application, Infrastructure, Performance, Security};

use super::Cause::{
    Abuse, Capacity, Config, Data, Dependency, Deploy, Expiry, Hardware, Leak, Migration, Query,
    Supplier,
};
use super::{Fault, MINOR, SEVERE, USUAL};

pub(super) const API: &[Fault] = &[
    Fault {
        alert: "HighErrorRate",
        category: Application,
        gravity: SEVERE,
        titles: &[
            "{svc}: 5xx above {low} % in {region}",
            "Elevated 5xx on {svc}",
            "Some {svc} requests answer 500",
        ],
        severe_titles: &["{svc} answers 5xx for most requests", "{svc} is down in {region}"],
        symptoms: &[
            "{pct} % of requests to {svc} answer 502 since {clock}. Retries help some of the time.",
            "Customers see \"something went wrong\" on about {pct} % of {svc} calls.",
            "{svc} returns 500 for {pct} % of calls; the other region looks fine.",
        ],
        clues: &[
            "Errors come from {dep} timeouts, not from {svc} itself as far as I can see.",
            "Stack trace is a nil dereference in the new code path, {n} pods affected.",
            "Only requests with more than {few} items fail. Trace {id} shows it well.",
            "Error budget for the month is going fast, {pct} % in this alone.",
        ],
        causes: &[Deploy, Deploy, Dependency, Config, Data],
    },
    Fault {
        alert: "LatencyP99High",
        category: Performance,
        gravity: USUAL,
        titles: &[
            "{svc} p99 above {ms} ms",
            "{svc} is slow in {region}",
            "Slow responses from {svc}, p99 {ms} ms",
        ],
        severe_titles: &["{svc} times out for many customers"],
        symptoms: &[
            "p99 of {svc} is {ms} ms, usual is {lowms} ms. About {pct} % of users notice.",
            "Pages that call {svc} take several seconds to load.",
            "{pct} % of {svc} calls run into the client timeout.",
        ],
        clues: &[
            "Thread pool is full on {n} of 48 pods, waiting on {dep}.",
            "GC pauses of {lowms} ms on the older pods. Heap dump taken from {node}.",
            "Flame graph points at JSON serialization. That is new.",
            "p50 is fine, it is the tail only. Smells like one bad shard.",
        ],
        causes: &[Leak, Capacity, Deploy, Dependency, Query],
    },
    Fault {
        alert: "MemoryNearLimit",
        category: Infrastructure,
        gravity: MINOR,
        titles: &["{svc} pods restart, OOMKilled", "{svc} memory near its limit"],
        severe_titles: &["{svc} pods crash in a loop"],
        symptoms: &[
            "{n} pods of {svc} were OOMKilled in the last hour. Brief errors at each restart.",
            "Memory of {svc} grows by {few} % an hour since the last restart.",
        ],
        clues: &[
            "Growth started with the release of {weekday}. Restarting buys us about {few} h.",
            "Heap is full of cached responses. The cache has no bound.",
            "Raising the limit does not help, it just takes longer.",
        ],
        causes: &[Leak, Leak, Deploy],
    },
    Fault {
        alert: "StaleData",
        category: Application,
        gravity: MINOR,
        titles: &[
            "{svc} shows stale data",
            "Updates reach {svc} late",
            "{svc} lags {min} min behind",
        ],
        severe_titles: &["{svc} serves data that is {few} h old"],
        symptoms: &[
            "Changes made in the back office show up in {svc} only after {min} min.",
            "Support reports {n} customers who see old values in {svc}.",
        ],
        clues: &[
            "Consumer group of {svc} sits at the same offset since {clock}.",
            "Invalidation messages are published but nobody reads them.",
            "Cache TTL is 1 h in production and 1 min in staging. Why?",
        ],
        causes: &[Leak, Config, Dependency, Data],
    },
];

pub(super) const WEB: &[Fault] = &[
    Fault {
        alert: "JsErrorSpike",
        category: Application,
        gravity: USUAL,
        titles: &[
            "JavaScript errors on {svc} product pages",
            "{svc}: filters do nothing on Safari",
            "{svc}: blank page for some Firefox users",
        ],
        severe_titles: &["{svc} shows a blank page", "Add-to-basket button is dead on {svc}"],
        symptoms: &[
            "{pct} % of sessions hit \"undefined is not a function\" since {clock}.",
            "Page renders, then goes blank after hydration. {pct} % of sessions.",
            "Button reacts to nothing; no request leaves the browser.",
        ],
        clues: &[
            "Bundle {ver} references a chunk that is not on the CDN.",
            "Only with the consent banner open. Reproduced on an old iPhone.",
            "Source map says line {n} of the new carousel.",
        ],
        causes: &[Deploy, Deploy, Config],
    },
    Fault {
        alert: "WebVitalsLcp",
        category: Performance,
        gravity: MINOR,
        titles: &["{svc} start page is slow, LCP {ms} ms", "{svc} loads slowly on mobile networks"],
        severe_titles: &["{svc} start page does not finish loading"],
        symptoms: &[
            "Largest contentful paint went from {lowms} ms to {ms} ms.",
            "Bounce rate on the start page is up by {pct} %.",
        ],
        clues: &[
            "Hero image is {few} MB. Somebody uploaded the original.",
            "Third-party tag blocks the main thread for {lowms} ms.",
            "Server timing is fine, the time goes into fonts.",
        ],
        causes: &[Config, Supplier, Deploy],
    },
    Fault {
        alert: "WrongContent",
        category: Application,
        gravity: MINOR,
        titles: &[
            "Prices without VAT on {svc} category pages",
            "Wrong language for visitors from Switzerland",
            "Broken layout on {svc} after login",
        ],
        severe_titles: &["{svc} shows other customers' names in the header"],
        symptoms: &[
            "Reported by {n} customers, with screenshots.",
            "Visible on the live site for everybody who comes from a search engine.",
        ],
        clues: &[
            "Fragment cache key lacks the country. Purged it for now.",
            "Flag new-header is at 50 %, it should be at 5 %.",
            "Works in the preview, so it is data and not code.",
        ],
        causes: &[Config, Deploy, Data],
    },
];

pub(super) const PAYMENTS: &[Fault] = &[
    Fault {
        alert: "PaymentFailures",
        category: Application,
        gravity: SEVERE,
        titles: &[
            "Card payments declined more often than usual",
            "3-D Secure challenges fail for one issuer",
            "{svc}: {low} % of authorizations time out",
        ],
        severe_titles: &["Card payments fail", "{svc} rejects all wallet payments"],
        symptoms: &[
            "{pct} % of card payments answer 502 since {clock}. Wallets are unaffected.",
            "Authorization rate fell by {pct} points. Customers retry and get double holds.",
            "Customers return from the bank's page to an error.",
        ],
        clues: &[
            "Acquirer A is fine, all failures go through acquirer B.",
            "Timeouts are at exactly 10 s, so it is our client, not theirs.",
            "Retries make it worse: {n} duplicate holds so far. Turning them off.",
            "Request signing uses the old key on {few} of 12 pods.",
        ],
        causes: &[Deploy, Supplier, Supplier, Config, Expiry],
    },
    Fault {
        alert: "SettlementMismatch",
        category: Application,
        gravity: USUAL,
        titles: &["Settlement file does not match the ledger", "{n} refunds are stuck in {svc}"],
        severe_titles: &["Customers are charged twice by {svc}"],
        symptoms: &[
            "Finance reports a difference of {big} EUR for yesterday.",
            "{n} customers were charged twice between {clock} and now.",
            "Refunds stay in \"processing\" for more than 24 h.",
        ],
        clues: &[
            "Idempotency key changes on retry. That explains the doubles.",
            "The file has {n} rows in another currency, the parser skips them.",
            "Manual check of ten cases: all from the same batch, {id}.",
        ],
        causes: &[Data, Deploy, Migration, Supplier],
    },
    Fault {
        alert: "AcquirerLatency",
        category: Performance,
        gravity: USUAL,
        titles: &["Slow answers from the acquirer", "{svc} p95 above {ms} ms"],
        severe_titles: &["Checkout hangs while {svc} waits for the acquirer"],
        symptoms: &[
            "Paying takes {few}0 s. {pct} % of customers give up.",
            "Authorization latency is {ms} ms, usual is {lowms} ms.",
        ],
        clues: &[
            "Their status page is green, our traces say otherwise. Opened a ticket with them.",
            "Connection pool to the acquirer is at its limit of 200.",
        ],
        causes: &[Supplier, Capacity, Config],
    },
];

pub(super) const AUTH: &[Fault] = &[
    Fault {
        alert: "LoginFailures",
        category: Access,
        gravity: SEVERE,
        titles: &[
            "Some logins fail on {svc}",
            "Password reset mails lead to an expired link",
            "{svc}: token refresh fails for the mobile app",
        ],
        severe_titles: &["Logins time out", "Nobody can log in through {svc}"],
        symptoms: &[
            "{pct} % of logins fail since {clock}. People who are logged in are not affected.",
            "Users are thrown out after {few} min and can't get back in.",
            "Login page answers \"try again later\".",
        ],
        clues: &[
            "Key rotation ran at {clock}; half of the pods still have the old key set.",
            "Clock of {node} is {n} s off, its tokens are rejected.",
            "Rate limiter counts everybody behind the proxy as one client.",
            "Session store answers in {lowms} ms, usually 3.",
        ],
        causes: &[Deploy, Config, Expiry, Dependency, Capacity],
    },
    Fault {
        alert: "CredentialStuffing",
        category: Security,
        gravity: USUAL,
        titles: &["Login attempts from a botnet", "Unusual login failures from one provider"],
        severe_titles: &["Credential stuffing against {svc}, accounts taken over"],
        symptoms: &[
            "{big} failed logins a minute, from about {big} addresses.",
            "{n} accounts had a successful login from an unknown country after many failures.",
        ],
        clues: &[
            "Browser names rotate but the TLS fingerprint is the same for all of them.",
            "List looks like the leak of last spring. Forced resets prepared for {n} accounts.",
        ],
        causes: &[Abuse],
    },
    Fault {
        alert: "PermissionDenied",
        category: Access,
        gravity: MINOR,
        titles: &[
            "New colleagues can't open the back office",
            "Support staff lost the refund permission",
            "Group sync of {svc} is {few} h behind",
        ],
        severe_titles: &["All partner accounts are locked out of {svc}"],
        symptoms: &[
            "{n} people get \"not allowed\" where they could work yesterday.",
            "Group membership changes are not picked up since {clock}.",
        ],
        clues: &[
            "Sync job stops at a group with an umlaut in its name.",
            "The role was renamed in the last release, the mapping was not.",
        ],
        causes: &[Config, Data, Deploy, Expiry],
    },
];

pub(super) const SEARCH: &[Fault] = &[
    Fault {
        alert: "SearchLatency",
        category: Performance,
        gravity: USUAL,
        titles: &["{svc} p99 above {ms} ms", "Slow results from {svc} in {region}"],
        severe_titles: &["{svc} times out for most queries"],
        symptoms: &[
            "Results take {few} s; {pct} % of searches end in the fallback list.",
            "p99 rose from {lowms} ms to {ms} ms within {min} min.",
        ],
        clues: &[
            "Shard {few} is twice the size of the others and sits on {node}.",
            "One wildcard query runs {n} times a second. Comes from the partner feed.",
            "Segment merges saturate the disks. They should run at night.",
        ],
        causes: &[Query, Capacity, Hardware, Deploy],
    },
    Fault {
        alert: "IndexLag",
        category: Application,
        gravity: MINOR,
        titles: &["{svc} index is {min} min behind", "New products missing from {svc}"],
        severe_titles: &["{svc} returns no results"],
        symptoms: &[
            "Products added since {clock} can't be found.",
            "Sold-out products are still shown first. {n} orders had to be cancelled.",
        ],
        clues: &[
            "Indexer crashes on document {id}: a price of 1e400.",
            "Bulk requests are rejected, queue size 200 is full.",
            "Indexing works, the alias still points at yesterday's index.",
        ],
        causes: &[Data, Leak, Config, Dependency],
    },
    Fault {
        alert: "ZeroResults",
        category: Application,
        gravity: USUAL,
        titles: &["Zero-result rate of {svc} doubled", "{svc} ignores accents since this morning"],
        severe_titles: &["Half of all searches find nothing"],
        symptoms: &[
            "{pct} % of queries return nothing, usual is 3 %.",
            "Searching \"café\" finds nothing, \"cafe\" does.",
        ],
        clues: &[
            "Synonym file is empty in the new image.",
            "Analyzer changed with {ver}; the index was not rebuilt.",
        ],
        causes: &[Deploy, Config, Migration],
    },
];

pub(super) const MODEL: &[Fault] = &[
    Fault {
        alert: "InferenceLatency",
        category: Performance,
        gravity: MINOR,
        titles: &["{svc} answers slowly, callers fall back", "{svc} p95 above {ms} ms"],
        severe_titles: &["{svc} does not answer, callers work without it"],
        symptoms: &[
            "{pct} % of calls exceed the budget of {lowms} ms; callers use defaults.",
            "Queue in front of {svc} is {n} deep.",
        ],
        clues: &[
            "Batch size went back to 1 after the restart.",
            "GPU of {node} throttles at 92 °C.",
            "Feature lookups take most of the time, the model itself is quick.",
        ],
        causes: &[Capacity, Hardware, Deploy, Dependency],
    },
    Fault {
        alert: "ScoreDrift",
        category: Application,
        gravity: USUAL,
        titles: &[
            "{svc} scores drift since the last model",
            "{svc} results jumped after retraining",
        ],
        severe_titles: &["{svc} answers with defaults only"],
        symptoms: &[
            "Scores differ from last week's by {pct} % for the same input.",
            "Callers of {svc} see results that make no sense for new customers.",
        ],
        clues: &[
            "Feature days_since_signup is zero for everybody since {clock}.",
            "Comparing with the shadow model: differs only for guests.",
        ],
        causes: &[Data, Deploy, Config],
    },
];

pub(super) const MESSAGING: &[Fault] = &[
    Fault {
        alert: "DeliveryRate",
        category: Application,
        gravity: USUAL,
        titles: &[
            "Order confirmations arrive {min} min late",
            "{svc} delivery rate below {high} %",
            "One mailbox provider rejects our {svc} traffic",
        ],
        severe_titles: &["{svc} delivers nothing", "One-time codes by {svc} don't arrive"],
        symptoms: &[
            "{pct} % of messages are deferred since {clock}.",
            "{n} customers asked support where their confirmation is.",
            "Codes arrive after they have expired.",
        ],
        clues: &[
            "Provider answers 421, our address is on a grey list.",
            "DKIM signature fails for the new sub-domain.",
            "Worker pool is stuck on a template that loops. Killed it on {node}.",
        ],
        causes: &[Supplier, Config, Leak, Deploy],
    },
    Fault {
        alert: "DuplicateSends",
        category: Application,
        gravity: MINOR,
        titles: &[
            "{svc}: customers get the same message twice",
            "{svc} sends in the wrong language",
        ],
        severe_titles: &["{svc} repeats one campaign to all customers"],
        symptoms: &[
            "About {big} messages were sent twice.",
            "{n} complaints within {min} min, two on social media.",
        ],
        clues: &[
            "Worker died after the send and before the commit. Classic.",
            "Retry policy was changed from 3 to 30 on {weekday}.",
        ],
        causes: &[Config, Deploy, Data],
    },
];

pub(super) const PARTNER: &[Fault] = &[
    Fault {
        alert: "SupplierErrors",
        category: Application,
        gravity: USUAL,
        titles: &[
            "{svc}: supplier answers 503",
            "{svc} quotes fail for some countries",
            "{svc} answers are incomplete",
        ],
        severe_titles: &["{svc} supplier is down, orders pile up"],
        symptoms: &[
            "{pct} % of calls to the supplier fail since {clock}. {n} orders wait.",
            "Customers in two countries see an error at the last step.",
        ],
        clues: &[
            "Their status page says \"investigating\". Ticket {id} is open with them.",
            "They rotated their certificate without a word; our trust store is pinned.",
            "Fallback table is on, good enough for domestic orders until tonight.",
        ],
        causes: &[Supplier, Supplier, Supplier, Expiry],
    },
    Fault {
        alert: "QuotaNearLimit",
        category: Infrastructure,
        gravity: MINOR,
        titles: &["{svc} quota is used to {high} %", "{svc} is throttled by the supplier"],
        severe_titles: &["{svc} quota is used up"],
        symptoms: &[
            "Supplier answers 429 for {pct} % of calls.",
            "At this rate the daily quota ends at {clock}.",
        ],
        clues: &[
            "A test environment uses the production key. {n} % of all calls.",
            "Cache in front of it has a hit rate of {few} %.",
        ],
        causes: &[Capacity, Config, Deploy],
    },
];

pub(super) const WORKPLACE: &[Fault] = &[
    Fault {
        alert: "HelpdeskErrors",
        category: Application,
        gravity: MINOR,
        titles: &[
            "{svc}: attachments can't be opened",
            "Tickets from the web form are missing in {svc}",
            "{svc} search finds nothing",
        ],
        severe_titles: &["{svc} is down, support works from mail"],
        symptoms: &[
            "Support reports it in three countries.",
            "Nothing created after {clock} shows up.",
        ],
        clues: &[
            "Supplier had a maintenance window that they forgot to announce.",
            "Mail rule moved everything to spam. Moved back {n} tickets.",
        ],
        causes: &[Supplier, Config, Expiry],
    },
    Fault {
        alert: "DeviceAccess",
        category: Access,
        gravity: MINOR,
        titles: &[
            "Warehouse scanners can't log in",
            "Meeting room screens show an error",
            "Printer queue in the Lyon office is stuck",
        ],
        severe_titles: &["All warehouse scanners are offline"],
        symptoms: &["{n} devices affected, since about {clock}.", "Reported by the shift lead."],
        clues: &[
            "Device certificate ran out at midnight.",
            "They are on the guest network. Somebody moved the access point.",
        ],
        causes: &[Expiry, Config, Hardware],
    },
];
