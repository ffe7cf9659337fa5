//! Whom an incident affects, and who has reported it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::bad_field::{BadField, FieldProblem};
use super::field_check::{self, MAX_NAME_CHARS};

/// The most reporters of one incident.
pub const MAX_REPORTERS: usize = 100;
/// The most teams that help with one incident.
pub const MAX_TEAMS: usize = 20;
/// The greatest number of users.
pub const MAX_USERS: u64 = 100_000_000_000;
/// All users, in the parts in which a share is given.
const ALL_PARTS: u32 = 100_000;
/// The longest contact or ticket, in characters.
const MAX_CONTACT_CHARS: usize = 200;

/// How many users an incident affects, and where, as far as that was said.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Affected {
    /// The number of users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users: Option<u64>,
    /// The share of all users in parts per 100,000: 12.5 % is 12500.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 100_000)]
    pub share: Option<u32>,
    /// The regions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<String>,
    /// The customers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub customers: Vec<String>,
}

impl Affected {
    /// Returns whether nothing was said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns all of it as one line, which is not sanitized; empty if nothing was said.
    #[must_use]
    pub fn line(&self) -> String {
        let users = self.users.map(|users| match users {
            1 => "1 user".to_owned(),
            users => format!("{users} users"),
        });
        let mut parts: Vec<String> = users.into_iter().collect();
        parts.extend(self.share.map(format_share));
        for list in [&self.regions, &self.customers] {
            if !list.is_empty() {
                parts.push(list.join(", "));
            }
        }
        parts.join(" · ")
    }

    /// Checks the fields.
    ///
    /// # Errors
    /// [`BadField`] describes the first field that is wrong.
    pub fn check(&self) -> Result<(), BadField> {
        if let Some(users) = self.users.filter(|users| *users > MAX_USERS) {
            let problem = FieldProblem::TooManyUsers { users, max: MAX_USERS };
            return Err(BadField::new("users", problem));
        }
        if self.share.is_some_and(|share| share > ALL_PARTS) {
            return Err(BadField::new("share", FieldProblem::NotAShare));
        }
        field_check::names("regions", &self.regions)?;
        field_check::names("customers", &self.customers)
    }
}

/// Formats a share in parts per 100,000 in percent.
#[must_use]
pub fn format_share(share: u32) -> String {
    let (percent, rest) = (share / 1000, share % 1000);
    if rest == 0 {
        return format!("{percent} %");
    }
    let digits = format!("{rest:03}");
    format!("{percent}.{} %", digits.trim_end_matches('0'))
}

/// Parses a share in percent, with at most three digits after the point and an optional percent sign.
/// Returns parts per 100,000; `None` for any other text.
#[must_use]
pub fn parse_share(text: &str) -> Option<u32> {
    let text = text.trim();
    let text = text.strip_suffix('%').unwrap_or(text).trim_end();
    let (percent, rest) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let has_form = (1..=3).contains(&percent.len()) && rest.len() <= 3;
    if !has_form || !is_digits(percent) || !is_digits(rest) || text.ends_with('.') {
        return None;
    }
    let share = percent.parse::<u32>().ok()? * 1000 + format!("{rest:0<3}").parse::<u32>().ok()?;
    (share <= ALL_PARTS).then_some(share)
}

/// Somebody who has reported an incident.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Reporter {
    /// Which reporter of the incident it is. It is made where the command is made.
    pub id: Uuid,
    /// The name; empty if it was redacted.
    pub name: String,
    /// How the person can be reached, such as a mail address or a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// The reference of the report, such as the number of a ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// Whether the name or the contact was redacted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub redacted: bool,
}

impl Reporter {
    /// Returns the reporter as one line, which is not sanitized.
    #[must_use]
    pub fn line(&self) -> String {
        let name = if self.name.is_empty() { "redacted" } else { &self.name };
        let contact = match &self.contact {
            Some(contact) => Some(contact.as_str()),
            None => (self.redacted && !self.name.is_empty()).then_some("contact redacted"),
        };
        let parts = [Some(name), contact, self.ticket.as_deref()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }

    /// Removes the contact, and the name and the ticket too unless `only_contact`.
    pub fn redact(&mut self, only_contact: bool) {
        self.contact = None;
        self.redacted = true;
        if !only_contact {
            self.name.clear();
            self.ticket = None;
        }
    }

    /// Checks the fields of a reporter who is added.
    ///
    /// # Errors
    /// [`BadField`] describes the first field that is wrong.
    pub fn check(&self) -> Result<(), BadField> {
        if !self.redacted || !self.name.is_empty() {
            field_check::name("name", &self.name)?;
        }
        for (field, text) in [("contact", &self.contact), ("ticket", &self.ticket)] {
            let Some(text) = text else { continue };
            let count = text.chars().count();
            if count > MAX_CONTACT_CHARS {
                let problem = FieldProblem::TooManyChars { count, max: MAX_CONTACT_CHARS };
                return Err(BadField::new(field, problem));
            }
            field_check::name(field, &text.chars().take(MAX_NAME_CHARS).collect::<String>())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("12.5%", Some(12_500))]
    #[case("12.5 %", Some(12_500))]
    #[case("100", Some(100_000))]
    #[case("0.001", Some(1))]
    #[case("0", Some(0))]
    #[case("100.001", None)]
    #[case("12.", None)]
    #[case("0.0001", None)]
    #[case("-1", None)]
    #[case("", None)]
    #[case("1234", None)]
    fn share_is_read_in_percent(#[case] text: &str, #[case] share: Option<u32>) {
        assert_eq!(parse_share(text), share);
    }

    #[rstest]
    #[case(12_500, "12.5 %")]
    #[case(100_000, "100 %")]
    #[case(1, "0.001 %")]
    #[case(0, "0 %")]
    fn share_is_written_in_percent(#[case] share: u32, #[case] text: &str) {
        assert_eq!(format_share(share), text);
        assert_eq!(parse_share(text), Some(share));
    }

    #[test]
    fn affected_users_are_one_line() {
        let mut affected = Affected { users: Some(1200), share: Some(12_500), ..<_>::default() };
        affected.regions = vec!["eu-west".into(), "us-east".into()];
        assert_eq!(affected.line(), "1200 users · 12.5 % · eu-west, us-east");
        assert_eq!(Affected::default().line(), "");
        affected.share = Some(100_001);
        assert_eq!(affected.check(), Err(BadField::new("share", FieldProblem::NotAShare)));
    }

    #[test]
    fn redacted_reporter_has_no_name_or_no_contact() {
        let full = Reporter {
            id: Uuid::nil(),
            name: "Tom Varga".into(),
            contact: Some("tom@example.org".into()),
            ticket: Some("T-12".into()),
            redacted: false,
        };
        assert_eq!(full.line(), "Tom Varga · tom@example.org · T-12");
        let mut contact = full.clone();
        contact.redact(true);
        assert_eq!(contact.line(), "Tom Varga · contact redacted · T-12");
        let mut all = full;
        all.redact(false);
        assert_eq!(all.line(), "redacted");
        assert_eq!(all.check(), Ok(()));
    }
}
