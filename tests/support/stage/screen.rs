//! The content of the panes.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use redphone::model::{IncidentId, IncidentNumber};
use redphone::tui::core::mode::Mode;
use redphone::tui::form::Form;
use redphone::tui::view::view;

use super::{Stage, rows};

impl Stage {
    /// Returns the open form.
    #[track_caller]
    pub fn form(&self) -> &Form {
        match &self.app.ui.mode {
            Mode::Form(form) => form,
            _ => panic!("a form is open:\n{}", self.screen()),
        }
    }

    /// Returns the incident on which a verb would act.
    pub fn target(&self) -> IncidentId {
        self.app.target().expect("a target").id
    }

    /// Returns the id of the incident with this number.
    pub fn incident_id(&self, number: u64) -> IncidentId {
        self.memory.read(number).0.incident.summary.id
    }

    /// Returns the titles of the rows in the queue.
    pub fn titles(&self) -> Vec<String> {
        self.app.queue.rows.iter().map(|row| row.summary.title.clone()).collect()
    }

    /// Returns the numbers of the rows in the queue, without `INC-`.
    pub fn numbers(&self) -> Vec<u32> {
        let number = |number: Option<IncidentNumber>| number.expect("it is stored").0;
        let rows = self.app.queue.rows.iter();
        rows.map(|row| u32::try_from(number(row.summary.number)).expect("a number")).collect()
    }

    /// Returns the last line of the screen, with the keys or the last notice.
    pub fn keys_line(&self) -> String {
        self.screen().lines().last().expect("a line").trim().to_owned()
    }

    pub fn selected(&self) -> String {
        self.app.selected().map_or_else(|| "nothing".into(), redphone::model::Summary::label)
    }

    pub fn buffer(&self) -> Buffer {
        let (width, height) = self.app.ui.size;
        let backend = TestBackend::new(width, height);
        let mut terminal = Terminal::new(backend).expect("memory");
        // Reads the buffer without writing it anywhere, because this is called very often.
        view(&self.app, &mut terminal.get_frame());
        terminal.current_buffer_mut().clone()
    }

    /// Returns the screen as text.
    pub fn screen(&self) -> String {
        rows(&self.buffer()).join("\n")
    }
}
