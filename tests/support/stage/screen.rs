//! What the panes show.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use redphone::model::{IncidentId, IncidentNumber};
use redphone::tui::core::mode::Mode;
use redphone::tui::form::Form;
use redphone::tui::view::view;

use super::{Stage, rows};

impl Stage {
    /// The form that is open.
    #[track_caller]
    pub fn form(&self) -> &Form {
        match &self.app.ui.mode {
            Mode::Form(form) => form,
            _ => panic!("a form is open:\n{}", self.screen()),
        }
    }

    /// The incident that a verb would act on.
    pub fn target(&self) -> IncidentId {
        self.app.target().expect("a target").id
    }

    /// The id of the incident with a number.
    pub fn incident_id(&self, number: u64) -> IncidentId {
        self.memory.read(number).0.incident.summary.id
    }

    /// Titles of the queue's rows.
    pub fn titles(&self) -> Vec<String> {
        self.app.queue.rows.iter().map(|row| row.summary.title.clone()).collect()
    }

    /// Numbers of the queue's rows, without `INC-`.
    pub fn numbers(&self) -> Vec<u32> {
        let number = |number: Option<IncidentNumber>| number.expect("it is stored").0;
        let rows = self.app.queue.rows.iter();
        rows.map(|row| u32::try_from(number(row.summary.number)).expect("a number")).collect()
    }

    /// The last line of the screen, which has the keys or what was said last.
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
        // What is drawn is looked at before it is written anywhere: this is done very often.
        view(&self.app, &mut terminal.get_frame());
        terminal.current_buffer_mut().clone()
    }

    /// The screen as text.
    pub fn screen(&self) -> String {
        rows(&self.buffer()).join("\n")
    }
}
