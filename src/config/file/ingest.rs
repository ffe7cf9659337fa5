//! Reads how messages with alerts are read.

use super::section::Section;
use crate::ingest::IngestSettings;

pub(super) fn read(_top: &mut Section<'_>) -> IngestSettings {
    IngestSettings::default()
}
