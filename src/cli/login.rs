//! `login` and `logout`: stores the token of an API in the keyring, and removes it.

use std::io::{self, BufRead, IsTerminal, Read};

use super::args::Login;
use super::context::Context;
use super::failure::{Failure, io_error_text};
use super::out;
use super::session::open_remote;
use crate::backend::Backend;
use crate::backend::http::token::{MAX_TOKEN_BYTES, keyring};
use crate::backend::http::{Address, Token, TokenSource};
use crate::config::{Config, Location, RemoteConfig, suggestion};
use crate::model::text::SafeText;

/// Reads a token from the terminal or from standard input, and stores it in the keyring.
pub async fn run(context: &mut Context, args: Login) -> Result<(), Failure> {
    let remote = resolve_remote(&context.config, args.target.as_deref(), "login")?;
    if let Some(source) = remote.token.as_ref().filter(|source| **source != TokenSource::Keyring) {
        return Err(Failure::usage(format!(
            "the token for {} comes from {source}, not from the keyring: put it there, or take that \
             setting out",
            remote.address.host()
        )));
    }
    if remote.address.is_exposed() && !remote.insecure_http {
        return Err(Failure::usage(format!("the API {}", remote.address.exposed_reason())));
    }
    let text = read_token(&remote.address)?;
    let token = Token::new(text).map_err(|error| Failure::failed(format!("the token {error}")))?;
    keyring::write(&remote.address, &token).await.map_err(|why| no_keyring(&remote, &why))?;
    let host = remote.address.host();
    context.out.done_line(format!("the token for {host} is in the keyring"))?;
    context.out.flush()?;
    // The token stays stored in any case: the API may be unreachable for a while.
    let remote = RemoteConfig { token: Some(TokenSource::Keyring), ..remote };
    match open_remote(&remote)?.capabilities().await {
        Ok(capabilities) => {
            let me = capabilities.me.map_or_else(String::new, |me| {
                format!(", and takes you for {} ({})", me.name, me.handle)
            });
            context.out.line(format!("{host} answers{me}"))
        }
        Err(error) => {
            out::print_hint(error.to_string());
            Ok(())
        }
    }
}

/// Removes a token from the keyring.
pub async fn logout(context: &mut Context, args: Login) -> Result<(), Failure> {
    let remote = resolve_remote(&context.config, args.target.as_deref(), "logout")?;
    let host = remote.address.host();
    let was_removed = keyring::remove(&remote.address).await;
    if was_removed.map_err(|why| Failure::failed(why.to_string()))? {
        return context.out.done_line(format!("the token for {host} is no longer in the keyring"));
    }
    Err(Failure::new(
        super::failure::Exit::NotFound,
        format!("the keyring has no token for {host}: there is nothing to remove"),
    ))
}

/// Finds the API that is meant: by a profile's name, by its URL, or the one in force.
fn resolve_remote(
    config: &Config,
    reference: Option<&str>,
    command: &str,
) -> Result<RemoteConfig, Failure> {
    let Some(reference) = reference else {
        return config.location.remote().cloned().ok_or_else(|| {
            Failure::usage(format!(
                "there is no API to {command} to: name a profile or a URL, such as redphone \
                 {command} https://incidents.example.net"
            ))
        });
    };
    if let Some(profile) = config.profiles.iter().find(|profile| profile.name == reference) {
        let remote = profile.location.as_ref().and_then(Location::remote);
        return remote.cloned().ok_or_else(|| {
            Failure::usage(format!(
                "the profile {:?} is a store's file: it needs no token",
                SafeText::from(reference)
            ))
        });
    }
    if let Some(unusable) =
        config.unusable_profiles.iter().find(|unusable| unusable.name == reference)
    {
        return Err(Failure::usage(format!(
            "the profile {:?} can't be used: {}",
            SafeText::from(reference),
            unusable.why
        )));
    }
    if !reference.contains("://") {
        let names: Vec<&str> = config.profiles.iter().map(|p| p.name.as_str()).collect();
        let why = if names.is_empty() {
            "name an API by its URL, such as https://incidents.example.net".to_owned()
        } else {
            suggestion(reference, &names)
        };
        return Err(Failure::usage(format!(
            "there is no profile {:?}: {why}",
            SafeText::from(reference)
        )));
    }
    let address: Address =
        reference.parse().map_err(|error| Failure::usage(format!("the URL {error}")))?;
    // Plain HTTP that a profile allows for an API is also allowed when the URL is given.
    let insecure_http = config.profiles.iter().any(|profile| {
        let remote = profile.location.as_ref().and_then(Location::remote);
        remote.is_some_and(|remote| remote.address == address && remote.insecure_http)
    });
    let name = address.host();
    Ok(RemoteConfig { name, address, ca_file: None, token: None, insecure_http })
}

/// Reads a token from the terminal without echo, or from one line of standard input.
fn read_token(address: &Address) -> Result<String, Failure> {
    let read_failure = |error: &io::Error| {
        Failure::failed(format!(
            "can't read the token: {}: pipe it in instead",
            io_error_text(error)
        ))
    };
    if io::stdin().is_terminal() {
        let prompt = format!("Token for {address} (is not shown): ");
        return out::read_secret(prompt).map_err(|error| read_failure(&error));
    }
    let mut line = Vec::new();
    let max_bytes = MAX_TOKEN_BYTES as u64 + 2;
    let read = io::stdin().lock().take(max_bytes).read_until(b'\n', &mut line);
    read.map_err(|error| read_failure(&error))?;
    String::from_utf8(line).map_err(|_| Failure::failed("the token is no text: pipe it in as text"))
}

/// Returns the failure for a system without a keyring, with a file as the alternative.
fn no_keyring(remote: &RemoteConfig, why: &keyring::KeyringError) -> Failure {
    Failure::failed(format!(
        "{why}: put the token into a file instead, with (umask 077; cat > redphone.token), and name \
         that with token_file in the profile, --token-file or REDPHONE_TOKEN_FILE (for {})",
        remote.address.host()
    ))
}
