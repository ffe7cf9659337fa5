//! Reads how people answer messages.

use super::section::Section;
use crate::model::notification::AnswerSettings;

pub(super) fn read(_top: &mut Section<'_>) -> AnswerSettings {
    AnswerSettings::default()
}
