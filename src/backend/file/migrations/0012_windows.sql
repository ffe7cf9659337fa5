-- Maintenance windows, contacts that people set themselves, and what waits for a rule.
-- See maintenance/, contacts/, waiting_alerts/ and self_tests/. All times are
-- milliseconds since 1970.

-- Times in which alerts reach nobody.
CREATE TABLE maintenance (
    id     BLOB    NOT NULL PRIMARY KEY,   -- UUID
    starts INTEGER NOT NULL,               -- of the first occurrence
    ends   INTEGER,                        -- of the last occurrence; NULL if it repeats for ever
    body   TEXT    NOT NULL                -- JSON
) WITHOUT ROWID;
CREATE INDEX maintenance_by_end ON maintenance (ends);

-- Those that were imported by a version that did not know them. The end of one that comes again is not
-- known here; it is found out when it is read.
INSERT OR IGNORE INTO maintenance (id, starts, ends, body)
    SELECT unhex(replace(body ->> '$.maintenance_window.id', '-', '')),
           round((julianday(body ->> '$.maintenance_window.from') - 2440587.5) * 86400000.0),
           CASE WHEN body -> '$.maintenance_window.recurrence' IS NULL THEN
               round((julianday(body ->> '$.maintenance_window.until') - 2440587.5) * 86400000.0) END,
           body -> '$.maintenance_window'
    FROM foreign_record WHERE json_type(body, '$.maintenance_window') = 'object' ORDER BY id;
DELETE FROM foreign_record WHERE json_type(body, '$.maintenance_window') = 'object';

-- The incidents that a maintenance window mutes, or has muted last, as their rows have it.
CREATE TABLE muted (
    incident    INTEGER NOT NULL PRIMARY KEY, -- incident.key
    maintenance BLOB    NOT NULL,             -- maintenance.id
    at          INTEGER NOT NULL,             -- since when
    ended       INTEGER                       -- NULL while it is muted
) WITHOUT ROWID;
CREATE INDEX muted_by_window ON muted (maintenance, at);
CREATE INDEX muted_now       ON muted (incident) WHERE ended IS NULL;

-- How people are reached, beside what the settings say.
CREATE TABLE contact (
    person TEXT    NOT NULL PRIMARY KEY,   -- the handle in small letters
    body   TEXT    NOT NULL                -- JSON: the contacts with addresses and rules, the quiet hours
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
