//! Speed of the local store, against bare `SQLite` on the same disk in the same run.
//!
//! `cargo bench -- store`; `REDPHONE_BENCH_INCIDENTS` sets the size of the large store
//! (1,000,000), which is made once and kept under `target/bench/`.

mod history;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use redphone::backend::file::FileStore;
use redphone::backend::record::Record;
use redphone::backend::{Backend, Search};
use redphone::model::measures::pages::{Dimension, Offsets, PagesQuery, Selection};
use redphone::model::measures::{Cut, Window};
use redphone::model::queue::Sort;
use redphone::model::{Actor, Command, CommandId, Envelope, IncidentCommand, IncidentId};

use self::history::History;
use super::report::{row_with_floor, setting};
use crate::support::store::open;

pub fn run() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(all());
}

/// Passes the path of the large store to the process that only reads it.
const LARGE: &str = "REDPHONE_BENCH_LARGE";

async fn all() {
    if let Some(path) = std::env::var_os(LARGE) {
        let store = open(Path::new(&path)).await;
        large(&store).await;
        full_text_size(Path::new(&path));
        store.close().await;
        return;
    }
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/bench");
    std::fs::create_dir_all(&folder).unwrap();
    println!("{:<44} {:>14} {:>14} {:>6}  {:<12}", "what", "figure", "floor", "ratio", "target");
    commands(&folder).await;
    import(&folder).await;
    let incidents = setting("REDPHONE_BENCH_INCIDENTS", 1_000_000);
    let path = folder.join(format!("store-{incidents}.db"));
    if !path.exists() {
        let making = folder.join("making.db");
        remove(&making);
        let (rate, _) = fill(&making, incidents).await;
        println!("(the store of {incidents} incidents was made at {rate:.0} events/s)");
        std::fs::rename(&making, &path).unwrap();
    }
    // A process of its own, so that its memory is that of a program with this store open.
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--bench", "store"])
        .env(LARGE, &path)
        .status()
        .unwrap();
    assert!(status.success());
}

fn remove(path: &Path) {
    for end in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        // The file may be missing.
        std::fs::remove_file(name).ok();
    }
}

/// Durable single commands against bare commits of the same size, in turns.
///
/// The size of a commit is the number of bytes in the log: a command also writes the resulting row
/// and the indexes, so the bare commit gets as many pages. The rate of bare commits with as many
/// bytes of content, in one small table, is printed next to it.
async fn commands(folder: &Path) {
    let (ours, bare) = (folder.join("commands.db"), folder.join("bare.db"));
    remove(&ours);
    remove(&bare);
    let store = open(&ours).await;
    let conn = rusqlite::Connection::open(&bare).unwrap();
    conn.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;
         CREATE TABLE event (log INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, body BLOB NOT NULL);",
    )
    .unwrap();
    let other_connection = rusqlite::Connection::open(&ours).unwrap();
    let mut history = History::new(1, 200_000);
    let (mut time, mut same_pages, mut same_content) =
        (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let (mut count, mut pages, mut bare_pages) = (0u32, 0, 0);
    for _ in 0..12 {
        empty_log(&other_connection);
        let mut contents = Vec::new();
        for _ in 0..60 {
            let incident = IncidentId::new();
            let declaration = Box::new(history.declaration(Utc::now()));
            for command in [
                IncidentCommand::Declare(declaration),
                IncidentCommand::Acknowledge,
                IncidentCommand::AddNote {
                    text: "restarted two of the four nodes, watching".into(),
                },
            ] {
                let envelope = Envelope {
                    id: CommandId::new(),
                    at: Utc::now(),
                    actor: Actor::Person(history.person()),
                    command: Command::incident(incident, command),
                    expected_seq: None,
                };
                let begun = Instant::now();
                let outcome = store.execute(&envelope).await.unwrap();
                time += begun.elapsed();
                count += 1;
                contents.push(serde_json::to_vec(&outcome.events).unwrap());
            }
        }
        let written = logged_pages(&ours);
        pages += written;
        empty_log(&conn);
        same_content += put(&conn, &contents);
        empty_log(&conn);
        // Three pages belong to the table, the index and the header.
        let each = usize::try_from(written).unwrap() / contents.len();
        let filled = vec![vec![7_u8; each.saturating_sub(3) * 4092 + 400]; contents.len()];
        same_pages += put(&conn, &filled);
        bare_pages += logged_pages(&bare);
    }
    let rate = |time: Duration| f64::from(count) / time.as_secs_f64();
    for (name, floor, target) in [
        ("durable single commands, same pages", same_pages, 0.7),
        ("  same bytes of content, one small table", same_content, 0.0),
    ] {
        let ratio = rate(time) / rate(floor);
        row_with_floor(
            name,
            &format!("{:.0}/s", rate(time)),
            &format!("{:.0}/s", rate(floor)),
            &format!("{ratio:.2}"),
            if target > 0.0 { ">= 0.7" } else { "" },
            ratio >= target,
        );
    }
    let per = |pages: u64| pages * 10 / u64::from(count);
    let (ours, bare) = (per(pages), per(bare_pages));
    println!(
        "    pages to the log a commit: {}.{} against {}.{}",
        ours / 10,
        ours % 10,
        bare / 10,
        bare % 10
    );
    store.close().await;
}

/// Measures the time to write these with one commit each.
fn put(conn: &rusqlite::Connection, bodies: &[Vec<u8>]) -> Duration {
    let mut put = conn.prepare("INSERT INTO event (id, body) VALUES (?, ?)").unwrap();
    let mut time = Duration::ZERO;
    for body in bodies {
        let id = CommandId::new();
        let begun = Instant::now();
        put.execute((id.as_bytes(), body)).unwrap();
        time += begun.elapsed();
    }
    time
}

/// Checkpoints the write-ahead log into the file, so that it starts empty.
fn empty_log(conn: &rusqlite::Connection) {
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
}

/// Pages in the log of a store: each has a header of 24 bytes, after one of 32 for all.
fn logged_pages(path: &Path) -> u64 {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).map_or(0, |found| found.len().saturating_sub(32) / 4120)
}

/// Fills a new store from lines as an import reads them; events a second, and memory at the end
/// against a quarter of the way, in MiB.
async fn fill(path: &Path, incidents: u64) -> (f64, (f64, f64)) {
    let store = open(path).await;
    let mut importer = store.importer().await.unwrap();
    let mut history = History::new(7, incidents);
    let mut time = Duration::ZERO;
    let (mut events, mut quarter) = (0u64, 0.0);
    loop {
        let lines: Vec<String> = history
            .by_ref()
            .take(20_000)
            .map(|event| serde_json::to_string(&Record::Event(Box::new(event))).unwrap())
            .collect();
        if lines.is_empty() {
            break;
        }
        let begun = Instant::now();
        for line in &lines {
            importer.add(Record::from_json(line.as_bytes()).unwrap()).await.unwrap();
        }
        time += begun.elapsed();
        events += lines.len() as u64;
        if quarter == 0.0 && events > incidents {
            quarter = resident();
        }
    }
    let begun = Instant::now();
    let added = importer.commit().await.unwrap();
    time += begun.elapsed();
    assert_eq!((added.incidents, added.events), (incidents, events));
    store.close().await;
    #[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
    let rate = events as f64 / time.as_secs_f64();
    (rate, (quarter, resident()))
}

/// Resident memory in MiB.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)).and_then(|n| n.parse().ok());
    kib.unwrap_or(0.0) / 1024.0
}

async fn import(folder: &Path) {
    let path = folder.join("import.db");
    remove(&path);
    let (rate, (quarter, end)) = fill(&path, 60_000).await;
    row_with_floor(
        "import, events",
        &format!("{rate:.0}/s"),
        "",
        "",
        ">= 25000/s",
        rate >= 25_000.0,
    );
    row_with_floor(
        "memory at a fifth and at the end of it",
        &format!("{quarter:.0} > {end:.0} MiB"),
        "",
        "",
        "flat",
        end < quarter * 1.3 + 8.0,
    );
    remove(&path);
}

/// Prints how much of a store is the full-text index.
fn full_text_size(path: &Path) {
    let conn = rusqlite::Connection::open(path).unwrap();
    let sizes = conn.query_row(
        "SELECT (SELECT sum(pgsize) FROM dbstat WHERE name GLOB 'words*' OR name GLOB '*vocabulary*'),
            (SELECT count(*) FROM incident)",
        [],
        |row| Ok((row.get::<_, f64>(0)?, row.get::<_, f64>(1)?)),
    );
    let (bytes, incidents) = sizes.unwrap();
    println!("    full-text index: {:.1} MiB", bytes / 1024.0 / 1024.0);
    println!("    of it for each incident: {:.0} bytes", bytes / incidents);
}

fn percentile(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    let at = (times.len() * 95).div_ceil(100) - 1;
    times[at].as_secs_f64() * 1000.0
}

/// Measures reading records, and finding the incidents that resemble one.
async fn records(store: &FileStore) {
    let search = |filter: &str, sort| Search {
        filter: filter.parse().unwrap(),
        me: None,
        sort,
        limit: 100,
        after: None,
        now: Utc::now(),
    };
    let (mut reads, mut searches) = (Vec::new(), Vec::new());
    for sort in [Sort::Newest, Sort::Oldest] {
        let page = store.search(&search("is:any", sort)).await.unwrap();
        for row in page.rows {
            let begun = Instant::now();
            store.incident(row.id).await.unwrap();
            reads.push(begun.elapsed());
            let begun = Instant::now();
            store.similar(row.id, 10).await.unwrap();
            searches.push(begun.elapsed());
        }
    }
    for (name, times, most) in
        [("record, p95", &mut reads, 30.0), ("similar incidents, p95", &mut searches, 100.0)]
    {
        let p95 = percentile(times);
        let target = format!("<= {most:.0} ms");
        row_with_floor(name, &format!("{p95:.1} ms"), "", "", &target, p95 <= most);
    }
}

#[expect(clippy::too_many_lines, reason = "one measurement after the other")]
async fn large(store: &FileStore) {
    let now = Utc::now();
    for (name, most, filters) in [
        (
            "filtered first page, p95",
            30.0,
            &[
                "is:any",
                "status:closed",
                "status:merged",
                "is:any p1",
                "is:any p1 p2",
                "is:any service:svc-07",
                "is:any service:svc-07 p1 cat:security",
                "is:any owner:person-31",
                "is:any owner:none",
                "is:any team:team-3",
                "is:any team:team-3 p1 status:closed",
                "is:any cat:none",
                "is:any age>300d",
                "is:any age<2d p2",
                "is:any -status:closed -p4",
                "is:any cat:security team:team-5",
                "is:any owner:person-31 service:svc-07",
                "is:any sla:late",
                "is:ended p4 age>400d",
            ][..],
        ),
        (
            "open queue, first page, p95",
            30.0,
            &["", "p1", "owner:none", "service:svc-07", "slow"][..],
        ),
        (
            "full-text search, p95",
            30.0,
            &[
                "is:any timeout",
                "is:any latency high",
                "is:any restarted",
                "is:any check",
                "is:any node-17",
                "is:any certificate",
                "is:any nothing-has-this",
                "is:any t",
                "is:any queue growing",
                "is:any disk svc-12",
                "is:any watching nodes",
                "is:any timeout p1",
                "is:any 4711",
            ][..],
        ),
        (
            "search inside words, p95",
            100.0,
            &[
                "is:any imeou",
                "is:any tency igh",
                "is:any ertificat",
                "is:any ode-17",
                "is:any \"on node-17\"",
                "is:any pstream p1",
                "is:any atching odes",
                "is:any isk vc-12",
                "is:any ictional",
                "is:any erson-31",
                "is:any eam-3 estart",
                "is:any 71",
                "is:any 071 imeou",
                "is:any nc-471",
                "is:any e",
                "is:any e -imeou",
                "is:any ome-part-of-no-word",
            ][..],
        ),
    ] {
        let mut times = Vec::new();
        let mut worst = (Duration::ZERO, "");
        for _ in 0..8 {
            for filter in filters {
                let sort = if filter.contains("is:") { Sort::Newest } else { Sort::Urgent };
                let search = Search {
                    filter: filter.parse().unwrap(),
                    me: None,
                    sort,
                    limit: 100,
                    after: None,
                    now,
                };
                let begun = Instant::now();
                store.search(&search).await.unwrap();
                let elapsed = begun.elapsed();
                worst = worst.max((elapsed, filter));
                times.push(elapsed);
            }
        }
        let p95 = percentile(&mut times);
        let target = format!("<= {most:.0} ms");
        row_with_floor(name, &format!("{p95:.1} ms"), "", "", &target, p95 <= most);
        println!("    slowest: {:?} for `{}`", worst.0, worst.1);
    }
    records(store).await;
    let begun = Instant::now();
    let delta = store.changes(None, Duration::ZERO).await.unwrap();
    println!("    all {} open incidents: {:?}", delta.rows.len(), begun.elapsed());
    println!("    resident memory before the measures: {:.0} MiB", resident());
    let window = Window { from: now - TimeDelta::days(90), ..Window::last_day(now) };
    let begun = Instant::now();
    store.measures(&window, Cut::Total, now).await.unwrap();
    println!("    measures, the first time: {:?}", begun.elapsed());
    let mut times = Vec::new();
    for cut in [Cut::Total, Cut::Service, Cut::Priority, Cut::Team, Cut::Category] {
        let begun = Instant::now();
        store.measures(&window, cut, now).await.unwrap();
        times.push(begun.elapsed());
    }
    let p95 = percentile(&mut times);
    row_with_floor(
        "measures over 90 d",
        &format!("{p95:.0} ms"),
        "",
        "",
        "<= 250 ms",
        p95 <= 250.0,
    );
    pages(store, now).await;
    println!("    resident memory: {:.0} MiB", resident());
}

/// The pages of measures, over the windows that people choose.
async fn pages(store: &FileStore, now: DateTime<Utc>) {
    let by = vec![Dimension::Service, Dimension::Team];
    for (days, by, limit) in [(30, vec![Dimension::Service], 150.0), (90, by, 250.0)] {
        let query = PagesQuery {
            window: Window::last_days(days, now, &Utc),
            selection: Selection::default(),
            by,
            offsets: Offsets::default(),
        };
        let begun = Instant::now();
        store.pages(&query, now).await.unwrap();
        println!("    pages over {days} d, the first time: {:?}", begun.elapsed());
        let mut times = Vec::new();
        for _ in 0..20 {
            let begun = Instant::now();
            store.pages(&query, now).await.unwrap();
            times.push(begun.elapsed());
        }
        let p95 = percentile(&mut times);
        row_with_floor(
            &format!("pages of measures over {days} d"),
            &format!("{p95:.0} ms"),
            "",
            "",
            &format!("<= {limit:.0} ms"),
            p95 <= limit,
        );
    }
}
