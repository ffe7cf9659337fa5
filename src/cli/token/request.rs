//! Common parts of the commands about tokens and about integration keys.

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use super::print::{is_key, state_name};
use crate::backend::http::AccessToken;
use crate::cli::args::integration::IntegrationCommand;
use crate::cli::args::serve::TokenCommand;
use crate::cli::failure::{Exit, Failure};
use crate::model::text::SafeText;
use crate::server::scope::Scope;
use crate::server::tokens::TokenForm;

/// A request about the tokens or keys of a server.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// The file of tokens from the command line; `None` for that of the store, or for an API.
    pub tokens: Option<PathBuf>,
    /// Whether only integration keys are concerned.
    pub only_keys: bool,
    /// Whether JSON is printed.
    pub json: bool,
    /// An action on tokens.
    pub action: TokenAction,
}

/// An action on tokens.
#[derive(Clone, Debug)]
pub(super) enum TokenAction {
    Create(Creation),
    List,
    /// By name or id.
    Revoke(String),
}

/// The properties of a token or key to create.
#[derive(Clone, Debug)]
pub(super) struct Creation {
    pub name: String,
    pub scope: Scope,
    pub person: Option<String>,
    pub expires_at: Option<DateTime<Utc>>,
    pub form: TokenForm,
}

impl From<TokenCommand> for Request {
    fn from(about: TokenCommand) -> Self {
        let (tokens, json, action) = match about {
            TokenCommand::Create(args) => {
                let creation = Creation {
                    name: args.name,
                    scope: args.scope,
                    person: args.person,
                    expires_at: args.expires.at(Utc::now()),
                    form: TokenForm::Token,
                };
                (args.tokens, args.json, TokenAction::Create(creation))
            }
            TokenCommand::List(args) => (args.tokens, args.json, TokenAction::List),
            TokenCommand::Revoke(args) => (args.tokens, args.json, TokenAction::Revoke(args.token)),
        };
        Self { tokens, only_keys: false, json, action }
    }
}

impl From<IntegrationCommand> for Request {
    fn from(about: IntegrationCommand) -> Self {
        let (tokens, json, action) = match about {
            IntegrationCommand::Create(args) => {
                let creation = Creation {
                    name: args.name,
                    scope: Scope::Ingest,
                    person: None,
                    expires_at: args.expires.at(Utc::now()),
                    form: TokenForm::Key,
                };
                (args.tokens, args.json, TokenAction::Create(creation))
            }
            IntegrationCommand::List(args) => (args.tokens, args.json, TokenAction::List),
            IntegrationCommand::Revoke(args) => {
                (args.tokens, args.json, TokenAction::Revoke(args.key))
            }
        };
        Self { tokens, only_keys: true, json, action }
    }
}

impl Request {
    /// Returns whether it concerns a token.
    pub(super) fn is_about(&self, token: &AccessToken) -> bool {
        !self.only_keys || is_key(token)
    }

    /// Finds a token: by its id, or by the name of a valid one.
    pub(super) fn find<'a>(
        &self,
        all: &'a [AccessToken],
        which: &str,
    ) -> Result<&'a AccessToken, Failure> {
        let mut candidates = all.iter().filter(|token| self.is_about(token));
        let by_id = candidates.clone().find(|token| token.id == which);
        let holds = |token: &&AccessToken| token.name == which && state_name(token) == "holds";
        by_id.or_else(|| candidates.find(holds)).ok_or_else(|| {
            let which = SafeText::from(which);
            let (noun, command) = if self.only_keys {
                ("integration key", "integration")
            } else {
                ("token", "token")
            };
            Failure::new(
                Exit::NotFound,
                format!(
                    "there is no {noun} {which:?} that holds: `redphone {command} list` shows all"
                ),
            )
        })
    }
}
