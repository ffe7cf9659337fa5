-- Maintenance windows, cover for shifts, contacts that people set themselves, and what waits for a rule.
-- See maintenance/, covers/, contacts/, calendars/, waiting_alerts/ and self_tests/. All times are
-- milliseconds since 1970.

-- Times in which alerts reach nobody.
CREATE TABLE maintenance (
    id     BLOB    NOT NULL PRIMARY KEY,   -- UUID
    starts INTEGER NOT NULL,               -- of the first occurrence
    ends   INTEGER,                        -- of the last occurrence; NULL if it repeats for ever
    body   TEXT    NOT NULL                -- JSON
) WITHOUT ROWID;
CREATE INDEX maintenance_by_end ON maintenance (ends);

-- The incidents whose calls a maintenance window has muted.
CREATE TABLE muted (
    incident INTEGER NOT NULL,             -- incident.key
    window   BLOB    NOT NULL,             -- maintenance.id
    at       INTEGER NOT NULL,
    released INTEGER,                      -- NULL while it is muted
    body     TEXT    NOT NULL,             -- JSON
    PRIMARY KEY (incident, window, at)
) WITHOUT ROWID;
CREATE INDEX muted_by_window ON muted (window, at);

-- Shifts for which somebody wants cover.
CREATE TABLE cover (
    id     BLOB    NOT NULL PRIMARY KEY,   -- UUID
    starts INTEGER NOT NULL,
    ends   INTEGER NOT NULL,
    body   TEXT    NOT NULL                -- JSON: the schedule, who wants it, the state, who accepted
) WITHOUT ROWID;
CREATE INDEX cover_by_end ON cover (ends);

-- How people are reached, beside what the settings say.
CREATE TABLE contact (
    person TEXT    NOT NULL,               -- the handle
    name   TEXT    NOT NULL,               -- such as `phone`
    at     INTEGER NOT NULL,
    body   TEXT    NOT NULL,               -- JSON: the channel, the address, the rules
    PRIMARY KEY (person, name)
) WITHOUT ROWID;

-- Addresses under which calendar programs read shifts. Only the digest of an address is stored.
CREATE TABLE calendar_link (
    digest  BLOB    NOT NULL PRIMARY KEY,  -- SHA-256
    created INTEGER NOT NULL,
    revoked INTEGER,
    body    TEXT    NOT NULL               -- JSON: whose shifts
) WITHOUT ROWID;

-- Calendars that schedules are read from, as they were read last.
CREATE TABLE calendar_feed (
    name TEXT    NOT NULL PRIMARY KEY,     -- the schedule
    at   INTEGER NOT NULL,
    text TEXT    NOT NULL,                 -- iCalendar
    body TEXT    NOT NULL                  -- JSON
) WITHOUT ROWID;

-- Alerts of which a rule wants several before an incident is declared.
CREATE TABLE waiting_alert (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    key      TEXT    NOT NULL,             -- of the group
    at       INTEGER NOT NULL,
    body     TEXT    NOT NULL              -- JSON
);
CREATE INDEX waiting_alert_by_key ON waiting_alert (key, at);
CREATE INDEX waiting_alert_by_time ON waiting_alert (at);

-- When each self-test and each watched server was tried last.
CREATE TABLE self_test (
    name TEXT    NOT NULL PRIMARY KEY,
    at   INTEGER NOT NULL,
    body TEXT    NOT NULL                  -- JSON: the outcome
) WITHOUT ROWID;

-- What the events of each day's incidents add to the pages of the measures, packed as in fact_day; made
-- when asked for, deleted by what changes it. See measures/histories.rs.
CREATE TABLE history_day (
    day       INTEGER NOT NULL,            -- days since 1970, UTC
    kind      INTEGER NOT NULL,            -- 0 reported that day, 1 resolved then but reported before
    format    INTEGER NOT NULL,
    histories BLOB    NOT NULL,
    PRIMARY KEY (day, kind)
) WITHOUT ROWID;
CREATE TRIGGER history_day_of_new AFTER INSERT ON incident BEGIN
    DELETE FROM history_day WHERE day = (NEW.key >> 31) / 86400 AND kind = 0;
    DELETE FROM history_day WHERE day = NEW.late_day AND kind = 1;
END;
CREATE TRIGGER history_day_of_changed AFTER UPDATE OF row ON incident BEGIN
    DELETE FROM history_day WHERE day = (NEW.key >> 31) / 86400 AND kind = 0;
    DELETE FROM history_day WHERE day IN (OLD.late_day, NEW.late_day) AND kind = 1;
END;

-- Who reads or writes a store need not know these tables, so neither number is raised. A store whose
-- incidents are not all brought up to date stays one for this version.
UPDATE meta SET value = 1012 WHERE name = 'needed_to_read' AND value BETWEEN 1005 AND 1011;
PRAGMA user_version = 1012;
