//! Reads heartbeats and reminders.

use super::section::Section;
use crate::model::signals::SignalSettings;

pub(super) fn read(_top: &mut Section<'_>) -> SignalSettings {
    SignalSettings::default()
}
