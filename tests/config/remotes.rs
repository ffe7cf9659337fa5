//! Which API is selected by flags, environment and profiles, and where its token comes from.

use std::path::PathBuf;

use redphone::backend::http::TokenSource;
use redphone::config::{Config, Flags, Location, RemoteConfig};
use rstest::rstest;

use super::file::{File, read, warnings};

const TEXT: &str = "[profiles.prod]\nbackend = \"https://prod.example/\"\nproduction = true\n\
    token_file = \"prod.token\"\n[profiles.bare]\nbackend = \"https://bare.example\"\n\
    [profiles.disk]\nstore = \"/disk.db\"\n";

fn flags() -> Flags {
    Flags::default()
}

fn remote(config: &Config) -> &RemoteConfig {
    config.location.remote().expect("an API")
}

/// Returns the display name of the configured store or API.
fn location_name(config: &Config) -> String {
    config.location.display_name().into_string()
}

#[rstest]
#[case(Some("prod"), None, None, &[], "https://prod.example")]
#[case(Some("prod"), None, None, &[("REDPHONE_BACKEND", "https://env.example")], "https://prod.example")]
#[case(Some("prod"), None, Some("https://flag.example"), &[], "https://flag.example")]
#[case(Some("prod"), Some("/flag.db"), None, &[], "/flag.db")]
#[case(None, None, None, &[("REDPHONE_PROFILE", "prod")], "https://prod.example")]
#[case(None, None, None, &[("REDPHONE_PROFILE", "prod"), ("REDPHONE_STORE", "/env.db")], "/env.db")]
#[case(None, None, None, &[("REDPHONE_PROFILE", "disk"), ("REDPHONE_BACKEND", "https://env.example")],
    "https://env.example")]
#[case(None, None, Some("https://flag.example"), &[("REDPHONE_STORE", "/env.db")], "https://flag.example")]
#[case(None, Some("/flag.db"), None, &[("REDPHONE_BACKEND", "https://env.example")], "/flag.db")]
#[case(None, None, None, &[], "/data/redphone/redphone.db")]
fn flag_overrides_environment_and_environment_the_file(
    #[case] profile: Option<&str>,
    #[case] store: Option<&str>,
    #[case] backend: Option<&str>,
    #[case] env: &[(&str, &str)],
    #[case] leads_to: &str,
) {
    let overrides = Flags {
        profile: profile.map(Into::into),
        store: store.map(Into::into),
        backend: backend.map(Into::into),
        ..flags()
    };
    let config = File::new(TEXT).load_with(overrides, env).unwrap();
    assert_eq!(location_name(&config), leads_to);
}

#[test]
fn source_of_the_api_url_is_reported() {
    let file = File::new(TEXT);
    let by = |flags: Flags, env: &[(&str, &str)]| {
        let config = file.load_with(flags, env).unwrap();
        assert!(config.location.remote().is_some());
        config.origins.get("backend").to_string()
    };
    let profile = Flags { profile: Some("prod".into()), ..flags() };
    let backend = Flags { backend: Some("https://a.example".into()), ..flags() };
    assert_eq!(by(profile, &[]), "--profile");
    assert_eq!(by(backend, &[]), "--backend");
    assert_eq!(by(flags(), &[("REDPHONE_BACKEND", "https://a.example")]), "REDPHONE_BACKEND");
    let config = file.load_with(Flags { profile: Some("prod".into()), ..flags() }, &[]).unwrap();
    let page = redphone::config::show::show(&config, &[]);
    assert!(page.contains("\n# backend = \"https://prod.example\" # --profile\n"), "{page}");
    assert!(!page.starts_with("store") && !page.contains("\nstore = \"/data"), "{page}");
}

/// The source of the token for flags and variables.
fn source(profile: Option<&str>, token_file: Option<&str>, env: &[(&str, &str)]) -> String {
    let file = File::new(TEXT);
    let overrides = Flags {
        profile: profile.map(Into::into),
        token_file: token_file.map(Into::into),
        ..flags()
    };
    let text = remote(&file.load_with(overrides, env).unwrap()).token_source().to_string();
    text.replace(&file.root().to_string_lossy().into_owned(), "")
}

#[rstest]
#[case(Some("bare"), None, &[], "the keyring")]
#[case(Some("bare"), None, &[("REDPHONE_TOKEN", "hunter2")], "the variable REDPHONE_TOKEN")]
#[case(Some("bare"), None, &[("REDPHONE_TOKEN_FILE", "/env.token")], "the file /env.token")]
#[case(Some("bare"), Some("/flag.token"), &[("REDPHONE_TOKEN", "hunter2")], "the file /flag.token")]
#[case(Some("prod"), None, &[], "the file /config/redphone/prod.token")]
#[case(Some("prod"), None, &[("REDPHONE_TOKEN", "hunter2")], "the file /config/redphone/prod.token")]
#[case(Some("prod"), Some("/flag.token"), &[], "the file /flag.token")]
#[case(None, None, &[("REDPHONE_PROFILE", "prod")], "the file /config/redphone/prod.token")]
#[case(None, None, &[("REDPHONE_PROFILE", "prod"), ("REDPHONE_TOKEN", "hunter2")],
    "the variable REDPHONE_TOKEN")]
#[case(None, None, &[("REDPHONE_PROFILE", "prod"), ("REDPHONE_BACKEND", "https://other.example")],
    "the keyring")]
fn token_is_read_from_one_source_only(
    #[case] profile: Option<&str>,
    #[case] token_file: Option<&str>,
    #[case] env: &[(&str, &str)],
    #[case] from: &str,
) {
    assert_eq!(source(profile, token_file, env), from);
}

#[test]
fn token_of_a_profile_goes_to_no_other_api() {
    let overrides = Flags {
        profile: Some("prod".into()),
        backend: Some("https://other.example".into()),
        ..flags()
    };
    let config = File::new(TEXT).load_with(overrides, &[]).unwrap();
    assert_eq!(remote(&config).token_source(), TokenSource::Keyring);
}

#[rstest]
#[case(Flags { store: Some("a".into()), backend: Some("https://a".into()), ..flags() }, &[],
    "--store and --backend exclude each other")]
#[case(flags(), &[("REDPHONE_STORE", "a"), ("REDPHONE_BACKEND", "https://a")],
    "REDPHONE_STORE and REDPHONE_BACKEND exclude each other")]
#[case(flags(), &[("REDPHONE_BACKEND", "https://a"), ("REDPHONE_TOKEN", "hunter2"),
    ("REDPHONE_TOKEN_FILE", "a")], "REDPHONE_TOKEN and REDPHONE_TOKEN_FILE exclude each other")]
#[case(Flags { backend: Some("hunter2@example".into()), ..flags() }, &[], "--backend is no URL")]
#[case(Flags { backend: Some("https://ines:hunter2@example".into()), ..flags() }, &[],
    "--backend has a name or a password in front of the host")]
#[case(Flags { backend: Some("http://example.net".into()), ..flags() }, &[],
    "--backend is http://example.net: without TLS the token could be read")]
#[case(flags(), &[("REDPHONE_BACKEND", "http://example.net")],
    "REDPHONE_BACKEND is http://example.net: without TLS")]
#[case(Flags { token_file: Some("a".into()), ..flags() }, &[], "--token-file is for an API")]
#[case(Flags { backend: Some("https://a".into()), token_file: Some("".into()), ..flags() }, &[],
    "--token-file is empty")]
fn contradictory_options_are_refused(
    #[case] overrides: Flags,
    #[case] env: &[(&str, &str)],
    #[case] expected: &str,
) {
    let refused = File::new("").load_with(overrides, env).unwrap_err().to_string();
    assert!(refused.starts_with(expected) && !refused.contains("hunter2"), "{refused}");
}

#[test]
fn profiles_set_how_their_api_is_reached() {
    let config = read(
        "[profiles.a]\nbackend = \"https://a.example/base/\"\nca_file = \"ca.pem\"\n\
         token_command = [\"pass\", \"show\", \"a b\"]\n[profiles.b]\nbackend = \
         \"http://b.example\"\ninsecure_http = true\ntoken_env = \"B_TOKEN\"\n[profiles.c]\n\
         backend = \"http://[::1]:7373\"\ntoken_keyring = true\n[profiles.d]\nbackend = \
         \"https://d.example\"\ntoken_keyring = false\n",
    );
    assert_eq!(config.warnings, []);
    let remotes: Vec<&RemoteConfig> = config
        .profiles
        .iter()
        .filter_map(|profile| profile.location.as_ref().and_then(Location::remote))
        .collect();
    let [a, b, c, d] = remotes.as_slice() else { panic!("{remotes:?}") };
    assert_eq!((a.name.as_str(), a.address.to_string().as_str()), ("a", "https://a.example/base"));
    assert!(a.ca_file.as_ref().is_some_and(|file| file.ends_with("config/redphone/ca.pem")));
    let command = ["pass", "show", "a b"].map(String::from).to_vec();
    assert_eq!(a.token, Some(TokenSource::Command(command)));
    assert!(b.insecure_http && b.token == Some(TokenSource::Variable("B_TOKEN".into())));
    assert_eq!((c.token.clone(), d.token.clone()), (Some(TokenSource::Keyring), None));
}

#[rstest]
#[case(
    "backend = \"https://a\"\nstore = \"a.db\"",
    "2:11: profiles.prod.backend is there beside a store"
)]
#[case("backend = 5", "2:11: profiles.prod.backend is a number")]
#[case("backend = \"prod.example\"", "2:11: profiles.prod.backend is no URL")]
#[case("backend = \"https://x:hunter2@a\"", "2:11: profiles.prod.backend has a name or a password")]
#[case("backend = \"http://a\"", "2:11: profiles.prod.backend is http://a: without TLS")]
#[case(
    "backend = \"http://a\"\ninsecure_http = \"yes\"",
    "2:11: profiles.prod.backend is http://a"
)]
#[case(
    "backend = \"https://a\"\ninsecure_http = 1",
    "3:17: profiles.prod.insecure_http is a number"
)]
#[case("backend = \"https://a\"\nca_file = 1", "3:11: profiles.prod.ca_file is a number")]
#[case(
    "backend = \"https://a\"\ntoken_file = \"\"",
    "3:14: profiles.prod.token_file is not a path"
)]
#[case(
    "backend = \"https://a\"\ntoken_env = \"hunter2-hunter\"",
    "3:13: profiles.prod.token_env is no name"
)]
#[case(
    "backend = \"https://a\"\ntoken_command = \"pass\"",
    "3:17: profiles.prod.token_command is text"
)]
#[case(
    "backend = \"https://a\"\ntoken_command = []",
    "3:17: profiles.prod.token_command names no program"
)]
#[case(
    "backend = \"https://a\"\ntoken_env = \"A\"\ntoken_file = \"b\"",
    "3:13: profiles.prod.token_env is one too many"
)]
#[case("token_file = \"b\"", "2:14: profiles.prod.token_file is for an API")]
#[case("store = \"a.db\"\nca_file = \"b\"", "3:11: profiles.prod.ca_file is for an API")]
#[case("store = 5", "2:9: profiles.prod.store is a number")]
#[case(
    "backnd = \"https://a\"",
    "2:1: profiles.prod.backnd is not a setting: did you mean backend?"
)]
fn invalid_profile_is_reported_without_a_fallback(#[case] lines: &str, #[case] expected: &str) {
    let text = format!("[profiles.prod]\n{lines}\nproduction = true\n");
    let warnings = warnings(&text);
    assert!(warnings.iter().any(|w| w.starts_with(expected)), "{warnings:?}");
    assert!(warnings.iter().all(|w| !w.contains("hunter2")), "{warnings:?}");
    let overrides = Flags { profile: Some("prod".into()), ..flags() };
    let refused = File::new(&text).load_with(overrides, &[]).unwrap_err().to_string();
    assert!(refused.starts_with("--profile: the profile \"prod\" can't be used: "), "{refused}");
    assert!(refused.contains("config.toml:") && !refused.contains("hunter2"), "{refused}");
}

#[test]
fn other_errors_in_a_profile_do_not_drop_its_api() {
    let config = read("[profiles.prod]\nbackend = \"https://a\"\nproduction = 5\ncolour = true\n");
    assert_eq!(config.warnings.len(), 2);
    assert!(config.profiles[0].production && config.unusable_profiles.is_empty());
    assert_eq!(config.profiles[0].location.as_ref().unwrap().display_name(), "https://a");
    let bad = read("[profiles]\nprod = \"https://a\"\n").unusable_profiles;
    assert_eq!((bad.len(), bad[0].name.as_str()), (1, "prod"));
}

#[test]
fn commands_that_need_a_file_say_so() {
    let overrides = Flags { backend: Some("https://a.example".into()), ..flags() };
    let config = File::new("").load_with(overrides, &[]).unwrap();
    let refused = config.store_file("export").unwrap_err().to_string();
    assert!(refused.starts_with("export needs a store's file, and https://a.example"), "{refused}");
    assert_eq!(read("").store_file("export").unwrap(), PathBuf::from("/data/redphone/redphone.db"));
}
