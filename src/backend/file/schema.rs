//! Every table of the store, and how its rows are treated when the store is exported, checked,
//! rebuilt, salvaged or copied.
//!
//! A test compares this list with the existing tables, and checks these statements on each: a new
//! table must be entered in this list before export, import, doctor and salvage handle it.

/// A table of the store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Table {
    /// The name in the schema.
    pub name: &'static str,
    /// The origin of its rows.
    pub content: Content,
    /// The bound of its size.
    pub bound: &'static str,
}

/// The origin of a table's rows, and so the operations that must preserve them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Content {
    /// They are records. Export and salvage have them, import stores them, and the doctor finds
    /// those that can't be read. Of the heartbeats that are those that programs have defined.
    Recorded,
    /// They follow from records. The doctor finds those that differ, and a rebuild makes them again.
    Derived,
    /// They follow from records and only save time. A rebuild makes them again, and nothing is wrong
    /// without them.
    Cached,
    /// They belong to this one file. A copy of the file has them. An export has only those that
    /// bind command ids and judge clocks.
    OfThisFile,
    /// They belong to the library that applies migrations.
    OfTheLibrary,
}

const fn table(name: &'static str, content: Content, bound: &'static str) -> Table {
    Table { name, content, bound }
}

/// All tables, without those that `SQLite` makes for its virtual tables.
pub const TABLES: &[Table] = &[
    table("_sqlx_migrations", Content::OfTheLibrary, "one row for each version"),
    table("action_item", Content::Derived, "the action items of the incidents"),
    table("administration", Content::Recorded, "the last 100,000 changes of administration"),
    table("affected", Content::Derived, "the services of the incidents"),
    table("alert", Content::Recorded, "10,000 for each incident, and the last 1,000,000"),
    table("answer_link", Content::OfThisFile, "the messages of two days"),
    table("attempt", Content::Recorded, "the notifications"),
    table("change", Content::Recorded, "the changes that were recorded"),
    table("change_span", Content::Derived, "the changes that were recorded"),
    table("command", Content::OfThisFile, "the commands whose id no event tells"),
    table("contact", Content::Recorded, "one row for each person, with 20 contacts"),
    table("dead_letter", Content::OfThisFile, "the last 1,000, and 64 MiB"),
    table("directory", Content::Recorded, "one row"),
    table("event", Content::Recorded, "what happened to the incidents"),
    table("evidence", Content::Recorded, "1 GiB, with 1 MiB for each"),
    table("fact_day", Content::Cached, "two rows for each day"),
    table("follow_up", Content::Derived, "the action items with an issue in a tracker"),
    table("foreign_record", Content::Recorded, "the records of later versions that were imported"),
    table(
        "heartbeat",
        Content::Recorded,
        "one row for each heartbeat of the settings or of a program",
    ),
    table("history_day", Content::Cached, "two rows for each day"),
    table("incident", Content::Derived, "the incidents"),
    table("involved", Content::Derived, "20 teams for each incident"),
    table("maintenance", Content::Recorded, "the last 10,000"),
    table("meta", Content::OfThisFile, "one row for each property"),
    table("migration", Content::OfThisFile, "what is still to be done to an old store"),
    table("muted", Content::Cached, "the incidents that were muted"),
    table("name", Content::Recorded, "the services, teams, people and programs"),
    table("notification", Content::Recorded, "the last 100,000, and those that wait"),
    table("notification_plan", Content::OfThisFile, "one row, and one for each import since"),
    table("problem", Content::Recorded, "the problems that were recorded"),
    table("problem_link", Content::Derived, "the links of the incidents"),
    table(
        "publication",
        Content::OfThisFile,
        "a row for each report and publisher, and for the incidents of a page",
    ),
    table("reminder", Content::OfThisFile, "the reminders of the last 30 days"),
    table("review", Content::Derived, "the incidents"),
    table("self_test", Content::OfThisFile, "one row for each test of the settings"),
    table("service_level", Content::OfThisFile, "one row"),
    table("snapshot", Content::Derived, "the incidents with 128 events or more"),
    table("vocabulary", Content::Cached, "the words in all texts"),
    table("waiting_alert", Content::OfThisFile, "100 for each group, and the last 100,000"),
    table("words", Content::Derived, "the incidents"),
    table("words_todo", Content::Cached, "the incidents since the last search"),
];
