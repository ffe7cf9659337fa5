//! Flags override the environment, the environment the file, and the file the defaults.

use std::path::PathBuf;

use redphone::config::appearance::{DepthChoice, ThemeName, Zone};
use redphone::config::{Flags, Location, Origin};
use rstest::rstest;

use super::file::File;

const TEXT: &str = "user = \"of-file\"\nstore = \"/file.db\"\nascii = true\nlog = \"debug\"\n\
    color = false\n[looks]\ntheme = \"light\"\ndepth = \"16\"\nzone = \"both\"\nlow_bandwidth = true\n\
    [profiles.prod]\nstore = \"/prod.db\"\nproduction = true\n[profiles.view]\nread_only = true\n";

fn flags() -> Flags {
    Flags::default()
}

fn store(path: &str) -> Location {
    Location::File(path.into())
}

#[test]
fn file_overrides_the_defaults() {
    let config = File::new(TEXT).load();
    assert_eq!((config.me.as_str(), config.location), ("of-file", store("/file.db")));
    assert!(config.ascii && !config.color);
    assert_eq!(config.log_level.to_string(), "debug");
    let appearance = config.panes.appearance;
    assert_eq!((appearance.theme, appearance.depth), (ThemeName::Light, DepthChoice::Basic));
    assert_eq!((appearance.zone, appearance.low_bandwidth), (Zone::Both, true));
    assert!(matches!(config.origins.get("store"), Origin::File(cli) if cli.line == 2));
}

#[test]
fn file_overrides_the_account_name() {
    let config = File::new(TEXT).load_with(flags(), &[("USER", "root"), ("LANG", "en.UTF-8")]);
    let config = config.unwrap();
    assert_eq!((config.me.as_str(), config.ascii), ("of-file", true));
}

#[test]
fn environment_overrides_the_file() {
    let env = [
        ("REDPHONE_USER", "of-env"),
        ("REDPHONE_STORE", "/env.db"),
        ("REDPHONE_ASCII", "0"),
        ("REDPHONE_LOG", "error"),
        ("REDPHONE_THEME", "Contrast"),
        ("REDPHONE_DEPTH", "24bit"),
        ("REDPHONE_ZONE", "utc"),
        ("REDPHONE_LOW_BANDWIDTH", "no"),
    ];
    let config = File::new(TEXT).load_with(flags(), &env).unwrap();
    assert_eq!((config.me.as_str(), config.location), ("of-env", store("/env.db")));
    assert!(!config.ascii);
    assert_eq!(config.log_level.to_string(), "error");
    let appearance = config.panes.appearance;
    assert_eq!((appearance.theme, appearance.depth), (ThemeName::Contrast, DepthChoice::True));
    assert_eq!((appearance.zone, appearance.low_bandwidth), (Zone::Utc, false));
    assert_eq!(config.origins.get("looks.theme").to_string(), "REDPHONE_THEME");
    let plain = File::new("color = true").load_with(flags(), &[("NO_COLOR", "1")]).unwrap();
    assert!(!plain.color);
}

#[test]
fn flags_override_everything() {
    let overrides = Flags {
        user: Some("of-flag".into()),
        store: Some("/flag.db".into()),
        ascii: true,
        ..flags()
    };
    let env = [("REDPHONE_USER", "e"), ("REDPHONE_STORE", "/e.db"), ("REDPHONE_ASCII", "0")];
    let config = File::new("ascii = false").load_with(overrides, &env).unwrap();
    assert_eq!((config.me.as_str(), config.ascii), ("of-flag", true));
    assert_eq!(config.location, store("/flag.db"));
    assert_eq!(config.origins.get("store").to_string(), "--store");
}

#[rstest]
#[case(Some("prod"), None, &[], "/prod.db")]
#[case(Some("prod"), None, &[("REDPHONE_STORE", "/env.db")], "/prod.db")]
#[case(Some("prod"), Some("/flag.db"), &[], "/flag.db")]
#[case(None, None, &[("REDPHONE_PROFILE", "prod")], "/prod.db")]
#[case(None, None, &[("REDPHONE_PROFILE", "prod"), ("REDPHONE_STORE", "/env.db")], "/env.db")]
#[case(Some("view"), None, &[("REDPHONE_PROFILE", "prod")], "/file.db")]
fn a_profile_chooses_the_store(
    #[case] profile: Option<&str>,
    #[case] store: Option<&str>,
    #[case] env: &[(&str, &str)],
    #[case] chosen: &str,
) {
    let overrides =
        Flags { profile: profile.map(Into::into), store: store.map(Into::into), ..flags() };
    let config = File::new(TEXT).load_with(overrides, env).unwrap();
    assert_eq!(config.location, Location::File(chosen.into()));
    let loaded = config.panes.profile.expect("a profile");
    assert_eq!(loaded.production, loaded.name == "prod");
    assert_eq!(config.read_only, loaded.name == "view");
}

#[test]
fn unknown_profile_is_refused_rather_than_guessed() {
    let overrides = || Flags { profile: Some("prd".into()), ..flags() };
    let refused = |text: &str| File::new(text).load_with(overrides(), &[]).unwrap_err().to_string();
    assert_eq!(refused(TEXT), "--profile: there is no profile \"prd\": did you mean prod?");
    assert!(refused("").ends_with("add [profiles.NAME] to the settings file"));
    let broken = refused("[profiles.prd");
    assert!(broken.contains("config.toml:1:") && broken.contains("this is not TOML"), "{broken}");
}

#[test]
fn settings_file_of_a_flag_or_variable_must_exist() {
    let file = File::new("user = \"usual\"");
    let other = file.root().join("other.toml");
    std::fs::write(&other, "user = \"other\"").unwrap();
    let missing = file.root().join("missing.toml");
    let (other_text, missing_text) = (other.to_str().unwrap(), missing.to_str().unwrap());
    let by_flag = |path: &PathBuf| Flags { config: Some(path.clone()), ..flags() };
    let me = |flags, env: &[(&str, &str)]| file.load_with(flags, env).map(|config| config.me);
    assert_eq!(me(flags(), &[]).unwrap(), "usual");
    assert_eq!(me(flags(), &[("REDPHONE_CONFIG", other_text)]).unwrap(), "other");
    assert_eq!(me(by_flag(&other), &[("REDPHONE_CONFIG", missing_text)]).unwrap(), "other");
    let message = me(by_flag(&missing), &[]).unwrap_err().to_string();
    assert!(
        message.starts_with("--config: there is no file ") && message.contains("missing.toml"),
        "{message}"
    );
    let message = me(flags(), &[("REDPHONE_CONFIG", missing_text)]).unwrap_err().to_string();
    assert!(message.starts_with("REDPHONE_CONFIG: there is no file "), "{message}");
}

#[rstest]
#[case(
    "REDPHONE_THEME",
    "drak",
    "set it to one of auto, dark, light, contrast, colorblind, colorblind-light, own, none"
)]
#[case("REDPHONE_DEPTH", "8", "set it to one of auto, 24bit, 256, 16, none")]
#[case("REDPHONE_ZONE", "cet", "set it to one of viewer, utc, both")]
#[case("REDPHONE_LOW_BANDWIDTH", "maybe", "set it to 1 or 0")]
fn a_wrong_variable_is_named(#[case] name: &str, #[case] value: &str, #[case] expected: &str) {
    let message = File::new("").load_with(flags(), &[(name, value)]).unwrap_err().to_string();
    assert!(message.starts_with(name) && message.contains(expected), "{message}");
}
