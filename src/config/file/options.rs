//! Checks which settings a channel or a tracker has, by its kind.

use super::section::Section;
use crate::outbound::options::Need;

/// The settings for the source of a secret.
pub(super) const SECRET_KEYS: [&str; 3] = ["secret_file", "secret_env", "secret_command"];

/// The rule of a kind for a setting.
pub(super) struct OptionRule {
    /// The names by which it may be given.
    pub names: &'static [&'static str],
    pub need: Need,
    /// The errors of its value, if it is given: half sentences that follow its name.
    pub problems: Vec<String>,
}

/// Warns of settings that `kind` does not use, of those that are missing, and of wrong values. `entry`
/// is the name of the table, such as `channels.pager`.
pub(super) fn check_options(
    table: &mut Section<'_>,
    entry: &str,
    kind: &str,
    rules: impl IntoIterator<Item = OptionRule>,
) {
    let source = table.source;
    for OptionRule { names, need, problems } in rules {
        match (need, names.iter().find_map(|&name| table.get(name))) {
            (Need::Unused, Some(value)) => {
                let text = format!("{} is no setting of {kind}: remove it", value.name());
                source.warn(value.offset(), &text);
            }
            (Need::Required, None) => {
                let name = names.first().copied().unwrap_or_default();
                let text = format!("{entry}.{name} is missing: {kind} needs it");
                source.warn(table.offset, &text);
            }
            (_, Some(value)) => {
                for problem in problems {
                    source.warn(value.offset(), &format!("{} {problem}", value.name()));
                }
            }
            _ => {}
        }
    }
}
