//! Addresses under which calendar programs read shifts.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::bad_field::{BadField, FieldProblem};
use crate::model::extra::{Extra, extensible_record};
use crate::model::field_check as check;
use crate::model::id::CalendarLinkId;

/// An address at which a calendar program reads the shifts of a schedule or of a person. Anybody
/// who has it can read them; the stored form does not reveal it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(remote = "Self")]
pub struct CalendarLink {
    /// The id, which is no secret.
    pub id: CalendarLinkId,
    /// The SHA-256 of the secret part of the address, in hexadecimal digits.
    pub digest: String,
    /// The handle of the person who created it.
    pub person: String,
    /// The name of the schedule; absent for the shifts of the person on all schedules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// When it was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<DateTime<Utc>>,
    /// When it was revoked; absent while it works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<DateTime<Utc>>,
    /// The fields that a later version defines.
    #[serde(skip)]
    pub extra: Extra,
}

extensible_record!(CalendarLink);

impl CalendarLink {
    /// Checks its fields, without those that refer to entries of the directory.
    ///
    /// # Errors
    /// [`BadField`] describes the first field that is wrong.
    pub fn check(&self) -> Result<(), BadField> {
        check::name("person", &self.person)?;
        self.schedule.as_ref().map_or(Ok(()), |schedule| check::name("schedule", schedule))?;
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if self.digest.len() == 64 && self.digest.bytes().all(is_digit) {
            return Ok(());
        }
        let count = self.digest.chars().count();
        Err(BadField::new("digest", FieldProblem::TooManyChars { count, max: 64 }))
    }
}
