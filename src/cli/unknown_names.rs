//! Hints about names on the command line that the directory does not have.

use crate::model::unknown_selection::unknown_name;

use super::out;
use super::session::BackendConnection;

impl BackendConnection {
    /// Prints a hint if a team in the request is not in the directory: then nothing is found, which
    /// must not be mistaken for no events.
    pub async fn report_unknown_team<'a>(&self, teams: impl IntoIterator<Item = &'a String>) {
        let teams: Vec<String> = teams.into_iter().cloned().collect();
        if teams.is_empty() {
            return;
        }
        // Without a directory there is nothing to compare with.
        if let Ok(directory) = self.reader.read_directory().await
            && let Some(unknown) = unknown_name(&[], &teams, &directory.value)
        {
            out::print_hint(unknown);
        }
    }
}
