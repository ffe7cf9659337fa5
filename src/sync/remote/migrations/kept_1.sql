-- What was read of a remote. All of it can be read again: a damaged file is set aside.

PRAGMA application_id = 1382311792; -- 'Rdkp'

-- Name, directory, problems, measures, cursor: whatever there is one of. JSON.
CREATE TABLE fact (
    name  TEXT PRIMARY KEY,
    at    INTEGER NOT NULL,             -- when it was read, milliseconds since 1970
    value TEXT NOT NULL
) WITHOUT ROWID;

-- The rows that are known: all open incidents, and ended ones as far as they were read.
CREATE TABLE row (
    id     BLOB PRIMARY KEY,
    number INTEGER,
    open   INTEGER NOT NULL,
    seq    INTEGER NOT NULL,
    used   INTEGER NOT NULL,            -- when it was written last
    value  TEXT NOT NULL                -- JSON
) WITHOUT ROWID;
CREATE INDEX row_number ON row (number);
CREATE INDEX row_used ON row (open, used);

-- Incidents that were read as a whole.
CREATE TABLE detail (
    id    BLOB PRIMARY KEY,
    seq   INTEGER NOT NULL,
    at    INTEGER NOT NULL,
    used  INTEGER NOT NULL,             -- when it was read or looked at last
    value TEXT NOT NULL                 -- JSON
) WITHOUT ROWID;
CREATE INDEX detail_used ON detail (used);

-- Their timelines, without gaps up to their last event.
CREATE TABLE event (
    incident BLOB    NOT NULL,
    seq      INTEGER NOT NULL,
    value    TEXT    NOT NULL,          -- JSON
    PRIMARY KEY (incident, seq)
) WITHOUT ROWID;
