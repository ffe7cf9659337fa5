//! Valid settings files have the documented effect, and printed settings parse to the same.

use std::time::Duration;

use redphone::config::panes::Desktop;
use redphone::config::sample::{ActionKeys, sample, uncommented};
use redphone::config::show::show;
use redphone::config::{Config, Location, Warning};
use redphone::ingest::SecretSource;
use redphone::ingest::changes::{ChangeForm, ChangeOrigin};
use redphone::model::alert::{AlertGroup, AlertReport, FlapRule, HoldRule};
use redphone::model::escalation::Target;
use redphone::model::queue::Sort;
use redphone::model::storm_rules::StormRules;
use redphone::model::{Impact, Priority};
use redphone::tui::action::{TABLE, build_keymap};

use super::file::{File, read};

fn uncommented_sample() -> String {
    let rows = TABLE.iter().map(|e| ActionKeys { name: e.name, keys: e.keys, help: e.help });
    uncommented(&sample(rows))
}

#[test]
fn uncommented_sample_is_valid() {
    let config = read(&uncommented_sample());
    assert_eq!(config.warnings, []);
    let (keymap, warnings) = build_keymap(&config.panes.keys);
    assert_eq!(warnings, []);
    let default = build_keymap(&[]).0;
    for entry in TABLE {
        assert_eq!(keymap.keys(entry.action), default.keys(entry.action), "{}", entry.name);
    }
    assert_eq!(config.panes.keys.len(), TABLE.len());
}

#[test]
fn sample_examples_have_the_documented_effect() {
    let config = read(&uncommented_sample());
    assert_eq!(config.me, "ines");
    let view = &config.panes.views[0];
    assert_eq!(
        (view.name.as_str(), view.sort, view.key),
        ("checkout at night", Sort::Newest, Some('n'))
    );
    assert_eq!(view.filter.to_string(), "service:checkout p1 p2 -is:snoozed");
    let command = &config.panes.commands[0];
    assert_eq!(command.timeout, Duration::from_secs(30));
    assert!(command.note && !command.dangerous);
    let arguments: Vec<String> =
        command.run.iter().map(|p| p.fill(|_| "a; rm -rf /".into())).collect();
    assert_eq!(arguments, ["kubectl", "get", "pods", "-l", "app=a; rm -rf /"]);
    let production: Vec<bool> = config.profiles.iter().map(|p| p.production).collect();
    assert_eq!(production, [false, true, false, false, false]);
    let ingest = &config.ingest;
    let built_in = |name: &str| ingest.sender(name).unwrap().built_in;
    assert_eq!([built_in("backup"), built_in("alarms")], [None, Some("cloudwatch")]);
    assert_eq!((ingest.senders.len(), ingest.rules.0.len()), (5, 3));
    let deployments = ingest.sender("deployments").unwrap();
    assert_eq!(deployments.changes, Some(ChangeForm::Github));
    assert_eq!(deployments.secret, Some(SecretSource::Variable("GITHUB_WEBHOOK_SECRET".into())));
    let touched = |repository: &str, environment: &str, workflow: Option<&str>| {
        let origin = ChangeOrigin {
            repository: repository.into(),
            environment: Some(environment.into()),
            workflow: workflow.map(Into::into),
            ..ChangeOrigin::default()
        };
        deployments.change_rules.services(&origin, &config.directory)
    };
    let names = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
    assert_eq!(touched("shop/mono", "production", None), names(&["checkout", "ledger"]));
    assert_eq!(touched("shop/web", "prod-eu", Some("Deploy web")), names(&["checkout"]));
    assert_eq!(touched("shop/web", "prod-eu", Some("Tests")), None);
    assert_eq!(touched("shop/web", "staging", None), None);
    assert_eq!(touched("tools/docs", "production", None), None);
    assert_eq!(ingest.sender("gitlab").unwrap().changes, Some(ChangeForm::Gitlab));
    let directory = &config.directory;
    assert_eq!(directory.people[1].name, "Tom Varga");
    assert_eq!(directory.service("checkout").unwrap().objective, Some(99_900));
    let call = &directory.policy("payments").unwrap().levels[1].call;
    assert_eq!(call, &[Target::Person("tom".into()), Target::OnCall("payments".into())]);
    let at = "2026-01-07T12:00:00Z".parse().unwrap();
    assert_eq!(directory.on_call("payments", at).unwrap().handle, "tom");
    let after = "2026-01-08T12:00:00Z".parse().unwrap();
    assert_eq!(directory.on_call("payments", after).unwrap().handle, "ines");
}

#[test]
fn answers_go_where_the_file_says() {
    for (url, expected) in [
        ("https://example.net/redphone/", "https://example.net/redphone"),
        ("https://Example.net", "https://example.net"),
        ("http://127.0.0.1:7373", "http://127.0.0.1:7373"),
        ("http://10.1.2.3", "http://10.1.2.3"),
        ("http://localhost:7373/", "http://localhost:7373"),
        ("http://[::1]:7373", "http://[::1]:7373"),
    ] {
        let config =
            read(&format!("public_url = \"{url}\"\nreply_address = \"r+{{token}}@a.net\"\n"));
        assert_eq!(config.warnings, []);
        assert_eq!(config.answers.public_url.as_deref(), Some(expected));
        assert_eq!(config.answers.reply_address.as_deref(), Some("r+{token}@a.net"));
        let shown = read(&show(&config, &[]));
        assert_eq!(shown.answers, config.answers);
    }
}

#[test]
fn service_levels_and_priorities_come_from_the_file() {
    let config = read(
        "[levels.p4]\nupdate = \"2d\"\n[levels.p1]\nupdate = \"none\"\nresolve = \"90m\"\n\
         [matrix]\nlow = [\"P1\", \"P4\", \"P4\"]\n[notify]\ndesktop = \"off\"\npriorities = []\n",
    );
    assert_eq!(config.warnings, []);
    assert_eq!(config.rules.levels.for_priority(Priority::P4).update_every_s, Some(172_800));
    assert_eq!(config.rules.levels.for_priority(Priority::P1).update_every_s, None);
    assert_eq!(config.rules.levels.for_priority(Priority::P1).resolve_s, 5400);
    assert_eq!(config.rules.matrix.priority(Impact::Low, Impact::High), Priority::P1);
    assert_eq!(config.rules.matrix.priority(Impact::High, Impact::High), Priority::P1);
    assert_eq!(
        (config.panes.notify.desktop, config.panes.notify.priorities.len()),
        (Desktop::Off, 0)
    );
}

#[test]
fn paths_are_relative_to_the_file_and_a_tilde_is_home() {
    let file = File::new(
        "store = \"a/b.db\"\nrunbooks = \"~/books\"\n[profiles.p]\nstore = \"/srv/p.db\"\n",
    );
    let config = file.load();
    assert_eq!(config.location, Location::File(file.root().join("config/redphone/a/b.db")));
    assert_eq!(config.panes.runbooks, Some(file.root().join("home/books")));
    assert_eq!(config.profiles[0].location, Some(Location::File("/srv/p.db".into())));
}

/// Returns the settings without the positions of values in the file.
fn placeless(mut config: Config) -> Config {
    let nowhere = redphone::config::FilePosition::entire_file(&std::path::Path::new("x").into());
    for binding in &mut config.panes.keys {
        binding.position = nowhere.clone();
        for key in &mut binding.keys {
            key.position = nowhere.clone();
        }
    }
    config.warnings = Vec::<Warning>::new();
    config.origins = redphone::config::Origins::default();
    config
}

#[test]
fn heartbeats_and_reminders_are_read() {
    let signals = read(&uncommented_sample()).signals;
    let backup = &signals.heartbeats[0];
    assert_eq!((backup.name.as_str(), backup.interval_s, backup.grace_s), ("backup", 86_400, 3600));
    assert_eq!((backup.priority, backup.service.as_deref()), (Priority::P2, Some("billing")));
    assert!(signals.acknowledgement_expiry.is_off() && !signals.follows_incidents());
    assert_eq!(signals.stakeholders[0].people, ["support", "boss"]);

    let text = "[heartbeats.queue]\ninterval = \"5m\"\n[reminders]\nupdates = true\n\
                [acknowledgement_expires]\np1 = \"30m\"\n[[stakeholders]]\npeople = [\"@boss\"]\n";
    let signals = read(text).signals;
    let queue = &signals.heartbeats[0];
    assert_eq!((queue.interval_s, queue.grace_s, queue.priority), (300, 60, Priority::P3));
    assert_eq!(signals.acknowledgement_expiry.0, [Some(1800), None, None, None]);
    assert!(signals.reminders.updates && !signals.reminders.snoozes);
    let boss = &signals.stakeholders[0];
    assert_eq!((boss.people.len(), boss.people[0].as_str()), (1, "boss"));
    assert!(boss.services.is_empty() && boss.priorities.is_empty());
}

#[test]
fn status_page_publishers_and_reports_are_read() {
    use redphone::model::oncall::Day;
    use redphone::model::report_rule::{ReportDay, ReportForm, ReportWindow};
    use redphone::outbound::publisher::PublisherKind::{self, Cachet, Statuspage};

    let publishing = read(&uncommented_sample()).publishing;
    let page = publishing.status_page.unwrap();
    assert_eq!((page.title.as_str(), page.days, page.served), ("Status", 30, false));
    assert_eq!(page.directory.as_deref(), Some(std::path::Path::new("/var/www/status")));
    let kinds: Vec<PublisherKind> = publishing.publishers.iter().map(|one| one.kind).collect();
    assert_eq!(kinds, [Statuspage, Cachet, Cachet]);
    assert_eq!(publishing.publishers[0].components["checkout"], "8kbf7d35c070");
    let report = &publishing.reports[0];
    assert_eq!((report.window, report.day), (ReportWindow::Days(7), ReportDay::Weekly(Day::Mon)));
    assert_eq!((report.to.len(), report.zone.as_str()), (2, "Europe/Berlin"));

    let least =
        "[status_page]\n[[reports]]\nname = \"board\"\nwindow = \"month\"\nto = [\"@boss\"]\n";
    let publishing = read(least).publishing;
    let page = publishing.status_page.unwrap();
    assert_eq!((page.directory, page.url, page.days), (None, None, 30));
    let report = &publishing.reports[0];
    assert_eq!((report.window, report.day), (ReportWindow::Month, ReportDay::Monthly(1)));
    assert_eq!((report.to[0].as_str(), report.form), ("boss", ReportForm::Html));
    assert_eq!(report.time.to_string(), "09:00:00");
    assert!(read("").publishing.status_page.is_none());
}

#[test]
fn self_tests_and_watches_are_read() {
    let signals = read(&uncommented_sample()).signals;
    let test = signals.self_test.unwrap();
    assert_eq!((test.every_s, test.within_s, test.priority), (86_400, 60, Priority::P2));
    let other = &signals.watches[0];
    assert_eq!((other.name.as_str(), other.every_s, other.grace_s), ("other", 30, 120));

    let least =
        "[self_test]\nevery = \"1h\"\n[[watch]]\nname = \"b\"\nurl = \"http://b.internal:7373\"\n";
    let signals = read(least).signals;
    let test = signals.self_test.unwrap();
    assert_eq!((test.every_s, test.within_s, test.service), (3600, 60, None));
    let b = &signals.watches[0];
    assert_eq!(b.url, "http://b.internal:7373/v1/ready");
    assert_eq!((b.every_s, b.grace_s, b.priority), (30, 120, Priority::P2));
    assert!(read("").signals.self_test.is_none());
}

#[test]
fn stability_is_read_by_priority_and_service() {
    let config = read(
        "[stability]\np1 = \"15m\"\np2 = \"10m\"\n\n[stability.services.checkout]\np1 = \"1h\"\n\
         p2 = \"never\"\n",
    );
    let stability = config.rules.stability;
    assert_eq!(stability.times_s, [900, 600, 0, 0]);
    // Values that a service does not set are those of all services.
    assert_eq!(stability.services["checkout"], [3600, 0, 0, 0]);
    assert!(read("").rules.stability.is_off());
}

#[test]
fn storms_and_conditions_of_rules_are_read() {
    let config = read(
        "[storms]\nincidents = 5\nalerts = 0\nwithin = \"15m\"\nfold = false\n\
                       fold_same_service = true\n",
    );
    let storms = StormRules {
        incidents: 5,
        alerts: 0,
        within_s: 900,
        folds: false,
        folds_same_service: true,
    };
    assert_eq!(config.rules.storms, storms);
    assert_eq!(read("").rules.storms, StormRules::default());
    let config = read(
        "[[ingest_rules]]\nat_least = 5\nwithin = \"10m\"\nmax_age = \"1d\"\n\
         flapping = { times = 4, within = \"1h\" }\n",
    );
    let alert = AlertReport {
        key: "a".into(),
        is_firing: true,
        starts_at: None,
        ends_at: None,
        expires_at: None,
        title: "Slow".into(),
        labels: <_>::default(),
        annotations: <_>::default(),
        url: None,
    };
    let group = AlertGroup::new("zabbix", "Zabbix", "zabbix:1", vec![alert]);
    let applied = config.ingest.rules.apply(group, "Zabbix");
    let overrides = &applied.groups[0].group.overrides;
    assert_eq!(overrides.hold, Some(HoldRule { at_least: 5, within_s: 600 }));
    assert_eq!(overrides.flapping, Some(FlapRule { times: 4, within_s: 3600 }));
    assert_eq!(overrides.max_age_s, Some(86_400));
    assert_eq!(overrides.rule.as_deref(), Some("rule 1"));
}

#[test]
fn shown_settings_parse_to_the_same_settings() {
    let hostile = "[templates]\n\"odd \\u001b name\" = \"\"\"a \"quoted\" \\\\ {{brace}}\n\tline\"\"\"\n\
                   [[views]]\nname = \"\\u202e\"\nfilter = 'owner:\"a b\"'\n\
                   [profiles.\"x y\"]\nproduction = true\n";
    for text in ["", hostile, &uncommented_sample()] {
        let file = File::new(text);
        let config = file.load();
        assert_eq!(config.warnings, []);
        let keymap = build_keymap(&config.panes.keys).0;
        let actions: Vec<(&str, Vec<String>)> = TABLE
            .iter()
            .map(|e| (e.name, keymap.keys(e.action).iter().map(ToString::to_string).collect()))
            .collect();
        let page = show(&config, &actions);
        assert!(page.chars().all(|c| c == '\n' || !c.is_control()), "{page}");
        std::fs::write(file.path(), &page).unwrap();
        let again = file.load();
        assert_eq!(again.warnings, [], "{page}");
        let keys = again.panes.keys.len();
        assert_eq!(keys, TABLE.len());
        let (mut before, mut after) = (placeless(config), placeless(again));
        before.panes.keys.clear();
        after.panes.keys.clear();
        assert_eq!(before, after, "{page}");
    }
}
