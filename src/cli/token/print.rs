//! The output of the commands about tokens.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::backend::http::AccessToken;
use crate::cli::columns::print_columns;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::{json, out};
use crate::model::text::SafeText;
use crate::server::tokens::{Token, TokenForm};

/// A token as `--json` prints it. The secret is included only for a new token.
#[derive(Serialize)]
struct TokenJson<'a> {
    id: &'a str,
    name: &'a str,
    scope: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    form: Option<&'a str>,
    person: Option<&'a str>,
    state: &'static str,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
}

impl<'a> TokenJson<'a> {
    fn new(token: &'a AccessToken, secret: Option<&'a str>) -> Self {
        Self {
            id: &token.id,
            name: &token.name,
            scope: &token.scope,
            form: token.form.as_deref(),
            person: token.person.as_deref(),
            state: state_name(token),
            created_at: token.created_at,
            expires_at: token.expires_at,
            revoked_at: token.revoked_at,
            last_used_at: token.last_used_at,
            token: secret,
        }
    }
}

impl From<&Token> for AccessToken {
    fn from(token: &Token) -> Self {
        Self {
            id: token.id.clone(),
            name: token.name.clone(),
            scope: token.scope.to_string(),
            form: (!token.form.is_token()).then(|| token.form.as_str().to_owned()),
            person: token.person.clone(),
            created_at: token.created_at,
            expires_at: token.expires_at,
            revoked_at: token.revoked_at,
            last_used_at: token.last_used_at,
        }
    }
}

/// Returns the state of a token in one word.
pub(super) fn state_name(token: &AccessToken) -> &'static str {
    if token.revoked_at.is_some() {
        "revoked"
    } else if token.expires_at.is_some_and(|at| at <= Utc::now()) {
        "expired"
    } else {
        "holds"
    }
}

/// Returns whether a token is an integration key.
pub(super) fn is_key(token: &AccessToken) -> bool {
    token.form.as_deref() == Some(TokenForm::Key.as_str())
}

/// Prints the secret of a new token, which is stored nowhere.
pub(super) fn print_secret(
    context: &mut Context,
    token: &AccessToken,
    secret: &str,
    as_json: bool,
) -> Result<(), Failure> {
    if as_json {
        json::print(&mut context.out, &TokenJson::new(token, Some(secret)))?;
    } else {
        context.out.line(secret)?;
    }
    context.out.flush()
}

/// Prints the scope and the validity of a new token.
pub(super) fn hint_at_token(token: &AccessToken) {
    let until = match token.expires_at {
        Some(at) => format!("good until {}", at.format("%Y-%m-%d %H:%M UTC")),
        None => "good until it is revoked".to_owned(),
    };
    let name = SafeText::from(&token.name);
    let scope = SafeText::from(&token.scope);
    out::print_hint(if is_key(token) {
        format!("integration key {name:?}, {until}; it is shown this once")
    } else {
        format!("token {name:?} of scope {scope}, {until}; it is shown this once")
    });
}

/// Returns the failure for a secret that could not be printed: nobody has it, or a part of it was
/// printed. The token is revoked then; `revoked` is the result of that.
pub(super) fn unprinted_failure(
    token: &AccessToken,
    failure: &Failure,
    revoked: Result<(), String>,
) -> Failure {
    let reason = failure.output_error.clone().unwrap_or_else(|| failure.message.clone());
    let name = SafeText::from(&token.name);
    let message = match revoked {
        Ok(()) => format!(
            "the secret of token {name:?} can't be written to standard output ({reason}), and the \
             token was revoked: create another"
        ),
        Err(error) => format!(
            "the secret of token {name:?} can't be written to standard output ({reason}), and the \
             token can't be revoked: {error}; then revoke {}",
            token.id
        ),
    };
    Failure { output_error: Some(reason), ..Failure::failed(message) }
}

/// Prints all tokens.
pub(super) fn print_tokens(
    context: &mut Context,
    all: &[AccessToken],
    as_json: bool,
) -> Result<(), Failure> {
    if as_json {
        return all
            .iter()
            .try_for_each(|token| json::print(&mut context.out, &TokenJson::new(token, None)));
    }
    let day = |at: Option<DateTime<Utc>>, none: &str| {
        SafeText::from(
            at.map_or_else(|| none.to_owned(), |at| at.format("%Y-%m-%d %H:%M").to_string()),
        )
    };
    let head = ["ID", "NAME", "SCOPE", "PERSON", "STATE", "EXPIRES", "LAST USED"];
    let rows = all.iter().map(|token| {
        [
            SafeText::from(&token.id),
            SafeText::from(&token.name),
            if is_key(token) {
                SafeText::from(format!("{} key", token.scope))
            } else {
                SafeText::from(&token.scope)
            },
            token.person.as_deref().unwrap_or("-").into(),
            state_name(token).into(),
            day(token.expires_at, "never"),
            day(token.last_used_at, "never"),
        ]
        .map(SafeText::into_owned)
    });
    print_columns(&mut context.out, head, rows)
}

/// Prints that a token was revoked.
pub(super) fn print_revoked(
    context: &mut Context,
    token: &AccessToken,
    as_json: bool,
) -> Result<(), Failure> {
    let done = format!("{} revoked", token.name);
    context.out.record_done(done.clone());
    if as_json {
        return json::print(&mut context.out, &TokenJson::new(token, None));
    }
    context.out.line(done)
}
