//! The forms in which changes are reported.

/// A form in which changes are reported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChangeForm {
    /// Webhooks of GitHub.
    Github,
    /// Webhooks of GitLab.
    Gitlab,
    /// `CDEvents`, carried by `CloudEvents`.
    CdEvents,
}

impl ChangeForm {
    /// All forms.
    pub const ALL: [Self; 3] = [Self::Github, Self::Gitlab, Self::CdEvents];

    /// Returns the name of the form, which is that of its receiver.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::CdEvents => "cdevents",
        }
    }

    /// Returns the name of the sender in texts.
    #[must_use]
    pub const fn sender(self) -> &'static str {
        match self {
            Self::Github => "GitHub",
            Self::Gitlab => "GitLab",
            Self::CdEvents => "CDEvents",
        }
    }

    /// Returns the form with a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.name() == name)
    }
}
