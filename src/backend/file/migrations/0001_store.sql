-- The events are the truth. Every other table follows from them and can be made anew, except
-- for problems, changes, the directory and the commands that recorded them.

PRAGMA application_id = 1382314094; -- 'Rdpn'

-- Names that many rows share: services, teams, people (JSON), actors (JSON). Never deleted.
CREATE TABLE name (
    id   INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,              -- 1 service, 2 team, 3 person, 4 actor
    text TEXT    NOT NULL,
    UNIQUE (kind, text)
);

-- Timelines, in the order in which they were written down. Append only.
CREATE TABLE event (
    log      INTEGER PRIMARY KEY,       -- position in the store; what a cursor counts
    id       BLOB    NOT NULL UNIQUE,
    incident INTEGER NOT NULL,          -- incident.key
    seq      INTEGER NOT NULL,
    kind     INTEGER NOT NULL,          -- see event_row.rs; 0 where no query asks for it
    at       INTEGER NOT NULL,          -- milliseconds since 1970
    recorded INTEGER NOT NULL,
    actor    INTEGER NOT NULL REFERENCES name (id),
    nth      INTEGER,                   -- the id is the command's plus this plus one
    command  BLOB,                      -- or else the command's id
    subject  BLOB,                      -- the incident's id, on its first event
    body     TEXT    NOT NULL,          -- JSON
    UNIQUE (incident, seq)
);

-- Commands whose events don't tell their id: changes and problems, and imported events.
CREATE TABLE command (
    id BLOB PRIMARY KEY,
    incident INTEGER                    -- incident.key, where it was about one
) WITHOUT ROWID;

-- The record of a long timeline up to a position, so that not all of it is folded again.
CREATE TABLE snapshot (
    incident INTEGER PRIMARY KEY,
    seq      INTEGER NOT NULL,
    record   TEXT    NOT NULL           -- JSON
);

-- What the events of an incident add up to.
CREATE TABLE incident (
    key         INTEGER PRIMARY KEY,    -- second of the report * 2^31 + number: the order of a list
    id          BLOB    NOT NULL UNIQUE,
    number      INTEGER NOT NULL UNIQUE,
    facets      INTEGER NOT NULL,       -- status * 64 + priority * 16 + (category + 1) * 2 + paused
    service     INTEGER NOT NULL,       -- the primary one; 0 without
    team        INTEGER NOT NULL,
    assignee    INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL,
    counted     INTEGER NOT NULL,       -- 0 yes, 1 merged, 2 reclassified, 3 false alarm
    late_day    INTEGER,                -- UTC day of the resolution, if not that of the report
    dedup_key   TEXT,                   -- while open
    snoozed     INTEGER,                -- until then, in milliseconds, while open
    row         BLOB    NOT NULL        -- see row.rs
);
CREATE INDEX incident_by_facets      ON incident (facets);
CREATE INDEX incident_by_team        ON incident (team, key, facets);
CREATE INDEX incident_by_assignee    ON incident (assignee, key, facets);
CREATE INDEX incident_by_fingerprint ON incident (fingerprint);
CREATE INDEX incident_by_late_day    ON incident (late_day)  WHERE late_day  IS NOT NULL;
CREATE INDEX incident_by_snoozed     ON incident (snoozed)   WHERE snoozed   IS NOT NULL;
CREATE INDEX incident_by_dedup_key   ON incident (dedup_key) WHERE dedup_key IS NOT NULL;

-- Which services are affected; the facets are there so that a page is found without the rows.
CREATE TABLE affected (
    service  INTEGER NOT NULL,
    incident INTEGER NOT NULL,
    facets   INTEGER NOT NULL,
    PRIMARY KEY (service, incident)
) WITHOUT ROWID;

-- Words of number, title, symptoms, notes and services; the rowid is incident.key. The text is
-- split and folded before it comes here, see words.rs.
CREATE VIRTUAL TABLE words USING fts5 (
    text, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);
-- Every word there has been, so that a prefix can be asked for as the words that begin with it.
CREATE TABLE vocabulary (
    word TEXT PRIMARY KEY
) WITHOUT ROWID;
-- Incidents whose words are not yet taken in.
CREATE TABLE words_todo (
    incident INTEGER PRIMARY KEY
);

-- What each day adds to the measures, packed; made when asked for, deleted by what changes it.
CREATE TABLE fact_day (
    day   INTEGER NOT NULL,             -- days since 1970, UTC
    kind  INTEGER NOT NULL,             -- 0 reported that day, 1 resolved then but reported before
    facts BLOB    NOT NULL,
    PRIMARY KEY (day, kind)
) WITHOUT ROWID;

CREATE TRIGGER fact_day_of_new AFTER INSERT ON incident BEGIN
    DELETE FROM fact_day WHERE day = (NEW.key >> 31) / 86400 AND kind = 0;
    DELETE FROM fact_day WHERE day = NEW.late_day AND kind = 1;
END;
CREATE TRIGGER fact_day_of_changed AFTER UPDATE OF row ON incident BEGIN
    DELETE FROM fact_day WHERE day = (NEW.key >> 31) / 86400 AND kind = 0;
    DELETE FROM fact_day WHERE day IN (OLD.late_day, NEW.late_day) AND kind = 1;
END;

CREATE TABLE problem (
    id   BLOB PRIMARY KEY,
    body TEXT NOT NULL                  -- JSON
) WITHOUT ROWID;

CREATE TABLE change (
    key  INTEGER PRIMARY KEY,
    id   BLOB NOT NULL UNIQUE,
    body TEXT NOT NULL                  -- JSON
);
-- When changes ran, in seconds since 2038-01-19 03:14:08 so that 1970 to 2100 fits 32 bits.
CREATE VIRTUAL TABLE change_span USING rtree_i32 (key, starts, ends);

CREATE TABLE directory (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL,
    body    TEXT    NOT NULL            -- JSON
);

PRAGMA user_version = 1;
