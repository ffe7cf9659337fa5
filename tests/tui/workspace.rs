//! Switching between workspaces.

use std::sync::Arc;

use insta::assert_snapshot;
use redphone::config::panes::Profile;
use redphone::config::reload::Changed;
use redphone::config::{Location, PanesSettings, Reload};
use redphone::model::Rules;
use redphone::sync::BackendUpdate;
use redphone::sync::drafts::{Draft, DraftOp};
use redphone::tui::Options;
use redphone::tui::core::message::Message;
use redphone::tui::core::mode::Mode;
use redphone::tui::run::{RunEnd, RunId};
use redphone::tui::theme::Depth;
use redphone::tui::workspace::{OpenWorkspaceError, Workspace, WorkspaceId};
use rstest::rstest;

use crate::support::company;
use crate::support::stage::{Stage, options};

fn profile(name: &str, store: &str, production: bool, read_only: bool) -> Profile {
    let location = Some(Location::File(store.into()));
    Profile { name: name.into(), location, production, read_only }
}

fn profiles() -> Vec<Profile> {
    vec![
        profile("prod", "/srv/redphone/prod.db", true, false),
        profile("audit", "/srv/redphone/\u{1b}[31maudit.db", true, true),
        profile("staging", "/srv/redphone/staging.db", false, false),
    ]
}

/// Opens the panes on a file, with three profiles.
fn stage(size: (u16, u16)) -> Stage {
    let mut sites = options().workspaces;
    sites.extend(profiles().iter().map(Workspace::from));
    opened(size, Options { workspaces: sites, ..options() })
}

/// Opens the panes on the profile `prod`.
fn production(size: (u16, u16)) -> Stage {
    let sites: Vec<Workspace> = profiles().iter().map(Workspace::from).collect();
    opened(size, Options { workspace: sites[0].clone(), workspaces: sites, ..options() })
}

fn opened(size: (u16, u16), options: Options) -> Stage {
    let mut stage = Stage::with(company::busy(company::now()), size, Depth::Indexed, options);
    stage.connect();
    stage
}

fn site(name: &str) -> WorkspaceId {
    WorkspaceId::Profile(name.into())
}

fn answer(stage: &mut Stage, result: Result<(), OpenWorkspaceError>) {
    let id = stage.opening.take().expect("a place is being opened");
    stage.send(Message::WorkspaceOpened(id, result, company::now()));
}

#[rstest]
fn workspaces_are_listed_with_their_addresses(
    #[values((126, 36), (80, 24), (40, 12))] size: (u16, u16),
) {
    let mut stage = stage(size);
    stage.keys("B");
    assert_snapshot!(format!("list_{}x{}", size.0, size.1), stage.screen());
}

#[test]
fn chosen_workspace_is_opened_and_switched_to() {
    let mut stage = stage((126, 36));
    stage.keys("B");
    stage.write("stag\n");
    assert_eq!(stage.opening, Some(site("staging")));
    assert!(stage.screen().contains("opening staging …"), "{}", stage.screen());
    // The current workspace stays open meanwhile.
    assert_eq!(stage.switched, None);
    answer(&mut stage, Ok(()));
    assert_eq!(stage.switched, Some(site("staging")));
}

#[rstest]
#[case("backend staging\n", Some("staging"))]
#[case("backend stag\n", Some("staging"))]
#[case("profile PROD\n", Some("prod"))]
#[case("backend nowhere\n", None)]
#[case("backend start\n", None)]
fn palette_accepts_the_name_of_a_workspace(#[case] line: &str, #[case] to: Option<&str>) {
    let mut stage = stage((126, 36));
    stage.keys(":");
    stage.write(line);
    assert_eq!(stage.opening, to.map(site), "{}", stage.screen());
}

#[test]
fn misspelt_name_suggests_the_nearest() {
    let mut stage = stage((126, 36));
    stage.keys(":");
    stage.write("backend stagign");
    let expected = "there is no profile \"stagign\": did you mean staging?";
    assert!(stage.screen().contains(expected), "{}", stage.screen());
}

#[test]
fn failed_switch_says_why_and_the_current_workspace_stays() {
    let mut stage = stage((126, 36));
    stage.keys("B");
    stage.write("prod\n");
    answer(
        &mut stage,
        Err(OpenWorkspaceError::failed("the store /srv/\u{1b}prod.db does not exist")),
    );
    let screen = stage.screen();
    assert!(
        screen.contains("switching to prod: the store /srv/␛prod.db does not exist"),
        "{screen}"
    );
    assert!(screen.contains("▌ 2051"), "{screen}");
    assert_eq!(stage.switched, None);
    stage.keys("a");
    assert_eq!(stage.submitted.len(), 1, "keys work as before");
}

#[test]
fn switch_waits_for_commands_in_flight() {
    let mut stage = stage((126, 36));
    stage.keys("a B");
    stage.write("staging\n");
    answer(&mut stage, Ok(()));
    assert_eq!(stage.switched, None);
    let screen = stage.screen();
    assert!(screen.contains("to staging when 1 pending is stored …"), "{screen}");
    assert!(
        screen.contains("y switch without waiting") && screen.contains("n stay here"),
        "{screen}"
    );
    stage.settle();
    assert_eq!(stage.switched, Some(site("staging")));
}

#[test]
fn second_request_switches_at_once() {
    let mut stage = stage((126, 36));
    stage.keys("a B");
    stage.write("staging\n");
    // The workspace is not left before the other one is open.
    stage.keys("y");
    assert_eq!(stage.switched, None);
    answer(&mut stage, Ok(()));
    stage.keys("y");
    assert_eq!(stage.switched, Some(site("staging")));
}

#[test]
fn cancelled_switch_does_not_happen_later() {
    let mut stage = stage((126, 36));
    stage.keys("B");
    stage.write("staging\n");
    stage.keys("Esc n");
    assert!(matches!(stage.app.ui.mode, Mode::Form(_)));
    answer(&mut stage, Ok(()));
    assert_eq!(stage.switched, None);
    assert!(matches!(stage.app.ui.mode, Mode::Form(_)), "the form stays open");
}

#[test]
fn running_command_prevents_a_switch() {
    let settings = super::run::settings();
    let mut sites = options().workspaces;
    sites.extend(profiles().iter().map(Workspace::from));
    let mut stage = opened((126, 36), Options { workspaces: sites, settings, ..options() });
    stage.keys("x p Esc B");
    stage.write("staging\n");
    assert_eq!(stage.opening, None);
    assert!(stage.screen().contains("stop it first, or let it end"), "{}", stage.screen());
    stage.send(Message::RunEnded(RunId(1), RunEnd::Exit(0), company::now()));
    stage.keys("B");
    stage.write("staging\n");
    assert_eq!(stage.opening, Some(site("staging")));
}

#[test]
fn missing_alternatives_are_reported() {
    let mut stage = Stage::busy();
    stage.keys("B");
    let expected = "there is no other place to go to: add [profiles.NAME] to the settings file";
    assert!(stage.screen().contains(expected), "{}", stage.screen());
}

#[test]
fn profiles_added_to_the_settings_can_be_opened_at_once() {
    let mut stage = production((126, 36));
    let changed = Changed {
        panes: PanesSettings::default(),
        unusable_profiles: Vec::new(),
        profiles: vec![profile("new", "/srv/new.db", false, false)],
        rules: Rules::default(),
        warnings: Vec::new(),
        needs_restart: Vec::new(),
    };
    stage.send(Message::Config(Box::new(Reload::Changed(Box::new(changed)))));
    stage.keys("B");
    let screen = stage.screen();
    assert!(screen.contains("/srv/new.db") && !screen.contains("staging"), "{screen}");
    // The current workspace is unchanged.
    assert!(screen.lines().next().is_some_and(|line| line.contains("PRODUCTION")), "{screen}");
}

#[rstest]
fn production_is_labelled_at_every_size(
    #[values((200, 60), (126, 36), (100, 30), (80, 24), (60, 20), (40, 12))] size: (u16, u16),
    #[values(Depth::None, Depth::Indexed)] depth: Depth,
) {
    let sites: Vec<Workspace> = profiles().iter().map(Workspace::from).collect();
    let options = Options { workspace: sites[0].clone(), workspaces: sites, ..options() };
    let mut stage = Stage::with(company::busy(company::now()), size, depth, options);
    stage.connect();
    let first = stage.screen().lines().next().unwrap_or_default().to_owned();
    assert!(first.contains("PROD"), "{first}");
    // The other texts of the line are still readable.
    for text in ["P1 ", "P2 ", "past"] {
        assert!(first.contains(text), "{first}");
    }
}

#[rstest]
fn wall_names_production_whatever_the_width_of_names(
    #[values((200, 60), (126, 36), (80, 24))] size: (u16, u16),
    #[values("prod", "a-very-long-name-of-a-place-for-customers")] name: &str,
) {
    let mut stage = production(size);
    stage.app.session.workspace.id = site(name);
    stage.zone(13);
    stage.keys("w");
    let screen = stage.screen();
    let header = screen.lines().find(|line| line.contains("UTC")).expect("a header");
    assert!(header.contains("PRODUCTION ●"), "{screen}");
}

#[rstest]
fn irreversible_command_names_production(
    #[values((126, 36), (80, 24), (40, 12))] size: (u16, u16),
) {
    let mut stage = production(size);
    stage.keys("m");
    stage.write("2048\n");
    let screen = stage.screen();
    assert!(screen.contains("This can't be taken back."), "{screen}");
    assert!(screen.contains("This is PRODUCTION: prod."), "{screen}");
    assert!(screen.contains("y yes · n no"), "{screen}");
}

#[test]
fn other_workspaces_do_not_mention_production() {
    let mut stage = stage((126, 36));
    assert!(!stage.screen().contains("PROD"));
    stage.keys("m");
    stage.write("2048\n");
    assert!(stage.screen().contains("This can't be taken back."));
    assert!(!stage.screen().contains("PROD"));
}

#[test]
fn draft_stays_in_the_workspace_of_its_incident() {
    let mut stage = stage((126, 36));
    stage.keys("n");
    stage.write("half a thought");
    stage.keys("Esc k");
    let saved = |op: &DraftOp| match op {
        DraftOp::Save(draft) => Some(draft.clone()),
        _ => None,
    };
    let note = stage.draft_ops.iter().rev().find_map(saved).expect("it was kept");
    let mut declaration = Draft { about: Vec::new(), ..note.clone() };
    declaration.form = "\"Declare\"".into();
    let offered = |mut stage: Stage, drafts: &[&Draft]| {
        let drafts = drafts.iter().map(|draft| (*draft).clone()).collect();
        stage.send(Message::Drafts(drafts));
        stage.app.forms.drafts.len()
    };
    assert_eq!(offered(self::stage((126, 36)), &[&note, &declaration]), 2);
    assert_eq!(offered(production((126, 36)), &[&note]), 0);
    assert_eq!(offered(production((126, 36)), &[&note, &declaration]), 1);
}

#[test]
fn switch_waits_only_until_commands_are_on_disk() {
    let mut stage = stage((126, 36));
    stage.learn(BackendUpdate::Outbox(Arc::default()));
    stage.keys("a B");
    let ids: Vec<_> = stage.submitted.iter().map(|envelope| envelope.id).collect();
    assert_eq!(ids.len(), 1);
    stage.write("stag\n");
    answer(&mut stage, Ok(()));
    assert_eq!(stage.switched, None, "it is not on the disk yet");
    stage.send(Message::Enqueued(ids, Ok(()), company::now()));
    assert_eq!(stage.switched, Some(site("staging")));
}
