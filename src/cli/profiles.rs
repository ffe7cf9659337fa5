//! `profiles`: lists the profiles in the settings, and checks whether they can be used.

use std::time::Instant;

use serde::Serialize;

use super::args::Profiles;
use super::context::Context;
use super::failure::{Exit, Failure};
use super::out::{Out, Style, StyledLine};
use super::session::{IfMissing, open, open_remote};
use super::{json, out};
use crate::backend::http::TokenSource;
use crate::backend::{Backend, BackendError};
use crate::config::{Config, Flags, Location};
use crate::model::command::CommandKind;
use crate::model::text::{SafeText, pad, truncate, width};
use crate::model::time::format_precise_duration;

/// Widest column of names.
const MAX_NAME_COLUMNS: usize = 24;

/// A profile, as `--json` prints it.
#[derive(Debug, Serialize)]
struct ProfileJson {
    name: String,
    chosen: bool,
    production: bool,
    read_only: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backend: Option<String>,
    /// The reason why the profile can't be chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    unusable: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<TokenJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<CheckJson>,
}

/// The source of a token, and whether the token was found.
#[derive(Debug, Serialize)]
struct TokenJson {
    from: String,
    /// Whether the token was found; `None` if its command was not run.
    found: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// The result of asking a profile's backend for its capabilities.
#[derive(Debug, Serialize)]
struct CheckJson {
    answers: bool,
    ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    called: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    me: Option<String>,
    /// Number of kinds of commands that the backend executes.
    #[serde(skip_serializing_if = "Option::is_none")]
    verbs: Option<usize>,
    /// The server's clock minus this one, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    clock_s: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Lists all profiles and, with `--check`, contacts each of their backends.
pub async fn run(context: &mut Context, args: Profiles) -> Result<(), Failure> {
    let config = context.config.clone();
    let mut failed = false;
    let mut count = 0_usize;
    for profile in &config.profiles {
        let chosen = config.panes.profile.as_ref() == Some(profile);
        let report = inspect(&context.flags, &profile.name, chosen, args.check).await;
        failed |= report.check.as_ref().is_some_and(|check| !check.answers);
        print_profile(&mut context.out, &report, args.json)?;
        count += 1;
    }
    for bad in &config.unusable_profiles {
        let report = unusable_profile(&bad.name, bad.why.clone());
        failed |= args.check;
        print_profile(&mut context.out, &report, args.json)?;
        count += 1;
    }
    context.out.flush()?;
    if count == 0 && !args.json {
        let file = config.file.as_deref().map(|file| file.to_string_lossy().into_owned());
        let file = file.unwrap_or_else(|| "the settings file".into());
        out::print_hint(format!("there are no profiles: add [profiles.NAME] to {file}"));
    }
    if failed { Err(Failure::silent(Exit::Unreachable)) } else { Ok(()) }
}

fn unusable_profile(name: &str, why: String) -> ProfileJson {
    ProfileJson {
        name: name.to_owned(),
        chosen: false,
        production: false,
        read_only: false,
        store: None,
        backend: None,
        unusable: Some(why),
        token: None,
        check: None,
    }
}

/// Inspects a profile as if it were chosen.
async fn inspect(flags: &Flags, name: &str, chosen: bool, check: bool) -> ProfileJson {
    let flags = Flags {
        profile: Some(name.to_owned()),
        store: None,
        backend: None,
        token_file: None,
        ..flags.clone()
    };
    let config = match Config::from_process(flags) {
        Ok(config) => config,
        Err(error) => return unusable_profile(name, error.to_string()),
    };
    let profile = config.panes.profile.as_ref();
    let token = match config.location.remote() {
        Some(remote) => {
            let source = remote.token_source();
            // Listing must not run a command without a request.
            let may_read = check || !matches!(source, TokenSource::Command(_));
            let read = if may_read { Some(source.read(&remote.address).await) } else { None };
            Some(TokenJson {
                from: SafeText::from(source.to_string()).into_string(),
                found: read.as_ref().map(Result::is_ok),
                why: read.and_then(Result::err).map(|error| error.to_string()),
            })
        }
        None => None,
    };
    let has_token = token.as_ref().is_none_or(|token| token.found != Some(false));
    ProfileJson {
        name: name.to_owned(),
        chosen,
        production: profile.is_some_and(|profile| profile.production),
        read_only: profile.is_some_and(|profile| profile.read_only),
        store: config.location.file().map(|_| config.location.display_name().into_string()),
        backend: config.location.remote().map(|_| config.location.display_name().into_string()),
        unusable: None,
        check: if check && has_token { Some(check_backend(&config).await) } else { None },
        token,
    }
}

/// The reason why a check failed.
#[derive(Debug, thiserror::Error)]
enum CheckError {
    /// The backend can't be opened.
    #[error(transparent)]
    Open(#[from] Failure),
    /// The backend does not return its capabilities.
    #[error(transparent)]
    Capabilities(#[from] BackendError),
}

/// Requests the capabilities of a backend and measures the time.
async fn check_backend(config: &Config) -> CheckJson {
    let started = Instant::now();
    let (answer, clock_s) = match &config.location {
        Location::File(_) => {
            let config = Config { read_only: true, ..config.clone() };
            let answer = match open(&config, IfMissing::Refuse).await {
                Ok(connection) => {
                    let answer = connection.backend.capabilities().await;
                    connection.close().await;
                    answer.map_err(CheckError::from)
                }
                Err(failure) => Err(failure.into()),
            };
            (answer, None)
        }
        Location::Remote(remote) => match open_remote(remote) {
            Ok(api) => {
                let answer = api.capabilities().await;
                (
                    answer.map_err(CheckError::from),
                    api.clock_offset().map(|clock| clock.offset.num_seconds()),
                )
            }
            Err(failure) => (Err(failure.into()), None),
        },
    };
    let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (capabilities, error) = match answer {
        Ok(capabilities) => (Some(capabilities), None),
        Err(error) => (None, Some(error.to_string())),
    };
    CheckJson {
        answers: capabilities.is_some(),
        ms,
        verbs: capabilities.as_ref().map(|capabilities| capabilities.verbs.len()),
        me: capabilities
            .as_ref()
            .and_then(|capabilities| capabilities.me.as_ref())
            .map(|me| me.name.clone()),
        called: capabilities.map(|capabilities| capabilities.name),
        clock_s,
        error,
    }
}

fn print_profile(out: &mut Out, profile: &ProfileJson, as_json: bool) -> Result<(), Failure> {
    if as_json {
        return json::print(out, profile);
    }
    let name = truncate(&profile.name, MAX_NAME_COLUMNS);
    let columns = MAX_NAME_COLUMNS.min(width(&name).max(10));
    let head = StyledLine::new(pad(name, columns), Style::Bold);
    if let Some(why) = &profile.unusable {
        return out.styled_line(&head.with(format!("  can't be used: {why}"), Style::Plain));
    }
    let mut parts =
        vec![profile.backend.clone().or_else(|| profile.store.clone()).unwrap_or_default()];
    for (word, is_set) in [
        ("production", profile.production),
        ("read-only", profile.read_only),
        ("chosen", profile.chosen),
    ] {
        if is_set {
            parts.push(word.to_owned());
        }
    }
    if let Some(token) = &profile.token {
        parts.push(match token.found {
            Some(true) => format!("token from {}", token.from),
            Some(false) => "no token".into(),
            None => format!("token from {}, not run", token.from),
        });
    }
    out.styled_line(&head.with(format!("  {}", parts.join(" · ")), Style::Plain))?;
    let indent = " ".repeat(12);
    if let Some(why) = profile.token.as_ref().and_then(|token| token.why.as_ref()) {
        out.line(format!("{indent}{why}"))?;
    }
    let Some(check) = &profile.check else { return Ok(()) };
    let text = check.error.clone().unwrap_or_else(|| describe_check(check));
    out.line(format!("{indent}{text}"))
}

/// Describes a successful check in one line.
fn describe_check(check: &CheckJson) -> String {
    let called = check.called.as_deref().unwrap_or_default();
    let mut parts = vec![format!("answers as {called} in {} ms", check.ms)];
    parts.extend(check.me.as_ref().map(|me| format!("takes you for {me}")));
    match check.verbs {
        Some(0) => parts.push("you may only read".into()),
        Some(count) if count < CommandKind::ALL.len() => {
            parts.push(format!("you may do {count} of {} things", CommandKind::ALL.len()));
        }
        _ => {}
    }
    if let Some(seconds) = check.clock_s.filter(|seconds| seconds.abs() > 60) {
        let by = format_precise_duration(chrono::TimeDelta::seconds(seconds.abs()));
        let which = if seconds > 0 { "behind" } else { "ahead" };
        parts.push(format!("this clock is {by} {which}"));
    }
    parts.join(", ")
}
