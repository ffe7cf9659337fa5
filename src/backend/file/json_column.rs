//! Columns that hold JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::{StoreError, StoreResult};
use crate::model::unknown::read_exactly;

/// Encodes a value as the text of a JSON column.
pub(super) fn encode_json(value: &impl Serialize) -> StoreResult<String> {
    serde_json::to_string(value).map_err(StoreError::invalid)
}

/// Parses the text of a JSON column; `content` is its description in an error.
pub(super) fn parse_json<T: DeserializeOwned + Serialize>(
    text: &str,
    content: &str,
) -> StoreResult<T> {
    if let Some(value) = read_exactly(text.as_bytes()) {
        return Ok(value);
    }
    serde_json::from_str(text).map_err(|e| StoreError::content(format!("{content}: {e}")))
}
