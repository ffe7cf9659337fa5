//! Sentences on the keys line, and failures that are stored for the popup with details.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::tui::core::app::App;
use crate::tui::core::message::{Effect, Timer};
use crate::tui::core::state::notices::{Failure, Toast};
use crate::tui::verb::batch::Batch;

/// How long a sentence stays on the keys line.
pub(in crate::tui) const TOAST_DURATION: Duration = Duration::from_secs(8);

/// Shows a sentence on the keys line for a few seconds.
pub(in crate::tui) fn show_toast(
    app: &mut App,
    text: impl Into<String>,
    is_error: bool,
) -> Vec<Effect> {
    app.notices.toast_seq += 1;
    app.notices.toast = Some(Toast { text: text.into(), is_error });
    vec![Effect::StartTimer(TOAST_DURATION, Timer::Toast(app.notices.toast_seq))]
}

/// Shows a failure on the keys line and stores it for the popup with details.
pub(in crate::tui) fn report_failure(
    app: &mut App,
    operation: &str,
    message: &str,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    app.notices.failure =
        Some(Failure { operation: operation.to_owned(), message: message.to_owned(), at });
    show_toast(app, format!("{operation}: {message}"), true)
}

/// Adds the skipped steps, with the reasons, to the last failure: the person may be busy with
/// something else now.
pub(in crate::tui) fn append_failures(app: &mut App, batch: &Batch) {
    if let Some(failure) = &mut app.notices.failure {
        let each = batch.failed.iter().map(|(label, why)| format!("{label}: {why}"));
        failure.message =
            std::iter::once(failure.message.clone()).chain(each).collect::<Vec<_>>().join("\n");
    }
}
