//! The situations in which keys mean different things.

use super::super::app::App;
use super::super::mode::Mode;

/// In which situations keys mean what a row says.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Layer {
    /// The panes.
    Panes,
    /// Something to read over them.
    Popup,
    /// The keys: all other keys search.
    Help,
    /// The command palette: all other keys write.
    Palette,
    /// A form: all other keys write.
    Form,
    /// The form asks whether what was typed may go.
    ConfirmDiscard,
    /// A list: all other keys search, or choose.
    Pick,
    /// A question.
    Confirm,
    /// Impact × urgency.
    Matrix,
    /// A filter is being typed: all other keys write.
    Filter,
    /// A number is being typed.
    Jump,
    /// A runbook.
    Runbook,
    /// What a program has written.
    Output,
    /// What is on its way to a remote.
    Outbox,
    /// Waiting for commands at the end.
    Quitting,
    /// On the way to another place of work.
    Switching,
    /// The wall display: nothing but leaving it.
    Wall,
}

impl Layer {
    /// Whether keys without another meaning write text there.
    #[must_use]
    pub const fn accepts_text(self) -> bool {
        matches!(
            self,
            Self::Form | Self::Pick | Self::Jump | Self::Palette | Self::Help | Self::Filter
        )
    }
}

impl Layer {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Panes,
        Self::Filter,
        Self::Runbook,
        Self::Output,
        Self::Outbox,
        Self::Palette,
        Self::Help,
        Self::Form,
        Self::ConfirmDiscard,
        Self::Pick,
        Self::Matrix,
        Self::Confirm,
        Self::Jump,
        Self::Popup,
        Self::Wall,
        Self::Switching,
        Self::Quitting,
    ];

    /// As the help calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Panes => "Panes",
            Self::Popup => "Something to read",
            Self::Help => "These keys",
            Self::Palette => "Command palette",
            Self::Form => "A form",
            Self::ConfirmDiscard => "Leaving a form",
            Self::Pick => "A list",
            Self::Confirm => "A question",
            Self::Matrix => "Impact × urgency",
            Self::Jump => "A number",
            Self::Filter => "A filter",
            Self::Runbook => "A runbook",
            Self::Output => "A command",
            Self::Outbox => "The outbox",
            Self::Wall => "The wall",
            Self::Switching => "Another backend",
            Self::Quitting => "The end",
        }
    }
}

/// The situation that the state is in.
#[must_use]
pub fn current_layer(app: &App) -> Layer {
    if app.wall.is_some() {
        return Layer::Wall;
    }
    match &app.mode {
        Mode::Panes => Layer::Panes,
        Mode::Failure(_) | Mode::Results(_) => Layer::Popup,
        Mode::Help(_) => Layer::Help,
        Mode::Palette(_) => Layer::Palette,
        Mode::Form(form) if form.confirm_discard => Layer::ConfirmDiscard,
        Mode::Form(_) => Layer::Form,
        Mode::Pick(_) => Layer::Pick,
        Mode::Confirm(_) | Mode::ConfirmRun(_) => Layer::Confirm,
        Mode::Runbook(_) => Layer::Runbook,
        Mode::Output(_) => Layer::Output,
        Mode::Outbox(pane) if pane.confirm_drop.is_some() => Layer::Confirm,
        Mode::Outbox(_) => Layer::Outbox,
        Mode::Matrix(_) => Layer::Matrix,
        Mode::Filter(_) => Layer::Filter,
        Mode::Jump(_) => Layer::Jump,
        Mode::Switching(_) => Layer::Switching,
        Mode::Quitting => Layer::Quitting,
    }
}
