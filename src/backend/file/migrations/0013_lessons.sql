-- Evidence, issues in trackers, and what was published. All times are milliseconds since 1970.

-- The content of files and captured output that belong to incidents. The name is in their events.
CREATE TABLE evidence (
    id       BLOB    NOT NULL PRIMARY KEY, -- UUID
    incident BLOB    NOT NULL,             -- UUID of the incident
    hash     BLOB    NOT NULL,             -- SHA-256 of the content, 32 bytes
    at       INTEGER NOT NULL,             -- when it was added
    size     INTEGER NOT NULL,             -- of the content in bytes
    content  BLOB    NOT NULL
);

-- The teams that help with incidents, besides the team of each.
CREATE TABLE involved (
    team     INTEGER NOT NULL,             -- the id of a name
    incident INTEGER NOT NULL,             -- the key of the incident
    PRIMARY KEY (team, incident)
) WITHOUT ROWID;
CREATE INDEX involved_by_incident ON involved (incident);

-- Requests to make an issue in a tracker of an action item. Where the issue is, is in the events of
-- the incident.
CREATE TABLE follow_up (
    item  BLOB    NOT NULL PRIMARY KEY,    -- UUID of the action item
    state INTEGER NOT NULL,                -- 0 waits, 1 is being sent, 2 made, 3 refused
    next  INTEGER NOT NULL,                -- when it is to be tried or its state to be read
    body  TEXT    NOT NULL                 -- JSON
) WITHOUT ROWID;
CREATE INDEX follow_up_by_time ON follow_up (next) WHERE state IN (0, 1, 2);

-- What was sent or written last of each report, status page and publisher.
CREATE TABLE publication (
    name TEXT    NOT NULL PRIMARY KEY,
    at   INTEGER NOT NULL,
    body TEXT    NOT NULL                  -- JSON: the outcome
) WITHOUT ROWID;

-- Who reads or writes a store need not know these tables, so neither number is raised.
UPDATE meta SET value = 1013 WHERE name = 'needed_to_read' AND value BETWEEN 1005 AND 1012;
PRAGMA user_version = 1013;
