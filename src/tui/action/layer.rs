//! Layers: situations in which the same keys mean different things.

/// A situation with key bindings of its own.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Layer {
    Panes,
    /// Something to read on top of the panes.
    Popup,
    /// The list of keys: keys without a binding are typed into its search.
    Help,
    /// The command palette: keys without a binding are typed.
    Palette,
    /// A form: keys without a binding are typed.
    Form,
    /// The question whether to discard the text typed into a form.
    ConfirmDiscard,
    /// A list: keys without a binding search it, or choose an item.
    Pick,
    /// A question with yes or no.
    Confirm,
    /// The matrix of impact × urgency.
    Matrix,
    /// The filter line: keys without a binding are typed.
    Filter,
    /// The goto menu: one more key chooses the destination.
    Goto,
    /// A list screen in place of the panes.
    Screen,
    /// The filter of a list screen: keys without a binding are typed.
    ScreenFilter,
    /// The search of the timeline: keys without a binding are typed.
    Search,
    Runbook,
    /// The output of a program.
    Output,
    Outbox,
    /// Waiting for pending commands before the program ends.
    Quitting,
    /// Switching to another workspace.
    Switching,
    /// The wall display: it can only be left.
    Wall,
}

impl Layer {
    /// Returns whether keys without a binding are typed as text.
    #[must_use]
    pub const fn accepts_text(self) -> bool {
        matches!(
            self,
            Self::Form
                | Self::Pick
                | Self::Search
                | Self::Palette
                | Self::Help
                | Self::Filter
                | Self::ScreenFilter
        )
    }
}

impl Layer {
    /// All layers in the order of the help.
    pub const ALL: [Self; 20] = [
        Self::Panes,
        Self::Goto,
        Self::Screen,
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
        Self::ScreenFilter,
        Self::Search,
        Self::Popup,
        Self::Wall,
        Self::Switching,
        Self::Quitting,
    ];

    /// Returns the name of the layer in the help.
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
            Self::Goto => "The goto menu",
            Self::Screen => "A screen of its own",
            Self::ScreenFilter => "A filter of a screen",
            Self::Search => "Search of the timeline",
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
