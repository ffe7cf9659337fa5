//! Declarations for tests in which the content does not matter.

use chrono::Utc;
use redphone::model::command::Declaration;
use redphone::model::status::Source;
use redphone::model::{Impact, Urgency};

/// Returns a declaration for the checkout service, detected and reported just now.
pub fn declaration(title: impl Into<String>) -> Declaration {
    let now = Utc::now();
    Declaration {
        alerts: None,
        title: title.into(),
        services: vec!["checkout".into()],
        impact: Impact::High,
        urgency: Urgency::High,
        category: None,
        source: Source::Monitoring,
        symptoms: String::new(),
        detected_at: now,
        reported_at: now,
        team: None,
        labels: Vec::new(),
        dedup_key: None,
        runbook: None,
    }
}
