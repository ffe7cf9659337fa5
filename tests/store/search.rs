//! Searches by words: the history finds the same as the open list, and more texts besides.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::Utc;
use proptest::prelude::*;
use redphone::backend::file::FileStore;
use redphone::backend::{Backend, Search, TimelineRange};
use redphone::model::filter::row_contains;
use redphone::model::queue::Sort;
use redphone::model::searched_texts::SearchedTexts;
use redphone::model::status::Role;
use redphone::model::text::FoldedText;
use redphone::model::{IncidentCommand, IncidentId, PersonRef, Summary};
use rusqlite::Connection;
use tempfile::tempdir;

use super::fixtures::{
    ask, declaration, declared_event, import, open, open_impatient, options, record,
};
use crate::support::requests::{done, resolve, titles};
use crate::support::strategies;

/// Titles, services, teams, names and notes in eight scripts.
const TEXTS: [&str; 25] = [
    "Card payments fail at checkout (E-4711)",
    "Łódź: café orders time out",
    "Straßenbahn-Tickets fehlen in İzmir",
    "payments-gateway/eu_west 500",
    "Платёжный шлюз не отвечает",
    "Очередь растёт: 120 сообщений",
    "Ошибка авторизации на узле db-3",
    "Η οδός πληρωμών δεν απαντά",
    "Αποτυχία σύνδεσης ΧΡΗΣΤΩΝ",
    "پرداخت کارت می‌شود اما کند است",
    "خطای ۵۰۰ در درگاه",
    "فشل تسجيل الدخول للمستخدمين",
    "カード決済が失敗する",
    "検索の結果が古い E500エラー",
    "東京のログインが遅い",
    "결제 서버가 응답하지 않음",
    "로그인 지연 50%",
    "भुगतान विफल हो रहा है",
    "खोज के परिणाम पुराने हैं",
    "การชำระเงินล้มเหลว",
    "ค้นหาช้า ที่ node-7",
    "deploy 0af3c9d27be14c7788a1f0e5d6c4b3a2918070605f4e3d2c1b0a99887766554433221100ff",
    "queue 🔥 is growing",
    "util_rate at 100% of \"max\" in C:\\temp\tfull",
    "a",
];

/// An incident of the random store, as indices of [`TEXTS`].
#[derive(Clone, Debug)]
struct Sketch {
    title: usize,
    service: Option<usize>,
    team: Option<usize>,
    owner: Option<usize>,
    note: Option<usize>,
    is_ended: bool,
}

fn sketch() -> impl Strategy<Value = Sketch> {
    let text = || 0..TEXTS.len();
    let maybe = || prop::option::weighted(0.6, 0..TEXTS.len());
    (text(), maybe(), maybe(), maybe(), maybe(), prop::bool::weighted(0.3)).prop_map(
        |(title, service, team, owner, note, is_ended)| Sketch {
            title,
            service,
            team,
            owner,
            note,
            is_ended,
        },
    )
}

/// A word of a filter: a part of one of the texts, in capitals, decomposed or as it is.
fn word() -> impl Strategy<Value = String> {
    (0..TEXTS.len(), any::<prop::sample::Index>(), 1usize..9, 0u8..4).prop_map(
        |(text, start, length, how)| {
            let chars: Vec<char> = TEXTS[text].chars().collect();
            let start = start.index(chars.len());
            let part: String = chars[start..chars.len().min(start + length)].iter().collect();
            match how {
                0 => part.to_uppercase(),
                1 => part.to_lowercase(),
                2 => decomposed(&part),
                _ => part,
            }
        },
    )
}

/// Writes accents as marks of their own.
fn decomposed(text: &str) -> String {
    text.replace('é', "e\u{301}").replace('ё', "е\u{308}").replace('ó', "o\u{301}")
}

/// The text of a filter of open incidents; it may be none.
fn filter() -> impl Strategy<Value = String> {
    let quoted = |word: String| format!("\"{}\"", word.replace(['"', '\\'], ""));
    let name = || (0..TEXTS.len()).prop_map(move |text| format!("\"{}\"", TEXTS[text]));
    let term = prop_oneof![
        8 => word().prop_map(quoted),
        2 => word().prop_map(|word| word.replace(['"', '\\'], "")),
        1 => name().prop_map(|name| format!("service:{name}")),
        1 => name().prop_map(|name| format!("team:{name}")),
        1 => word().prop_map(move |word| format!("owner:{}", quoted(word))),
        1 => prop::sample::select(vec![
            "p2", "p1", "service:none", "team:none", "owner:none", "owner:me", "status:triggered",
            "-status:acknowledged", "is:open", "age>1m", "owner:o7", "INC-1", "1", "inc",
            "cat:application", "-cat:none", "sla:ok", "is:any", "since:today", "before:today",
            "on:yesterday", "on:today", "since:1m", "before:1h", "changed<1h", "changed>1h",
            "resolved<1h", "resolved>1h", "label:l3", "label:none", "label:key", "role:me",
            "role:none", "role:scribe", "role:o7", "users>2", "users<2", "began<1h", "began>1h",
            "reporter:none", "reporter:varga", "resolved:today", "resolved:yesterday", "took<1h",
            "took>1h", "missed:acknowledge", "missed:resolve",
            "missed:acknowledge-p2", "missed:resolve-p4",
            "primary:none", "primary:l3", "leading:none", "leading:l3", "is:never-acknowledged",
        ])
        .prop_map(str::to_owned),
    ];
    let term = (term, prop::bool::weighted(0.2))
        .prop_map(|(term, negated)| if negated { format!("-{term}") } else { term });
    prop::collection::vec(term, 1..4).prop_map(|terms| terms.join(" "))
}

async fn play(store: &FileStore, sketches: &[Sketch]) -> Vec<IncidentId> {
    let mut ids = Vec::new();
    for sketch in sketches {
        let mut declared = declaration(TEXTS[sketch.title]);
        declared.services = sketch.service.iter().map(|text| TEXTS[*text].to_owned()).collect();
        declared.team = sketch.team.map(|text| TEXTS[text].to_owned());
        declared.symptoms = String::new();
        let id = IncidentId::new();
        done(store, id, IncidentCommand::Declare(Box::new(declared))).await;
        if let Some(text) = sketch.owner {
            let to = Some(PersonRef::new(format!("o{text}"), TEXTS[text]));
            done(store, id, IncidentCommand::Assign { to }).await;
        }
        if let Some(text) = sketch.note {
            done(store, id, IncidentCommand::AddNote { text: TEXTS[text].into() }).await;
        }
        if let Some(text) = sketch.note.filter(|text| text % 2 == 0) {
            let labels = Some(vec![format!("l{text}"), format!("key={text}")]);
            let [title, symptoms, runbook] = [None, None, None];
            let describe = IncidentCommand::Describe { title, symptoms, labels, runbook };
            done(store, id, describe).await;
        }
        if let Some(text) = sketch.owner.filter(|text| text % 2 == 1) {
            let person = PersonRef::new(format!("o{text}"), TEXTS[text]);
            let role = [Role::Scribe, Role::Resolver][text % 3 % 2];
            done(store, id, IncidentCommand::GiveRole { role, person, given: true }).await;
        }
        if sketch.is_ended {
            done(store, id, resolve()).await;
        }
        ids.push(id);
    }
    ids
}

/// Returns the incidents that a filter finds, fetched page by page.
async fn found(store: &FileStore, filter: &str) -> Option<BTreeSet<IncidentId>> {
    let mut search = Search {
        filter: filter.parse().ok()?,
        me: Some("o3".into()),
        sort: Sort::Newest,
        limit: 3,
        after: None,
        now: Utc::now(),
    };
    let mut ids = BTreeSet::new();
    loop {
        let page = store.search(&search).await.unwrap();
        for row in &page.rows {
            assert!(ids.insert(row.id), "{filter}: a row is on two pages");
        }
        match page.next {
            Some(next) => search.after = Some(next),
            None => return Some(ids),
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

proptest! {
    #![proptest_config(strategies::config(16))]

    #[test]
    fn history_finds_all_that_the_open_list_finds(
        sketches in prop::collection::vec(sketch(), 4..24),
        filters in prop::collection::vec(filter(), 24),
    ) {
        runtime().block_on(async {
            let folder = tempdir().unwrap();
            let store = open(&folder.path().join("store.db")).await;
            play(&store, &sketches).await;
            for filter in filters {
                // A word of punctuation alone is refused.
                let Some(open) = found(&store, &filter).await else { continue };
                let any = found(&store, &format!("{filter} is:any")).await.unwrap();
                prop_assert!(open.is_subset(&any), "{}: {:?} {:?}", filter, open, any);
            }
            Ok(())
        })?;
    }

    #[test]
    fn word_is_found_anywhere_inside_every_text(
        sketches in prop::collection::vec(sketch(), 1..16),
        parts in prop::collection::vec(word(), 24),
    ) {
        runtime().block_on(async {
            let folder = tempdir().unwrap();
            let store = open(&folder.path().join("store.db")).await;
            let ids = play(&store, &sketches).await;
            let incidents = read_all(&store, &ids).await;
            for part in parts {
                let part = part.replace(['"', '\\'], "");
                let Some(any) = found(&store, &format!("is:any \"{part}\"")).await else { continue };
                let expected = containing(&incidents, &[&part]);
                prop_assert_eq!(any, expected, "{}", part);
            }
            Ok(())
        })?;
    }
}

/// So large that most parts of a number are those of more numbers than can be named.
const GREATEST_NUMBER: u64 = 3_000_000;

/// The row of an incident and the texts of its timeline.
type Texts = (Summary, SearchedTexts);

async fn read_all(store: &FileStore, ids: &[IncidentId]) -> Vec<Texts> {
    let mut all = Vec::new();
    for id in ids {
        let row = store.incident(*id).await.unwrap().incident.summary;
        let events = store.timeline(*id, TimelineRange::After(0)).await.unwrap();
        all.push((row, SearchedTexts::of(events.iter().map(|event| &event.body))));
    }
    all
}

/// Returns the incidents that have every word in number or texts, compared one by one.
fn containing(incidents: &[Texts], words: &[&str]) -> BTreeSet<IncidentId> {
    let words: Vec<FoldedText<'_>> = words.iter().copied().map(FoldedText::new).collect();
    let has_all = |(row, texts): &&Texts| {
        words
            .iter()
            .all(|word| row_contains(row, word) || texts.iter().any(|text| word.is_in(text)))
    };
    incidents.iter().filter(has_all).map(|(row, _)| row.id).collect()
}

#[tokio::test]
async fn parts_of_common_numbers_are_found_with_other_texts() {
    let folder = tempdir().unwrap();
    let store = open_impatient(&folder.path().join("store.db")).await;
    let mut ids = Vec::new();
    let mut records = Vec::new();
    for index in 0..90_u64 {
        let id = IncidentId::new();
        let number = 71 + index * (GREATEST_NUMBER - 71) / 89;
        let title = TEXTS[usize::try_from(index).unwrap() % TEXTS.len()];
        records.push(record(&declared_event(id, Some(number), title)));
        ids.push(id);
    }
    import(&store, &records).await;
    let some = ["07", "7", "inc-10", "#2", "c-30", "0", "4711", "card", "決済", "e50", "сообщ"];
    let pairs = some.iter().flat_map(|first| some.iter().map(move |second| (first, second)));
    let incidents = read_all(&store, &ids).await;
    for (first, second) in pairs {
        let filter = format!("is:any \"{first}\" \"{second}\"");
        let any = found(&store, &filter).await.unwrap();
        assert_eq!(any, containing(&incidents, &[first, second]), "{filter}");
    }
    for id in ids.iter().step_by(7) {
        done(&store, *id, IncidentCommand::AddNote { text: "queue 507 card".into() }).await;
    }
    // While another process writes, the notes can't be indexed.
    let other = Connection::open(folder.path().join("store.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let incidents = read_all(&store, &ids).await;
    for words in [["07", "card"], ["7", "507"], ["#2", "queue"], ["0", "e"]] {
        let filter = format!("is:any \"{}\" \"{}\"", words[0], words[1]);
        let any = found(&store, &filter).await.unwrap();
        assert_eq!(any, containing(&incidents, &words), "{filter}");
    }
}

/// Matches are dense, rare and missing in turns, so that a page is read in several steps.
#[tokio::test]
async fn pages_skip_no_match_among_many_candidates() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let (mut expected, mut records) = (BTreeSet::new(), Vec::new());
    for index in 0..300 {
        let matches = index < 10 || (index > 200 && index % 9 == 0) || index > 290;
        let title = if matches { "disk of svc-12 is full" } else { "disk of svc-7 at 12 sharp" };
        let id = IncidentId::new();
        records.push(record(&declared_event(id, Some(index + 1), title)));
        if matches {
            expected.insert(id);
        }
    }
    import(&store, &records).await;
    assert_eq!(found(&store, "is:any disk svc-12").await, Some(expected));
}

/// Makes a store as one that was just migrated: nothing is indexed yet.
fn forget_index(path: &Path) {
    Connection::open(path)
        .unwrap()
        .execute_batch(
            "DELETE FROM words_todo; DELETE FROM vocabulary;
             INSERT INTO words (words) VALUES ('delete-all');
             INSERT INTO words_todo (incident) SELECT key FROM incident;",
        )
        .unwrap();
}

async fn store_with_history(path: &Path) {
    let store = open(path).await;
    for title in ["first title", "カード決済が失敗する"] {
        let id = IncidentId::new();
        done(&store, id, IncidentCommand::Declare(Box::new(declaration(title)))).await;
        done(&store, id, resolve()).await;
    }
    // The index is complete before the store is closed.
    assert_eq!(titles(&store, "is:any v811").await.len(), 2);
    store.close().await;
}

#[tokio::test]
async fn migrated_store_is_indexed_by_its_first_search() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    store_with_history(&path).await;
    forget_index(&path);
    let store = open(&path).await;
    assert_eq!(titles(&store, "is:any 決済").await, ["カード決済が失敗する"]);
    assert_eq!(titles(&store, "is:any rst").await, ["first title"]);
    let mut steps = Vec::new();
    store.index_texts(|done, all| steps.push((done, all))).await.unwrap();
    assert_eq!(steps, [(0, 0)], "nothing is left to index");
}

#[tokio::test]
async fn incomplete_index_hides_nothing_while_others_write() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    store_with_history(&path).await;
    forget_index(&path);
    let store = open_impatient(&path).await;
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    for (filter, expected) in [
        ("is:any 決済", "カード決済が失敗する"),
        ("is:any 決済が失", "カード決済が失敗する"),
        ("is:any itle", "first title"),
        ("is:any \"back to\" first", "first title"),
    ] {
        assert_eq!(titles(&store, filter).await, [expected], "{filter}");
    }
    other.execute_batch("ROLLBACK").unwrap();
    store.close().await;
    // Nor does it in a process that may not write.
    let reader = FileStore::open_read_only(&path, options()).await.unwrap();
    assert_eq!(titles(&reader, "is:any 決済").await, ["カード決済が失敗する"]);
    assert_eq!(titles(&reader, "is:any zebra").await, Vec::<String>::new());
}

#[tokio::test]
async fn handle_of_somebody_is_no_part_of_a_name() {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    for (title, handle, name) in [
        ("one", "hana", "Hana Novák"),
        ("two", "aroha", "Aroha Tamihana"),
        ("three", "bo", "Bo Lindqvist"),
        ("four", "hanae", "Hanae Mori"),
    ] {
        let id = IncidentId::new();
        done(&store, id, IncidentCommand::Declare(Box::new(declaration(title)))).await;
        let to = Some(PersonRef::new(handle, name));
        store.execute(&ask(id, IncidentCommand::Assign { to })).await.unwrap();
    }
    for (filter, expected) in [
        ("owner:hana", "one"),
        ("owner:@HANA", "one"),
        ("owner:novak", "one"),
        ("owner:tami", "two"),
        ("owner:hana owner:bo", "three one"),
        ("owner:lind", "three"),
        ("owner:ihana", ""),
        ("owner:han", "four one"),
        ("-owner:hana", "four three two"),
    ] {
        assert_eq!(titles(&store, filter).await.join(" "), expected, "{filter}");
        let any = format!("{filter} is:any");
        assert_eq!(titles(&store, &any).await.join(" "), expected, "{any}");
    }
}

#[rstest::rstest]
#[case::accent("Café-3 antwortet nicht", "cafe-3")]
#[case::ligature("the \u{fb01}le-4 is gone", "file-4")]
#[case::sharp_s("Straße-9 fehlt", "strasse-9")]
#[case::capitals("NODE-7 is down", "node-7")]
#[case::wildcards("util_rate-5% at noon", "util_rate-5%")]
#[case::control_character("pool\u{7}-8\tfull", "pool\u{7}-8")]
#[tokio::test]
async fn word_of_several_parts_is_found_in_a_note(#[case] note: &str, #[case] word: &str) {
    let folder = tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).await;
    let ids = [IncidentId::new(), IncidentId::new()];
    let titles = ["Orders time out", "Images load slowly"];
    let events: Vec<_> = ids
        .iter()
        .zip(titles)
        .zip(1..)
        .map(|((id, title), number)| record(&declared_event(*id, Some(number), title)))
        .collect();
    import(&store, &events).await;
    for (id, text) in ids.iter().zip([note, "cafe and 3, file and 4, node and 7, util and 5"]) {
        done(&store, *id, IncidentCommand::AddNote { text: text.into() }).await;
    }
    let any = found(&store, &format!("is:any \"{word}\"")).await.unwrap();
    assert_eq!(any, BTreeSet::from([ids[0]]), "{word}");
}
