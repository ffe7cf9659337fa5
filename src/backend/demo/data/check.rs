//! Checks the files of the company for errors that [`parse`] does not detect: references by name,
//! empty lists, duplicates, placeholders, and the lengths that the model allows.
//!
//! Each mistake is a line that names the file and the key.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use rstest::rstest;

use crate::backend::demo::dice::{Dice, Stream};
use crate::backend::demo::templates::TemplateValues;
use crate::model::check::{self, BadField};

use super::*;

/// The maximum length of a text, and the characters that it may contain.
#[derive(Clone, Copy)]
enum Limit {
    Name,
    Title,
    Text,
}

impl Limit {
    fn check(self, text: &str) -> Result<(), BadField> {
        match self {
            Self::Name => check::name("name", text),
            Self::Title => check::title(text),
            Self::Text => check::required_text("text", text),
        }
    }
}

/// The errors found so far.
struct Checker<'a> {
    /// Name of the file that is being checked.
    file: &'static str,
    mistakes: Vec<String>,
    /// The longest value of each placeholder.
    placeholders: &'a BTreeMap<&'static str, String>,
}

impl Checker<'_> {
    fn report(&mut self, key: &str, mistake: impl Display) {
        self.mistakes.push(format!("{}: {key}: {mistake}", self.file));
    }

    /// Checks that no two entries are the same.
    fn unique<'a>(&mut self, key: &str, entries: impl IntoIterator<Item = &'a str>) {
        let mut seen = BTreeSet::new();
        for entry in entries {
            if !seen.insert(entry) {
                self.report(key, format!("{entry:?} is there twice"));
            }
        }
    }

    /// Checks that each entry is one of the names.
    fn references<'a>(
        &mut self,
        key: &str,
        entries: impl IntoIterator<Item = &'a String>,
        names: &BTreeSet<&str>,
    ) {
        for entry in entries {
            if !names.contains(entry.as_str()) {
                self.report(key, format!("no {entry:?} in the company"));
            }
        }
    }

    /// Checks that a number is within a range.
    fn range(&mut self, key: &str, number: i64, range: std::ops::RangeInclusive<i64>) {
        if !range.contains(&number) {
            self.report(key, format!("{number} is not in {} to {}", range.start(), range.end()));
        }
    }

    /// Checks a text without placeholders.
    fn plain(&mut self, key: &str, text: &str, limit: Limit) {
        if text.contains(['{', '}']) {
            self.report(key, format!("nothing fills in the braces of {text:?}"));
        }
        if let Err(bad) = limit.check(text) {
            self.report(key, bad);
        }
    }

    /// Checks a template, which may contain the placeholders for any text and those of `own`.
    fn template(&mut self, key: &str, template: &str, limit: Limit, own: &[(&str, &str)]) {
        let mut longest = String::new();
        for (index, part) in template.split('{').enumerate() {
            let (name, rest) = match (index, part.split_once('}')) {
                (0, None) => {
                    longest.push_str(part);
                    continue;
                }
                (1.., Some(parts)) if !parts.1.contains('}') => parts,
                _ => return self.report(key, format!("braces of {template:?} have no partner")),
            };
            let own = own.iter().find(|(own, _)| *own == name).map(|(_, value)| *value);
            match own.or_else(|| self.placeholders.get(name).map(String::as_str)) {
                Some(value) => longest.push_str(value),
                None => self.report(key, format!("unknown placeholder {{{name}}}")),
            }
            longest.push_str(rest);
        }
        if let Err(bad) = limit.check(&longest) {
            self.report(key, bad);
        }
    }

    /// Checks a list of templates that must not be empty.
    fn templates(&mut self, key: &str, list: &[String], limit: Limit, own: &[(&str, &str)]) {
        if list.is_empty() {
            self.report(key, "is empty");
        }
        self.unique(key, list.iter().map(String::as_str));
        for (index, template) in list.iter().enumerate() {
            self.template(&format!("{key}[{index}]"), template, limit, own);
        }
    }

    /// Checks a list of texts without placeholders that must not be empty.
    fn plain_list(&mut self, key: &str, list: &[String], limit: Limit) {
        if list.is_empty() {
            self.report(key, "is empty");
        }
        for (index, text) in list.iter().enumerate() {
            self.plain(&format!("{key}[{index}]"), text, limit);
        }
    }
}

/// Returns the longest text of some, or an empty one.
fn longest<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    texts.into_iter().max_by_key(|text| text.chars().count()).unwrap_or_default().to_owned()
}

fn first_name(name: &str) -> &str {
    name.split(' ').next().unwrap_or(name)
}

/// Returns the placeholders that every template may have, with their longest values.
fn placeholders(data: &DemoData) -> BTreeMap<&'static str, String> {
    let services = || data.company.services.iter().map(|service| service.name.as_str());
    let people = data.company.teams.iter().flat_map(|team| &team.members);
    let vocabulary = &data.texts.vocabulary;
    let longest_of = |list: &[String]| longest(list.iter().map(String::as_str));
    let host =
        format!("{}-{}-42", longest_of(&vocabulary.host_roles), longest_of(&vocabulary.host_zones));
    BTreeMap::from([
        ("svc", longest(services())),
        ("dep", longest(services())),
        ("region", longest_of(&vocabulary.regions)),
        ("who", longest(people.map(|member| first_name(&member.name)))),
        ("n", "47".to_owned()),
        ("few", "7".to_owned()),
        ("big", "96,999".to_owned()),
        ("pct", "100".to_owned()),
        ("low", "9".to_owned()),
        ("high", "98".to_owned()),
        ("ms", "6800".to_owned()),
        ("lowms", "480".to_owned()),
        ("min", "55".to_owned()),
        ("node", host),
        ("ver", "v899".to_owned()),
        ("id", "ffffffff".to_owned()),
        ("weekday", longest_of(&vocabulary.weekdays)),
        ("clock", "23:59".to_owned()),
    ])
}

/// Returns all mistakes in some files; the first one if they can't be parsed.
fn find_mistakes(files: &Files) -> Vec<String> {
    let data = match parse(files) {
        Ok(data) => data,
        Err(error) => return vec![error.to_string()],
    };
    let placeholders = placeholders(&data);
    let mut checker =
        Checker { file: files.company.name, mistakes: Vec::new(), placeholders: &placeholders };
    check_company(&mut checker, &data);
    checker.file = files.kinds.name;
    check_kinds(&mut checker, files);
    for file in files.faults {
        checker.file = file.name;
        check_faults(&mut checker, file);
    }
    checker.file = files.causes.name;
    check_causes(&mut checker, &data);
    checker.file = files.cases.name;
    check_cases(&mut checker, &data);
    checker.file = files.texts.name;
    check_texts(&mut checker, &data);
    checker.mistakes
}

fn check_company(checker: &mut Checker<'_>, data: &DemoData) {
    let company = &data.company;
    let teams: BTreeSet<&str> = company.teams.iter().map(|team| team.name.as_str()).collect();
    let services: BTreeSet<&str> = company.services.iter().map(|s| s.name.as_str()).collect();
    checker.unique("teams.name", company.teams.iter().map(|team| team.name.as_str()));
    checker.unique("services.name", company.services.iter().map(|s| s.name.as_str()));
    let people = || company.teams.iter().flat_map(|team| &team.members);
    checker.unique("teams.members.handle", people().map(|member| member.handle.as_str()));
    checker.unique("teams.members.name", people().map(|member| member.name.as_str()));
    for team in &company.teams {
        let key = format!("teams.{}", team.name);
        checker.plain(&key, &team.name, Limit::Name);
        if team.members.is_empty() {
            checker.report(&format!("{key}.members"), "is empty");
        }
        for member in &team.members {
            checker.plain(&format!("{key}.members.handle"), &member.handle, Limit::Name);
            checker.plain(&format!("{key}.members.name"), &member.name, Limit::Name);
        }
    }
    let is_first =
        |team: &TeamEntry| team.members.first().is_some_and(|m| m.handle == company.viewer);
    if !company.teams.iter().any(is_first) {
        checker.report("viewer", format!("{:?} is the first member of no team", company.viewer));
    }
    if company.services.is_empty() {
        checker.report("services", "is empty");
    }
    for service in &company.services {
        let key = format!("services.{}", service.name);
        checker.plain(&key, &service.name, Limit::Name);
        checker.references(&format!("{key}.team"), [&service.team], &teams);
        checker.references(&format!("{key}.depends_on"), &service.depends_on, &services);
        let needs = service.depends_on.iter().map(String::as_str);
        checker.unique(&format!("{key}.depends_on"), needs);
        if let Some(objective) = service.objective {
            checker.range(&format!("{key}.objective"), objective.into(), 1..=100_000);
        }
    }
    if !company.policy.is_sorted_by(|a, b| a.after_min < b.after_min) {
        checker.report("policy.after_min", "levels are not in the order of time");
    }
    for (index, level) in company.policy.iter().enumerate() {
        let key = format!("policy[{index}].call");
        if level.call.is_empty() {
            checker.report(&key, "is empty");
        }
        for target in &level.call {
            if let CallTarget::OnCallOf(team) = target {
                checker.references(&key, [team], &teams);
            }
        }
    }
    let schedule = &company.schedule;
    checker.range("schedule.handover_hour", schedule.handover_hour, 0..=23);
    checker.range("schedule.past_turns", schedule.past_turns, 0..=1000);
    checker.range("schedule.stand_in_days_before", schedule.stand_in_days_before, 1..=7);
    checker.range("schedule.stand_in_days", schedule.stand_in_days, 1..=7);
}

fn check_kinds(checker: &mut Checker<'_>, files: &Files) {
    // These files could be parsed before.
    let kinds: KindsFile = parse_file(files.kinds).unwrap();
    let company: CompanyFile = parse_file(files.company).unwrap();
    let faults: Vec<Fault> = files
        .faults
        .into_iter()
        .flat_map(|file| parse_file::<FaultsFile>(file).unwrap().faults)
        .collect();
    let used: BTreeSet<&str> =
        kinds.kinds.values().flat_map(|kind| &kind.faults).map(String::as_str).collect();
    for fault in faults.iter().filter(|fault| !used.contains(fault.alert.as_str())) {
        checker.report("kinds.faults", format!("no kind has the fault {:?}", fault.alert));
    }
    checker.unique("kinds.faults", faults.iter().map(|fault| fault.alert.as_str()));
    for (name, list) in &kinds.recovery_checks {
        checker.templates(&format!("recovery_checks.{name}"), list, Limit::Text, &[]);
        if !kinds.kinds.values().any(|kind| kind.recovery_checks == *name) {
            checker.report(&format!("recovery_checks.{name}"), "no kind refers to it");
        }
    }
    for (name, kind) in &kinds.kinds {
        let key = format!("kinds.{name}");
        if !company.services.iter().any(|service| service.kind == *name) {
            checker.report(&key, "no service has this kind");
        }
        checker.unique(&format!("{key}.faults"), kind.faults.iter().map(String::as_str));
        let count = i64::try_from(kind.faults.len()).unwrap();
        let most = i64::try_from(MAX_FAULTS).unwrap();
        checker.range(&format!("{key}.faults (their number)"), count, 2..=most);
    }
    for (name, kind) in kinds.with_faults(&faults).unwrap().iter() {
        let key = format!("kinds.{name}");
        checker.range(&format!("{key}.weight"), kind.weight.into(), 1..=1000);
        checker.plain(&format!("{key}.runbook"), &kind.runbook, Limit::Name);
        let reason = &kind.false_alarm_reason;
        checker.plain(&format!("{key}.false_alarm_reason"), reason, Limit::Text);
    }
}

fn check_faults(checker: &mut Checker<'_>, file: File) {
    for fault in parse_file::<FaultsFile>(file).unwrap().faults {
        let key = |name: &str| format!("faults.{}.{name}", fault.alert);
        checker.plain(&key("alert"), &fault.alert, Limit::Name);
        checker.templates(&key("titles"), &fault.titles, Limit::Title, &[]);
        checker.templates(&key("severe_titles"), &fault.severe_titles, Limit::Title, &[]);
        checker.templates(&key("symptoms"), &fault.symptoms, Limit::Text, &[]);
        checker.templates(&key("clues"), &fault.clues, Limit::Text, &[]);
        if fault.causes.is_empty() {
            checker.report(&key("causes"), "is empty");
        }
    }
}

fn check_causes(checker: &mut Checker<'_>, data: &DemoData) {
    for (name, cause) in data.causes.iter() {
        checker.templates(&format!("{name}.found"), &cause.found, Limit::Text, &[]);
        checker.template(&format!("{name}.problem"), &cause.problem, Limit::Title, &[]);
        let fixes: Vec<String> = cause.fixes.iter().map(|fix| fix.text.clone()).collect();
        checker.templates(&format!("{name}.fixes"), &fixes, Limit::Text, &[]);
        if let Some(change) = &cause.change {
            checker.templates(&format!("{name}.change.titles"), &change.titles, Limit::Title, &[]);
        }
    }
}

fn check_cases(checker: &mut Checker<'_>, data: &DemoData) {
    if data.cases.is_empty() {
        checker.report("cases", "is empty");
    }
    checker.unique("cases.title", data.cases.iter().map(|case| case.title.as_str()));
    let dedup_keys: Vec<String> =
        data.cases.iter().map(|case| format!("{}:{}", case.alert, case.service)).collect();
    checker.unique("cases (fault and service)", dedup_keys.iter().map(String::as_str));
    for (index, case) in data.cases.iter().enumerate() {
        let key = |name: &str| format!("cases[{index}].{name}");
        checker.plain(&key("title"), &case.title, Limit::Title);
        checker.template(&key("symptoms"), &case.symptoms, Limit::Text, &[]);
        checker.range(&key("age"), case.age_s, 1..=30 * 86_400);
        if !case.stage.is_open() {
            checker.report(&key("stage"), format!("{} is not open", case.stage));
        }
        if let Some(change) = &case.change {
            checker.plain(&key("change.title"), &change.title, Limit::Title);
            checker.range(&key("change.minutes_before"), change.minutes_before, 0..=1440);
        }
    }
}

fn check_texts(checker: &mut Checker<'_>, data: &DemoData) {
    let texts = &data.texts;
    checker.templates("alerts", &texts.alerts, Limit::Text, &[]);

    let vocabulary = &texts.vocabulary;
    checker.plain_list("vocabulary.regions", &vocabulary.regions, Limit::Name);
    checker.plain_list("vocabulary.weekdays", &vocabulary.weekdays, Limit::Name);
    checker.plain_list("vocabulary.host_roles", &vocabulary.host_roles, Limit::Name);
    checker.plain_list("vocabulary.host_zones", &vocabulary.host_zones, Limit::Name);

    let actors = &texts.actors;
    checker.plain_list("actors.monitoring", &actors.monitoring, Limit::Name);
    for (name, actor) in [
        ("alerting", &actors.alerting),
        ("user_report", &actors.user_report),
        ("support", &actors.support),
        ("partner", &actors.partner),
        ("deployment", &actors.deployment),
        ("escalation", &actors.escalation),
        ("responder", &actors.responder),
        ("colleague", &actors.colleague),
    ] {
        checker.plain(&format!("actors.{name}"), actor, Limit::Name);
    }
    let mut people = data.company.teams.iter().flat_map(|team| &team.members);
    if !people.any(|member| first_name(&member.name) == actors.problem_colleague) {
        let mistake = format!("{:?} is nobody's first name", actors.problem_colleague);
        checker.report("actors.problem_colleague", mistake);
    }

    let notes = &texts.notes;
    checker.templates("notes.first", &notes.first, Limit::Text, &[]);
    checker.templates("notes.watching", &notes.watching, Limit::Text, &[]);
    checker.templates("notes.recurrence", &notes.recurrence, Limit::Text, &[("prev", "INC-99999")]);
    for (index, note) in notes.recurrence.iter().enumerate() {
        if !note.contains("{prev}") {
            checker.report(&format!("notes.recurrence[{index}]"), "does not say {prev}");
        }
    }
    checker.templates("notes.handover", &notes.handover, Limit::Text, &[]);
    checker.templates("notes.raised", &notes.raised, Limit::Text, &[]);
    checker.templates("notes.lowered", &notes.lowered, Limit::Text, &[]);

    let updates = &texts.updates;
    checker.templates("updates.early", &updates.early, Limit::Text, &[]);
    checker.templates("updates.cause_found", &updates.cause_found, Limit::Text, &[]);
    checker.templates("updates.recovery", &updates.recovery, Limit::Text, &[]);
    checker.templates("updates.resolved", &updates.resolved, Limit::Text, &[]);

    let reasons = &texts.reasons;
    checker.templates("reasons.reopen", &reasons.reopen, Limit::Text, &[]);
    checker.templates("reasons.pause", &reasons.pause, Limit::Text, &[]);
    checker.templates("reasons.escalate", &reasons.escalate, Limit::Text, &[]);
    checker.templates("reasons.reclassify", &reasons.reclassify, Limit::Text, &[]);
    checker.plain("reasons.waive_final_update", &reasons.waive_final_update, Limit::Text);
    checker.plain("reasons.waive_follow_up", &reasons.waive_follow_up, Limit::Text);

    let review = &texts.review;
    let summary = [("symptom", "A symptom."), ("lasted", "23h 59m")];
    checker.template("review.summary", &review.summary, Limit::Text, &summary);
    let timeline = [("reported", "23:59"), ("resolved", "23:59")];
    checker.template("review.timeline", &review.timeline, Limit::Text, &timeline);
    checker.template("review.impact", &review.impact, Limit::Text, &[]);
    checker.template("review.communication", &review.communication, Limit::Text, &[]);
    checker.template("review.gaps", &review.gaps, Limit::Text, &[]);
    let actions: Vec<String> = review.actions.iter().map(|action| action.text.clone()).collect();
    checker.templates("review.actions", &actions, Limit::Text, &[]);

    let titles: Vec<String> = texts.changes.iter().map(|change| change.title.clone()).collect();
    checker.templates("changes", &titles, Limit::Title, &[]);
    for (index, title) in titles.iter().enumerate() {
        if title.contains("{who}") {
            checker.report(&format!("changes[{index}]"), "there is no {who} to name");
        }
    }
}

#[test]
fn company_files_have_no_mistakes() {
    let mistakes = find_mistakes(&FILES);
    assert!(mistakes.is_empty(), "\n{}\n", mistakes.join("\n"));
}

#[test]
fn placeholders_are_those_that_are_filled_in() {
    let data = load().unwrap();
    let values = TemplateValues {
        vocabulary: &data.texts.vocabulary,
        service: "checkout",
        dependency: "cart",
        region: "eu-west-1",
        colleague: "Ravi",
        is_severe: true,
        began_minute: 754,
    };
    let mut dice = Dice::new(3, Stream::Rhythm);
    for (name, longest) in placeholders(data) {
        let value = values.fill(&format!("{{{name}}}"), &mut dice);
        assert_ne!(value, name);
        assert!(value.len() <= longest.len(), "{name}: {value} is longer than {longest}");
    }
}

/// Returns the files with one text of one of them replaced.
fn files_with(name: &str, old: &str, new: &str) -> Files {
    let mut files = FILES;
    let Files { company, kinds, faults: [product, data, platform], causes, cases, texts } =
        &mut files;
    let file = [company, kinds, product, data, platform, causes, cases, texts]
        .into_iter()
        .find(|file| file.name == name)
        .unwrap();
    assert!(file.content.contains(old), "{name} has no {old:?}");
    file.content = file.content.replacen(old, new, 1).leak();
    files
}

#[rstest]
#[rustfmt::skip]
#[case::key("company.toml", "handover_hour", "handover_our", "unknown field `handover_our`")]
#[case::handle("company.toml", r#""tomasz""#, r#""ines""#, r#"teams.members.handle: "ines" is"#)]
#[case::viewer("company.toml", r#"= "ines""#, r#"= "omar""#, r#"viewer: "omar" is the first"#)]
#[case::team("company.toml", r#"team = "web""#, r#"team = "w""#, r#"services.storefront.team: no "w""#)]
#[case::service("company.toml", r#""cart", "ord"#, r#""kart", "ord"#, r#"depends_on: no "kart""#)]
#[case::kind("company.toml", r#"= "bus""#, r#"= "bug""#, r#"services.event-bus.kind: no kind "bug""#)]
#[case::policy("company.toml", r#"of = "p"#, r#"of = "q"#, r#"policy[2].call: no "qlatform""#)]
#[case::fault("kinds.toml", r#""StaleData"]"#, r#""Old"]"#, r#"kinds.api.faults: no fault "Old""#)]
#[case::check("kinds.toml", r#"= "jobs""#, r#"= "job""#, "kinds.batch.recovery_checks: no list")]
#[case::unused("kinds.toml", r#""WebVitalsLcp", "#, "", r#"kinds.faults: no kind has the fault "We"#)]
#[case::cause("faults/data.toml", r#"["leak""#, r#"["leek""#, "unknown variant `leek`")]
#[case::empty("faults/data.toml", r#"["{svc} refuses new connections"]"#, "[]", "titles: is empty")]
#[case::placeholder("causes.toml", "deploy of {svc}", "{svx}", "deploy.found[0]: unknown place")]
#[case::brace("causes.toml", "deploy of {svc}", "{svc", "deploy.found[0]: braces of")]
#[case::case("cases.toml", r#""NodesNotReady""#, r#""N""#, r#"cases[8].fault: no "N""#)]
#[case::age("cases.toml", r#""38m""#, r#""38""#, r#""38" is no duration"#)]
#[case::stage("cases.toml", r#""triggered""#, r#""closed""#, "cases[0].stage: closed is not")]
#[case::filled("cases.toml", "in Europe", "{region}", "cases[1].title: nothing fills in")]
#[case::name("texts.toml", r#""Ravi""#, r#""Rawi""#, r#"problem_colleague: "Rawi" is nobody's"#)]
#[case::twice("texts.toml", r#""Looking.","#, r#""Looking.", "Looking.","#, "notes.first: ")]
fn mistake_names_its_file_and_key(
    #[case] file: &str,
    #[case] old: &str,
    #[case] new: &str,
    #[case] expected: &str,
) {
    let mistakes = find_mistakes(&files_with(file, old, new));
    assert_eq!(mistakes.len(), 1, "{mistakes:#?}");
    assert!(mistakes[0].starts_with(&format!("{file}: ")), "{mistakes:#?}");
    assert!(mistakes[0].contains(expected), "{mistakes:#?}");
}

#[test]
fn title_longer_than_the_model_allows_is_a_mistake() {
    let title = format!("= [\"{{svc}} {}\"]", "x".repeat(check::MAX_TITLE_CHARS));
    let files = files_with("faults/data.toml", "= [\"{svc} refuses new connections\"]", &title);
    let mistakes = find_mistakes(&files);
    assert_eq!(mistakes.len(), 1, "{mistakes:#?}");
    let expected = "faults/data.toml: faults.ConnectionsExhausted.severe_titles[0]: title: has 217";
    assert!(mistakes[0].starts_with(expected), "{mistakes:#?}");
}

/// `cargo test --release --lib data_parses_quickly -- --ignored --nocapture`.
#[test]
#[ignore = "measures"]
fn data_parses_quickly() {
    let began = std::time::Instant::now();
    for _ in 0..100 {
        std::hint::black_box(parse(std::hint::black_box(&FILES)).unwrap());
    }
    eprintln!("{:?} for the company", began.elapsed() / 100);
}
