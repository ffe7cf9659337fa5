//! The open incidents that are written by hand, so that the queue is plausible when the demo
//! starts.

use crate::model::Status;
use crate::model::priority::Level::{self, High, Low, Medium};

use super::faults::Cause;

/// The special property of an open incident.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Twist {
    /// It has no special property.
    Plain,
    /// Nobody leads it.
    Unowned,
    /// The viewer of the demo leads it.
    Mine,
    /// Its resolution is paused, waiting for somebody else.
    Paused,
    /// It is snoozed for some hours.
    Snoozed,
    /// It was reported by a person who did not know the category.
    Bare,
}

/// An open incident that is written by hand.
pub(super) struct Case {
    pub service: &'static str,
    /// Index of the fault among those of the service's kind.
    pub fault: usize,
    pub cause: Cause,
    pub title: &'static str,
    pub symptoms: &'static str,
    pub impact: Level,
    pub urgency: Level,
    pub stage: Status,
    /// Seconds since the report.
    pub age_s: i64,
    pub twist: Twist,
    /// The change that preceded it: title, service, minutes before detection.
    pub change: Option<(&'static str, &'static str, i64)>,
}

const MIN: i64 = 60;
const HOUR: i64 = 60 * MIN;

/// Ordered by importance: a demo with fewer open incidents has the first ones.
#[rustfmt::skip]
pub(super) const CASES: [Case; 21] = [
    Case {
        service: "checkout", fault: 0, cause: Cause::Deploy,
        title: "Card payments fail at checkout",
        symptoms: "100 % of card payments answer 502 since {clock}. Wallets are unaffected.",
        impact: High, urgency: High, stage: Status::Triggered, age_s: 2 * MIN + 40, twist: Twist::Unowned,
        change: Some(("checkout v812", "checkout", 6)),
    },
    Case {
        service: "auth", fault: 0, cause: Cause::Config,
        title: "Logins time out in Europe",
        symptoms: "About 40 % of logins fail since {clock}. People who are logged in stay logged in.",
        impact: High, urgency: High, stage: Status::Investigating, age_s: 38 * MIN, twist: Twist::Plain,
        change: Some(("sessions: new connection limits", "sessions", 11)),
    },
    Case {
        service: "search", fault: 0, cause: Cause::Query,
        title: "Search p99 above 4 s, one in five searches ends in the fallback",
        symptoms: "Results take seconds in eu-west-1. Category pages are fine.",
        impact: High, urgency: Medium, stage: Status::Triggered, age_s: 9 * MIN, twist: Twist::Unowned,
        change: None,
    },
    Case {
        service: "orders-db", fault: 1, cause: Cause::Migration,
        title: "Replicas of orders-db are 25 min behind",
        symptoms: "Customers do not see orders they have just placed; support has 31 contacts.",
        impact: Medium, urgency: High, stage: Status::Monitoring, age_s: 4 * HOUR + 22 * MIN, twist: Twist::Plain,
        change: Some(("orders-db: backfill of 212 M rows", "orders-db", 18)),
    },
    Case {
        service: "catalog", fault: 3, cause: Cause::Leak,
        title: "Stale prices in the catalog after the nightly import",
        symptoms: "About 3,000 products show yesterday's price. Checkout charges the right one.",
        impact: Medium, urgency: High, stage: Status::Identified, age_s: HOUR + 12 * MIN, twist: Twist::Plain,
        change: None,
    },
    Case {
        service: "payments-gateway", fault: 2, cause: Cause::Supplier,
        title: "Acquirer answers slowly, authorizations take 12 s",
        symptoms: "Paying works but takes long; 6 % of customers give up.",
        impact: Medium, urgency: High, stage: Status::Investigating, age_s: 51 * MIN, twist: Twist::Mine,
        change: None,
    },
    Case {
        service: "cdn", fault: 0, cause: Cause::Supplier,
        title: "Images 404 on the CDN in Asia",
        symptoms: "7 % of image requests from ap-southeast-1 answer 404.",
        impact: Medium, urgency: Medium, stage: Status::Monitoring, age_s: 2 * HOUR + 40 * MIN, twist: Twist::Plain,
        change: None,
    },
    Case {
        service: "storefront", fault: 2, cause: Cause::Data,
        title: "商品ページで価格が表示されない (no prices on Japanese product pages)",
        symptoms: "Reported by the Tokyo office: 税込価格 is blank for about 200 products.",
        impact: Medium, urgency: Medium, stage: Status::Acknowledged, age_s: 47 * MIN, twist: Twist::Bare,
        change: None,
    },
    Case {
        service: "k8s-eu", fault: 0, cause: Cause::Hardware,
        title: "k8s-eu: 3 nodes not ready in zone b",
        symptoms: "11 pods pending, services run with less room. No customer impact yet.",
        impact: Medium, urgency: Medium, stage: Status::Triggered, age_s: 35, twist: Twist::Unowned,
        change: None,
    },
    Case {
        service: "shipping", fault: 0, cause: Cause::Supplier,
        title: "No parcel labels for Austria and Switzerland",
        symptoms: "Supplier answers 503 for both countries. 340 parcels wait in Graz.",
        impact: Medium, urgency: Medium, stage: Status::Investigating, age_s: 5 * HOUR + 30 * MIN, twist: Twist::Paused,
        change: None,
    },
    Case {
        service: "etl", fault: 0, cause: Cause::Data,
        title: "Nightly etl failed at step load_orders",
        symptoms: "Dashboards show the day before yesterday. Finance needs it by Monday.",
        impact: Low, urgency: High, stage: Status::Acknowledged, age_s: 3 * HOUR + 5 * MIN, twist: Twist::Plain,
        change: None,
    },
    Case {
        service: "email", fault: 0, cause: Cause::Supplier,
        title: "Order confirmations 📧 arrive 40 min late",
        symptoms: "One mailbox provider defers our mail. Others get it at once.",
        impact: Medium, urgency: Medium, stage: Status::Identified, age_s: 6 * HOUR + 48 * MIN, twist: Twist::Plain,
        change: None,
    },
    Case {
        service: "fraud-score", fault: 1, cause: Cause::Deploy,
        title: "fraud-score flags too many good orders from guests",
        symptoms: "Manual review holds 1,240 orders, usual is 150.",
        impact: Medium, urgency: Medium, stage: Status::Investigating, age_s: 2 * HOUR + 4 * MIN, twist: Twist::Mine,
        change: Some(("fraud-score v388: new model", "fraud-score", 25)),
    },
    Case {
        service: "waf", fault: 1, cause: Cause::Config,
        title: "Customers named O'Brien are blocked at the address form",
        symptoms: "The apostrophe triggers an injection rule. 17 contacts so far.",
        impact: Low, urgency: High, stage: Status::Identified, age_s: 80 * MIN, twist: Twist::Plain,
        change: None,
    },
    Case {
        service: "event-bus", fault: 1, cause: Cause::Capacity,
        title: "event-bus: backlog of inventory consumers grows",
        symptoms: "Oldest message is 25 min old. Stock levels are late on the site.",
        impact: Medium, urgency: Medium, stage: Status::Triggered, age_s: 21 * MIN, twist: Twist::Unowned,
        change: None,
    },
    Case {
        service: "sso", fault: 2, cause: Cause::Config,
        title: "New colleagues can't open the back office",
        symptoms: "12 people who started this week get \"not allowed\".",
        impact: Low, urgency: Medium, stage: Status::Acknowledged, age_s: 22 * HOUR, twist: Twist::Plain,
        change: None,
    },
    Case {
        service: "metrics", fault: 1, cause: Cause::Capacity,
        title: "Metrics queries over 30 d time out",
        symptoms: "Long-range dashboards stay empty; alerts are not affected.",
        impact: Low, urgency: Medium, stage: Status::Investigating, age_s: 30 * HOUR, twist: Twist::Snoozed,
        change: None,
    },
    Case {
        service: "ci", fault: 0, cause: Cause::Capacity,
        title: "CI jobs wait 25 min for a runner",
        symptoms: "46 jobs queued. Hotfixes go first by hand.",
        impact: Low, urgency: Medium, stage: Status::Monitoring, age_s: 4 * HOUR + 15 * MIN, twist: Twist::Plain,
        change: None,
    },
    Case {
        service: "certs", fault: 0, cause: Cause::Expiry,
        title: "Certificate of api.partner expires in 5 days, renewal fails",
        symptoms: "Nothing is broken yet. Third failed attempt.",
        impact: Low, urgency: Medium, stage: Status::Acknowledged, age_s: 46 * HOUR, twist: Twist::Plain,
        change: None,
    },
    Case {
        service: "helpdesk", fault: 1, cause: Cause::Expiry,
        title: "Warehouse scanners in Łódź can't log in",
        symptoms: "8 devices, since the shift began. They work from paper.",
        impact: Low, urgency: Medium, stage: Status::Triggered, age_s: 65 * MIN, twist: Twist::Unowned,
        change: None,
    },
    Case {
        service: "recommendations", fault: 0, cause: Cause::Capacity,
        title: "recommendations falls back to bestsellers for 9 % of users",
        symptoms: "p95 above 800 ms, callers use defaults.",
        impact: Low, urgency: Low, stage: Status::Identified, age_s: 53 * HOUR, twist: Twist::Plain,
        change: None,
    },
];
