//! Each invalid setting is reported with its position, and all others in the file still apply.

use std::fs;

use proptest::prelude::*;
use redphone::config::appearance::{ThemeName, Zone};
use redphone::config::panes::{Column, default_columns};
use redphone::config::sample::{sample, uncommented};
use redphone::model::Rules;
use rstest::rstest;

use super::file::{File, read, warnings};
use crate::support::strategies;

#[rstest]
// Unknown names.
#[case("asci = true", "1:1: asci is not a setting: did you mean ascii?")]
#[case("[look]\ntheme = \"dark\"", "1:2: look is not a setting: did you mean looks?")]
#[case("[looks]\n  tehme = \"dark\"", "2:3: looks.tehme is not a setting: did you mean theme?")]
#[case(
    "frobnicate = 1",
    "1:1: frobnicate is not a setting: use one of acknowledgement_expires, ascii, \
        automatic_escalation, channels, color, columns, commands, contacts, heartbeats, ingest, \
        ingest_rules, keys, levels, log, looks, matrix, notify, objectives, outbound, people, \
        policies, profiles, public_url, publishers, reminders, reopen, reply_address, reports, runbooks, \
        schedules, self_test, services, stability, stakeholders, status_page, store, storms, suspect, \
        teams, templates, trackers, user, views, watch"
)]
#[case("[levels.p5]\nresolve = \"1h\"", "1:9: levels.p5 is not a setting: did you mean p1?")]
#[case("\"a\\u001b[31m\" = 1", "1:1: \"a␛[31m\" is not a setting: use one of")]
// Values of the wrong type.
#[case("user = 5", "1:8: user is a number: write text in quotes")]
#[case("user = \"\"", "1:8: user is empty: write at least one character")]
#[case("store = true", "1:9: store is true or false: write text in quotes")]
#[case("ascii = \"yes\"", "1:9: ascii is text: write true or false, without quotes")]
#[case("color = 1", "1:9: color is a number: write true or false, without quotes")]
#[case("public_url = \"redphone\"", "1:14: public_url is no URL: write one such as")]
#[case("public_url = \"ftp://example.net\"", "1:14: public_url is no URL of a server")]
#[case("public_url = \"http://example.net\"", "1:14: public_url is without TLS: write https://")]
#[case("public_url = \"https://a:b@example.net\"", "1:14: public_url has a name or a password")]
#[case("public_url = \"https://example.net?x\"", "1:14: public_url has a ? or a # in it")]
#[case("reply_address = \"redphone\"", "1:17: reply_address is no mail address: write one such as")]
#[case(
    "reply_address = \"a@example.net\"",
    "1:17: reply_address has not one {token} in front of its @"
)]
#[case("reply_address = \"{token}{token}@a.net\"", "1:17: reply_address has not one {token}")]
#[case("reply_address = \"a b{token}@a.net\"", "1:17: reply_address is no mail address")]
#[case("reply_address = \"a{token}@-a.net\"", "1:17: reply_address is no mail address")]
#[case("log = \"loud\"", "1:7: log is \"loud\": use one of off, error, warn, info, debug, trace")]
#[case("log = \"wran\"", "1:7: log is \"wran\": did you mean warn?")]
#[case("looks = \"dark\"", "1:9: looks is text: write a table")]
#[case("views = [\"mine\"]", "1:10: views is text: write a table")]
#[case("people = \"ines\"", "1:10: people is text: write a list of tables, each under [[…]]")]
// Looks.
#[case("[looks]\ntheme = \"drak\"", "2:9: looks.theme is \"drak\": did you mean dark?")]
#[case(
    "[looks]\ntheme = 7",
    "2:9: looks.theme is a number: write one of auto, dark, light, contrast, colorblind, colorblind-light, own, none in quotes"
)]
#[case("[looks]\ndepth = \"32bit\"", "2:9: looks.depth is \"32bit\": did you mean 24bit?")]
#[case("[looks]\nzone = \"UCT\"", "2:8: looks.zone is \"UCT\": did you mean utc?")]
#[case("[looks]\nlow_bandwidth = \"on\"", "2:17: looks.low_bandwidth is text: write true or false")]
#[case("columns = [\"number\", \"stauts\"]", "1:22: columns is \"stauts\": did you mean status?")]
#[case("columns = [\"title\", \"title\"]", "1:21: columns names the same twice: remove one")]
#[case("columns = []", "1:11: columns is empty: name at least one column")]
#[case("columns = \"title\"", "1:11: columns is text: write a list of values in [ ]")]
// Notifications.
#[case("[notify]\nbell = 1", "2:8: notify.bell is a number")]
#[case("[notify]\ndesktop = \"osc8\"", "2:11: notify.desktop is \"osc8\": did you mean osc9?")]
#[case(
    "[notify]\npriorities = [\"P1\", \"P9\"]",
    "2:21: notify.priorities is \"P9\": did you mean P"
)]
// Rules.
#[case(
    "[levels.p1]\nresolve = \"soon\"",
    "2:11: levels.p1.resolve is \"soon\": write a time such as \"30m\", \"2h\" or \"7d\""
)]
#[case("[levels.p1]\nresolve = 60", "2:11: levels.p1.resolve is a number: write a time such as")]
#[case("[levels.p1]\nresolve = \"0m\"", "2:11: levels.p1.resolve is no time at all")]
#[case("[levels.p1]\nacknowledge = \"2h\"", "1:1: acknowledge is longer than resolve here")]
#[case("[levels.p4]\nupdate = \"never\"", "2:10: levels.p4.update is \"never\": write a time")]
#[case("[matrix]\nhigh = [\"P1\", \"P2\"]", "2:8: matrix.high has 2 priorities: write three")]
#[case("[matrix]\nlow = [\"P1\", \"P2\", \"P0\"]", "2:20: matrix.low is \"P0\": did you mean P")]
#[case("[matrix]\nhihg = []", "2:1: matrix.hihg is not a setting: did you mean high?")]
#[case("reopen = \"36h\"", "1:10: reopen is not a number of whole days")]
#[case("suspect = \"2\"", "1:11: suspect is \"2\": write a time such as")]
// Self-tests and servers that are watched.
#[case("[self_test]\nwithin = \"1m\"", "self_test.every is missing: add it")]
#[case("[self_test]\nevery = \"10s\"", "2:9: self_test.every is shorter than 60 s")]
#[case("[self_test]\nevery = \"40d\"", "2:9: self_test.every is longer than 744 h")]
#[case("[[watch]]\nname = \"a\"", "watch.url is missing: add it")]
#[case("[[watch]]\nname = \"a\"\nurl = \"ftp://a\"", "3:7: watch.url is no URL")]
#[case("[[watch]]\nname = \"a\"\nurl = \"https://a:b@c\"", "3:7: watch.url has a password")]
#[case(
    "[[watch]]\nname = \"a\"\nurl = \"https://a\"\nevery = \"1s\"",
    "4:9: watch.every is shorter than 5 s"
)]
#[case(
    "[[watch]]\nname = \"a\"\nurl = \"https://a\"\n[[watch]]\nname = \"a\"\nurl = \"https://b\"",
    "watch.name is \"a\" twice: the first one counts"
)]
// The status page, publishers and reports.
#[case("[status_page]\nurl = \"ftp://a\"", "2:7: status_page.url is no address of a page")]
#[case("[status_page]\nurl = \"https://me:secret@a\"", "status_page.url is no address of a page")]
#[case(
    "[status_page]\ndays = 0",
    "2:8: status_page.days is out of range: write a number from 1 to 365"
)]
#[case("[publishers.x]\nkind = \"cachet\"\nsecret_env = \"A\"", "publishers.x.url is missing")]
#[case("[publishers.x]\nkind = \"statuspage\"\nsecret_env = \"A\"", "publishers.x.page is missing")]
#[case(
    "[publishers.x]\nkind = \"statuspage\"\npage = \"a\"",
    "publishers.x.secret_file is missing: nothing is published there"
)]
#[case("[[reports]]\nwindow = \"7d\"", "reports.name is missing: add it")]
#[case("[[reports]]\nname = \"a\"\nwindow = \"36h\"", "3:10: reports.window is no window")]
#[case("[[reports]]\nname = \"a\"\nday = \"31\"", "3:7: reports.day is no day")]
#[case("[[reports]]\nname = \"a\"\ntime = \"9 am\"", "3:8: reports.time is no time of the day")]
#[case("[[reports]]\nname = \"a\"\nzone = \"Moon/Crater\"", "3:8: reports.zone is no time zone")]
#[case(
    "[[reports]]\nname = \"a\"\n[[reports]]\nname = \"a\"",
    "4:8: reports.name \"a\" names another report"
)]
// Heartbeats and reminders.
#[case("[heartbeats.x]\ngrace = \"1m\"", "heartbeats.x.interval is missing: add it")]
#[case("[heartbeats.x]\ninterval = \"0s\"", "2:12: heartbeats.x.interval is no time at all")]
#[case("[heartbeats.x]\ninterval = \"400d\"", "2:12: heartbeats.x.interval is longer than 366 d")]
#[case("[heartbeats.list]\ninterval = \"1m\"", "heartbeats.list has a name that can't be used")]
#[case("[heartbeats.\"a/b\"]\ninterval = \"1m\"", "has a name that can't be used: write letters")]
#[case("[heartbeats]\nx = \"1m\"", "2:5: heartbeats.x is text: write a table")]
#[case(
    "[acknowledgement_expires]\np1 = \"soon\"",
    "2:6: acknowledgement_expires.p1 is \"soon\": write a time"
)]
#[case(
    "[acknowledgement_expires]\np5 = \"1h\"",
    "2:1: acknowledgement_expires.p5 is not a setting"
)]
#[case(
    "[[stakeholders]]\npeople = [\"a\"]\nabout = [\"weather\"]",
    "stakeholders.about is \"weather\""
)]
#[case("[[stakeholders]]\nservices = [\"checkout\"]", "stakeholders.people is missing: add it")]
#[case(
    "[[stakeholders]]\npeople = [\"a\"]\npriorities = [\"P9\"]",
    "3:15: stakeholders.priorities is \"P9\""
)]
#[case("[[objectives]]\ntarget = \"99\"", "objectives.service is missing: add it")]
#[case(
    "[[objectives]]\nservice = \"a\"\ntarget = \"100\"",
    "3:10: objectives.target is no share of the time"
)]
#[case(
    "[[objectives]]\nservice = \"a\"\ntarget = \"99\"\nwindow = \"36h\"",
    "4:10: objectives.window is no number of full days"
)]
#[case("[reminders]\nupdates = \"yes\"", "2:11: reminders.updates is text: write true or false")]
// Views.
#[case("[[views]]\nname = \"a\"\nfilter = 'p1 statsu:open'", "3:14: views.filter: statsu:")]
#[case("[[views]]\nname = \"a\"\nfilter = 'p1 statsu:open'", "statsu: is not a filter term")]
#[case(
    "[[views]]\nname = \"a\"\nfilter = \"\\\"é\\\" age>soon\"",
    "3:17: views.filter: \"soon\" is not"
)]
#[case("[[views]]\nfilter = 'p1'", "views.name is missing: add it, or remove this entry")]
#[case(
    "[[views]]\nname = \"a\"\nfilter = 'p1'\nsort = \"newst\"",
    "4:8: views.sort is \"newst\": did you mean newest?"
)]
#[case(
    "[[views]]\nname = \"a\"\nfilter = 'p1'\nkey = \"ab\"",
    "4:7: views.key is not one character"
)]
#[case(
    "[[views]]\nname = \"a\"\nfilter = 'p1'\n[[views]]\nname = \"A\"\nfilter = 'p2'",
    "5:8: views.name is there already"
)]
#[case(
    "[[views]]\nname = \"a\"\nfilter = ''\nkey = \"x\"\n[[views]]\nname = \"b\"\nfilter = ''\nkey = \"x\"",
    "8:7: views.key is that of \"a\" already"
)]
// Senders of alerts, and rules.
#[case("[ingest.Own]\nkey = \"a\"", "1:9: ingest.Own has a name that is no part of an address")]
#[case("[ingest.dead]\nkey = \"a\"", "ingest.dead has a name of which the messages are read")]
#[case(
    "[ingest.zabbix]\nkeyy = \"a\"",
    "2:1: ingest.zabbix.keyy is not a setting: did you mean key?"
)]
#[case("[ingest.zabbix]\nkey = \"a..b\"", "2:7: ingest.zabbix.key has an empty step in \"a..b\"")]
#[case("[ingest.zabbix]\nkey = 5", "2:7: ingest.zabbix.key is not text in quotes")]
#[case(
    "[ingest.zabbix]\nstatus = { from = \"a\", is = { b = \"on\" } }",
    "2:10: ingest.zabbix.status has \"on\": write firing, resolved, acknowledged or ignored"
)]
#[case(
    "[ingest.own]\nmapping = \"zabix\"\nkey = \"a\"",
    "2:11: ingest.own.mapping is \"zabix\": did you mean zabbix?"
)]
#[case("[ingest.own]\nsender = \"Own\"", "ingest.own says nothing of how messages are read")]
#[case("[ingest.zabbix]\nsecret_env = \"A\"", "ingest.zabbix.signature is missing")]
#[case(
    "[ingest.own]\nchanges = \"gitub\"\nkey = \"a\"",
    "2:11: ingest.own.changes is \"gitub\": did you mean github?"
)]
#[case("[ingest.github]\nkey = \"a\"", "ingest.github.key is not a setting")]
#[case(
    "[ingest.github]\nservices = { a = [\"b\", \"b\"] }",
    "ingest.github.services.a has \"b\" twice: remove one"
)]
#[case(
    "[ingest.gitlab]\nenvironments = \"prod\"",
    "2:16: ingest.gitlab.environments is text: write a list of values in [ ]"
)]
#[case(
    "[[ingest_rules]]\nmatch = { a = \"/(/\" }\ndrop = true",
    "2:15: ingest_rules.match is no regular expression: unclosed group"
)]
#[case(
    "[[ingest_rules]]\nmatch = { a = \"b\" }",
    "a rule of ingest_rules changes nothing: add what it sets, or drop = true"
)]
#[case("[[ingest_rules]]\npriority = \"P9\"", "2:12: ingest_rules.priority can't be used: ")]
#[case(
    "[[ingest_rules]]\nhold_for = \"2\"",
    "2:12: ingest_rules.hold_for is no time of 1 s to 1 d"
)]
#[case(
    "[[ingest_rules]]\nat_least = 101\nwithin = \"5m\"",
    "2:12: ingest_rules.at_least is no number from 1 to 100"
)]
#[case("[[ingest_rules]]\nat_least = 5", "sets at_least without within")]
#[case("[[ingest_rules]]\nwithin = \"5m\"", "sets within without at_least")]
#[case(
    "[[ingest_rules]]\nflapping = { times = 1, within = \"1h\" }",
    "2:12: ingest_rules.flapping counts an alert as flapping that fires once"
)]
#[case("[[ingest_rules]]\nflapping = 3", "2:12: ingest_rules.flapping is no table such as")]
#[case(
    "[[ingest_rules]]\nmax_age = \"91d\"",
    "2:11: ingest_rules.max_age is no time of 1 s to 90 d"
)]
#[case("[storms]\nwithin = \"0s\"", "2:10: storms.within ")]
#[case("[stability]\np1 = \"8d\"", "2:6: stability.p1 is longer than 7 d")]
#[case("[stability]\np5 = \"1h\"", "2:1: stability.p5 is not a setting")]
#[case("[stability.services.checkout]\np1 = \"0s\"", "2:6: stability.services.checkout.p1 ")]
#[case("[storms]\nalerts = -1", "2:10: storms.alerts ")]
#[case(
    "[[teams]]\nname = \"payments\"\n[[ingest_rules]]\nteam = \"payment\"",
    "ingest_rules.team: there is no team \"payment\" in this file: did you mean payments?"
)]
// Templates.
#[case(
    "[templates]\nupdate = \"{nubmer} is down\"",
    "2:11: templates.update: there is no placeholder {nubmer}: did you mean number?"
)]
#[case("[templates]\nupdate = \"\"", "2:10: templates.update is empty: say something")]
#[case("[templates]\nupdate = [1]", "2:10: templates.update is a list: write text in quotes")]
// Commands.
#[case("[[commands]]\nname = \"a\"", "commands.run is missing")]
#[case("[[commands]]\nname = \"a\"\nrun = \"ls\"", "3:7: commands.run is text: write a list")]
#[case("[[commands]]\nname = \"a\"\nrun = []", "3:7: commands.run is empty: name a program")]
#[case(
    "[[commands]]\nname = \"a\"\nrun = [\"ls\", \"{titel}\"]",
    "3:15: commands.run: there is no placeholder {titel}: did you mean title?"
)]
#[case(
    "[[commands]]\nname = \"a\"\nrun = [\"{title}\"]",
    "3:7: commands.run has a placeholder for"
)]
#[case(
    "[[commands]]\nname = \"a\"\nrun = [\"ls\"]\ntimeout = \"0s\"",
    "4:11: commands.timeout is no time"
)]
#[case("[[commands]]\nname = \"a\"\nrun = [\"ls\"]\nwhen = 'p9:'", "4:9: commands.when: p9: ")]
#[case(
    "[[commands]]\nname = \"a\"\nrun = [\"ls\"]\ndangerous = \"no\"",
    "4:13: commands.dangerous is text"
)]
// Profiles.
#[case("[profiles.prod]\nstore = 5", "2:9: profiles.prod.store is a number")]
#[case(
    "[profiles.prod]\nreadonly = true",
    "2:1: profiles.prod.readonly is not a setting: did you mean read_only?"
)]
#[case("[profiles]\nprod = \"x\"", "2:8: profiles.prod is text: write a table")]
// People.
#[case("[[people]]\nname = \"Ines\"", "people.handle is missing")]
#[case(
    "[[people]]\nhandle = \"ines\"\n[[people]]\nhandle = \"ines\"",
    "4:10: people.handle \"ines\" is there already"
)]
#[case(
    "[[people]]\nhandle = \"ines\"\n[[teams]]\nname = \"db\"\nmembers = [\"inse\"]",
    "5:12: there is no person \"inse\" in this file: did you mean ines?"
)]
#[case(
    "[[teams]]\nname = \"payments\"\n[[services]]\nname = \"checkout\"\nteam = \"payment\"",
    "5:8: there is no team \"payment\" in this file: did you mean payments?"
)]
#[case("[[services]]\nname = \"checkout\"", "services.team is missing")]
#[case(
    "[[services]]\nname = \"a\"\nteam = \"t\"\ndepends_on = [\"b\"]",
    "4:15: there is no service \"b\" in this file: use one of a"
)]
#[case(
    "[[services]]\nname = \"a\"\nteam = \"t\"\nobjective = \"100\"",
    "4:13: services.objective is not a share between 0 and 100 %"
)]
#[case("[[policies]]\nteam = \"db\"", "policies.levels is missing")]
#[case(
    "[[policies]]\nteam = \"db\"\nlevels = [{ after = \"5m\", call = [\"ines\"] }, { after = \"5m\", call = [\"tom\"] }]",
    "3:56: policies.levels.after is no later than the level before"
)]
#[case(
    "[[policies]]\nteam = \"db\"\nlevels = [{ after = \"5m\", call = [] }]",
    "3:34: policies.levels.call is empty"
)]
#[case(
    "[[policies]]\nteam = \"db\"\nlevels = [{ after = \"5m\", call = [\"on-call:\"] }]",
    "3:35: policies.levels.call names no team"
)]
#[case(
    "[[schedules]]\nteam = \"db\"\nrotation = [\"ines\"]\nstarts = \"monday\"\nturn = \"7d\"",
    "4:10: schedules.starts is not a time with a zone"
)]
#[case(
    "[[schedules]]\nteam = \"db\"\nrotation = [\"ines\"]\nstarts = 2026-01-05\nturn = \"7d\"",
    "4:10: schedules.starts is not a time with a zone"
)]
#[case(
    "[[schedules]]\nteam = \"db\"\nrotation = []\nstarts = 2026-01-05T09:00:00Z\nturn = \"7d\"",
    "3:12: schedules.rotation is empty"
)]
// Colours.
#[case("[looks.own]\ndim = \"grey\"", "2:7: looks.own.dim is no colour: write one as #rrggbb")]
#[case("[looks.own]\nbase = \"own\"", "2:8: looks.own.base is \"own\"")]
#[case("[looks]\ntheme = \"own\"", "looks.theme is \"own\", and there are no colours")]
#[case(
    "[looks.own]\nbase = \"dark\"\ndim = \"#555555\"",
    "3:7: looks.own.dim is #555555 and has a contrast of 1.9:1 on #282828"
)]
#[case(
    "[looks.own]\nbackground = \"#ffffff\"\ntext = \"#eeeeee\"",
    "3:8: looks.own.text is #eeeeee and has a contrast of 1.1:1 on #ffffff"
)]
// Invalid keys. The keymap checks what keys are bound to.
#[case("[keys]\nacknowledge = 5", "2:15: keys.acknowledge is a number: write text in quotes")]
fn wrong_setting_is_reported_with_its_position(#[case] text: &str, #[case] expected: &str) {
    let all = warnings(text);
    assert!(all.iter().any(|one| one.contains(expected)), "{expected:?} is not in {all:#?}");
    assert!(all.iter().all(|one| one.chars().all(|c| !c.is_control())), "{all:?}");
}

#[rstest]
#[case("asci = true")]
#[case("user = 5")]
#[case("reopen = \"36h\"")]
#[case("columns = [\"stauts\"]")]
#[case("log = \"loud\"")]
fn other_settings_in_the_file_still_apply(#[case] wrong: &str) {
    let text = format!(
        "{wrong}\nsuspect = \"1h\"\n[looks]\ntheme = \"light\"\nzone = \"?\"\n[levels.p1]\nresolve = \"x\"\nacknowledge = \"4m\"\n"
    );
    let config = read(&text);
    assert_eq!(config.warnings.len(), 3, "{:?}", config.warnings);
    assert_eq!(config.panes.appearance.theme, ThemeName::Light);
    assert_eq!(config.panes.appearance.zone, Zone::Viewer, "the default of what is wrong");
    assert_eq!(config.panes.columns, default_columns());
    assert_eq!(config.rules.suspect_s, 3600);
    assert_eq!(config.rules.reopen_days, Rules::default().reopen_days);
    let level = config.rules.levels.0[0];
    assert_eq!((level.acknowledge_s, level.resolve_s), (240, 3600));
    assert_eq!(config.me, "account");
}

#[test]
fn warnings_are_in_file_order() {
    let all = warnings("zone = 1\nascii = 2\n[looks]\ntheme = 3\n");
    let lines: Vec<&str> = all.iter().filter_map(|one| one.split(':').next()).collect();
    assert_eq!(lines, ["1", "2", "4"]);
}

#[rstest]
#[case("user = \"ines", "1:13: this is not TOML: ")]
#[case("[looks]\ntheme = dark\n", "2:9: this is not TOML: ")]
#[case("ascii = true\nascii = false\n", "2:1: this is not TOML: duplicate key")]
fn file_that_is_not_toml_is_reported_once_and_ignored(#[case] text: &str, #[case] expected: &str) {
    let all = warnings(text);
    assert_eq!(all.len(), 1, "{all:?}");
    assert!(all[0].starts_with(expected), "{all:?}");
    let config = read(text);
    assert!(config.is_broken);
    assert_eq!((config.me.as_str(), config.panes.appearance.theme), ("account", ThemeName::Auto));
}

#[test]
fn unreadable_file_is_reported_and_the_defaults_apply() {
    let file = File::new("");
    fs::remove_file(file.path()).unwrap();
    assert_eq!(file.load().warnings, [], "no file is no mistake");
    fs::create_dir(file.path()).unwrap();
    let message = file.load().warnings[0].to_string();
    assert!(
        message.ends_with("config.toml: is not a file: until it is one the defaults hold"),
        "{message}"
    );
    fs::remove_dir(file.path()).unwrap();
    fs::write(file.path(), b"user = \"caf\xe9\"").unwrap();
    let message = file.load().warnings[0].brief();
    assert_eq!(
        message,
        "config.toml: is not UTF-8 text from byte 11 on: until it is the defaults hold"
    );
    fs::write(file.path(), vec![b'#'; 2 * 1024 * 1024]).unwrap();
    let message = file.load().warnings[0].brief();
    assert!(message.contains("more than 1 MiB"), "{message}");
}

#[test]
fn protective_settings_are_never_guessed_away() {
    let config = read(
        "[[commands]]\nname = \"a\"\nrun = [\"ls\"]\ndangerous = \"no\"\n\
         [[commands]]\nname = \"b\"\nrun = [\"ls\"]\nwhen = 'p9:'\n\
         [profiles.p]\nproduction = 1\nread_only = 1\n\
         [profiles.q]\nstore = 1\n",
    );
    let names: Vec<_> =
        config.panes.commands.iter().map(|c| (c.name.as_str(), c.dangerous)).collect();
    assert_eq!(names, [("a", true)], "it asks first; what is offered nowhere is left out");
    assert_eq!(config.profiles.len(), 1);
    assert!(config.profiles[0].production && config.profiles[0].read_only);
}

#[test]
fn columns_are_in_the_written_order() {
    let config = read("columns = [\"title\", \"number\"]");
    assert_eq!(config.panes.columns, [Column::Title, Column::Number]);
}

proptest! {
    #![proptest_config(strategies::config(200))]

    #[test]
    fn any_text_parses_with_positions_inside_the_file(
        cuts in prop::collection::vec((0..5000_usize, 0..12_usize, "[\\PC\n\"'\\[\\]{}=#]{0,8}"), 0..4)
    ) {
        let mut text: Vec<char> = uncommented(&sample([])).chars().collect();
        for (at, length, put) in cuts {
            let at = at.min(text.len());
            let end = (at + length).min(text.len());
            text.splice(at..end, put.chars());
        }
        let text: String = text.into_iter().collect();
        let lines: Vec<usize> = text.split('\n').map(|line| line.chars().count()).collect();
        for warning in read(&text).warnings {
            let line = usize::try_from(warning.position.line).unwrap();
            let column = usize::try_from(warning.position.column).unwrap();
            prop_assert!((1..=lines.len()).contains(&line), "{warning}");
            prop_assert!((1..=lines[line - 1] + 1).contains(&column), "{warning}");
            prop_assert!(warning.to_string().chars().all(|c| !c.is_control()), "{warning}");
        }
    }
}
