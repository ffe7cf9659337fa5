//! Printing the results of messages of alerts.

use crate::backend::IngestOutcome;
use crate::backend::http::SentMessage;
use crate::cli::failure::Failure;
use crate::cli::json;
use crate::cli::out::{Out, pluralize};
use crate::model::change::Change;

/// Prints the result of a message.
pub(super) fn sent(out: &mut Out, sent: &SentMessage, as_json: bool) -> Result<(), Failure> {
    if sent.changes.is_empty() {
        return outcomes(out, &sent.outcomes, as_json);
    }
    changes(out, &sent.changes, as_json)
}

/// Prints changes as they are recorded.
pub(super) fn changes(out: &mut Out, changes: &[Change], as_json: bool) -> Result<(), Failure> {
    for change in changes {
        let line = change_line(change);
        out.record_done(line.clone());
        if as_json {
            json::print(out, change)?;
        } else {
            out.line(line)?;
        }
    }
    Ok(())
}

/// Returns a change in a line, such as `shop/checkout v812 to production: running (checkout)`.
pub(super) fn change_line(change: &Change) -> String {
    let services = if change.services.is_empty() {
        "no service".to_owned()
    } else {
        change.services.join(", ")
    };
    format!("{}: {} ({services})", change.title, change.state)
}

/// Prints the result of each group of alerts of a message.
pub(super) fn outcomes(
    out: &mut Out,
    outcomes: &[IngestOutcome],
    as_json: bool,
) -> Result<(), Failure> {
    for outcome in outcomes {
        let line = outcome_line(outcome);
        out.record_done(line.clone());
        if as_json {
            json::print(out, outcome)?;
        } else {
            out.line(line)?;
        }
    }
    if outcomes.is_empty() && !as_json {
        out.line("the message has no alerts")?;
    }
    Ok(())
}

/// Returns the result of a group of alerts, in a line such as `INC-12 declared: 2 new alerts`.
pub(super) fn outcome_line(outcome: &IngestOutcome) -> String {
    let what = outcome.number.map_or_else(
        || "no incident".to_owned(),
        |number| format!("{number} {}", outcome.effect.as_str()),
    );
    let counts = &outcome.alerts;
    let mut parts = Vec::new();
    for (count, state) in [
        (counts.new, "new"),
        (counts.again, "firing again"),
        (counts.repeated, "still firing"),
        (counts.resolved, "resolved"),
        (counts.waiting, "waiting for others"),
        (counts.ignored, "ignored"),
        (counts.unstored, "not stored"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {state}"));
        }
    }
    if parts.is_empty() {
        parts.push("nothing new".to_owned());
    }
    let alerts = pluralize(u64::from(counts.received), "alert");
    format!("{what}: {alerts}, {}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::IngestEffect;
    use crate::model::IncidentNumber;
    use crate::model::alert::AlertCounts;

    #[test]
    fn outcome_is_a_line_with_its_counts() {
        let alerts = AlertCounts { received: 3, new: 2, repeated: 1, ..AlertCounts::default() };
        let mut outcome = IngestOutcome {
            effect: IngestEffect::Declared,
            incident: None,
            number: Some(IncidentNumber(12)),
            alerts,
        };
        assert_eq!(outcome_line(&outcome), "INC-12 declared: 3 alerts, 2 new, 1 still firing");
        outcome.number = None;
        outcome.effect = IngestEffect::Unchanged;
        outcome.alerts = AlertCounts { received: 1, ..AlertCounts::default() };
        assert_eq!(outcome_line(&outcome), "no incident: 1 alert, nothing new");
    }
}
