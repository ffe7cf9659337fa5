//! Descriptions of parameters that several routes have: the incident in a path, and headers.
//!
//! Only the descriptions of these types are used.

use utoipa::IntoParams;

/// The incident in a path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only its description is used")]
pub(in crate::server) struct IncidentParam {
    /// The incident: its number, such as `INC-12` or `12`, or its UUID
    #[param(
        example = "INC-1",
        pattern = "^([0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|([Ii][Nn][Cc]-?)?[0-9]{1,19})$"
    )]
    id: String,
}

/// The header that names a position.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only its description is used")]
pub(in crate::server) struct IfMatch {
    /// The tag of the incident (its `ETag`): the request is refused with 412 if it has changed since
    #[param(
        rename = "if-match",
        nullable = false,
        pattern = r#"^(\*|(W/)?"[0-9]{1,9}-[0-9a-f]{1,64}")$"#
    )]
    if_match: Option<String>,
}

/// The header that names the revision of a record.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only its description is used")]
pub(in crate::server) struct IfRevision {
    /// The tag of the record (its `ETag`): the request is refused with 412 if it has changed since
    #[param(
        rename = "if-match",
        nullable = false,
        pattern = r#"^(\*|(W/)?"[0-9]{1,9}-[0-9a-f]{1,64}")$"#
    )]
    if_match: Option<String>,
}

/// The headers with preconditions on an entry.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only its description is used")]
pub(in crate::server) struct EntryPrecondition {
    /// The tag of the entry (its `ETag`): the request is refused with 412 if it has changed since; or
    /// `*`, which needs an entry
    #[param(rename = "if-match", nullable = false, pattern = r#"^(\*|(W/)?"[0-9a-f]{1,64}")$"#)]
    if_match: Option<String>,
}

/// The header by which an entry is only added.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only its description is used")]
pub(in crate::server) struct OnlyNew {
    /// `*`: the request is refused with 409 if there is such an entry. Not together with `If-Match`
    #[param(rename = "if-none-match", nullable = false, pattern = r"^\*$")]
    if_none_match: Option<String>,
}

/// The header by which a request takes effect once.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only its description is used")]
pub(in crate::server) struct IdempotencyKey {
    /// A text that the request has for itself, of at most 255 characters: sent again with the same
    /// key, the request changes nothing and is answered with its first outcome; another request with
    /// the key is refused with 422. Keys of different people and programs do not meet, and they do
    /// not expire.
    #[param(
        rename = "idempotency-key",
        nullable = false,
        pattern = r#"^([!#-+\--:<-\[\]-~]{1,255}|"[ !#-\[\]-~]{1,255}")$"#,
        example = "backup-2026-03-01"
    )]
    idempotency_key: Option<String>,
}

/// The header with which a client of server-sent events resumes.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only its description is used")]
pub(in crate::server) struct LastEventId {
    /// With server-sent events: the last `id` that the client got, in place of `since`
    #[param(rename = "last-event-id", nullable = false, pattern = "^l[0-9]{1,18}$")]
    last_event_id: Option<String>,
}
