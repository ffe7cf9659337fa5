-- What the senders of alerts need, and those who answer messages. See alerts/, dead_letters/, links/ and
-- heartbeats/. All times are milliseconds since 1970.

-- When an alert ends that is not reported again; NULL if its end is always reported.
ALTER TABLE alert ADD COLUMN expires INTEGER;
CREATE INDEX alert_by_expiry ON alert (expires) WHERE expires IS NOT NULL AND state = 0;

-- Messages that could not be understood, so that they can be read again once a mapping is mended.
CREATE TABLE dead_letter (
    position INTEGER PRIMARY KEY AUTOINCREMENT,  -- in the order in which they arrived; its number for people
    at       INTEGER NOT NULL,
    source   TEXT    NOT NULL,      -- the receiver, such as `alertmanager`
    bytes    INTEGER NOT NULL,      -- of the message
    message  BLOB    NOT NULL,      -- as it arrived
    body     TEXT    NOT NULL       -- JSON: the reason, the sender, the type of the content
);

-- Links in messages by which a person acts once, without a login. Only the digest of a link is stored.
CREATE TABLE answer_link (
    digest       BLOB    NOT NULL PRIMARY KEY,  -- SHA-256
    notification BLOB    NOT NULL,  -- the message that has it
    incident     INTEGER NOT NULL,  -- incident.key
    expires      INTEGER NOT NULL,
    used         INTEGER,           -- when it was used
    body         TEXT    NOT NULL   -- JSON: the person and the action
) WITHOUT ROWID;
CREATE INDEX answer_link_by_expiry ON answer_link (expires);

-- When each program with a heartbeat was last heard of.
CREATE TABLE heartbeat (
    name TEXT    NOT NULL PRIMARY KEY,
    last INTEGER NOT NULL,
    body TEXT    NOT NULL           -- JSON
) WITHOUT ROWID;

-- What people were reminded of, so that several programs do it once.
CREATE TABLE reminder (
    kind TEXT    NOT NULL,
    key  TEXT    NOT NULL,          -- what it was about, and since when
    at   INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE INDEX reminder_by_time ON reminder (at);

-- Who reads or writes a store need not know these tables, so neither number is raised. A store whose
-- incidents are not all brought up to date stays one for this version.
UPDATE meta SET value = 1011 WHERE name = 'needed_to_read' AND value BETWEEN 1005 AND 1010;
PRAGMA user_version = 1011;
