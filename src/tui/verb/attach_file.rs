//! Attaches a file that was read, after a question.

use std::path::Path;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::IncidentCommand;
use crate::model::evidence::{Evidence, encode_content};

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::notices::report_failure;
use crate::tui::verb::evidence_file_error::EvidenceFileError;
use crate::tui::verb::target::Target;
use crate::tui::verb::{planning, send};

/// Asks whether to attach a file that was read, or reports why it can't be.
pub(in crate::tui) fn file_loaded(
    app: &mut App,
    target: Target,
    path: &Path,
    result: Result<Vec<u8>, EvidenceFileError>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    let operation = format!("attaching {} to {}", path.display(), target.label);
    let content = match result {
        Ok(content) => content,
        Err(error) => return report_failure(app, &operation, &error.to_string(), at),
    };
    // The question would replace what the person has opened meanwhile.
    if !matches!(app.ui.mode, Mode::Panes) {
        let why = "something else was opened before it was read: attach it again";
        return report_failure(app, &operation, why, at);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let evidence = Evidence::new(Uuid::now_v7(), &name, &content);
    let (verb, done_phrase) =
        (format!("attach {} to {{}}", evidence.line()), format!("{} attached", evidence.name));
    let command = IncidentCommand::AttachEvidence {
        evidence: evidence.id,
        name: evidence.name,
        content: encode_content(&content),
    };
    let plan = planning::plan(app, &[target], verb, done_phrase, &[command], at);
    send::submit(app, plan, true, None, at)
}
