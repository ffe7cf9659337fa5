-- Commands on their way to a remote. Nothing but the person, or an answer, takes one out.

PRAGMA application_id = 1382313848; -- 'Rdox'

CREATE TABLE entry (
    place      INTEGER PRIMARY KEY AUTOINCREMENT,  -- the order in which they were asked
    id         BLOB    NOT NULL UNIQUE,            -- the command's
    chain      BLOB    NOT NULL,                   -- the first command of those that belong together
    envelope   TEXT    NOT NULL,                   -- JSON
    label      TEXT    NOT NULL,                   -- the incident's number, for people
    title      TEXT    NOT NULL,
    state      INTEGER NOT NULL DEFAULT 0,         -- 0 pending, 1 sent, 2 refused
    tries      INTEGER NOT NULL DEFAULT 0,
    said       TEXT,                               -- why it could not be sent the last time
    next_at    INTEGER,                            -- when it is tried again, milliseconds since 1970
    answer     TEXT,                               -- the outcome, or why it is refused; JSON
    behind     BLOB,                               -- refused because that one was
    settled_at INTEGER
);
CREATE INDEX entry_state ON entry (state, place);

-- Counts changes, so that whoever watches the file sees at once whether there is one.
CREATE TABLE revision (n INTEGER NOT NULL);
INSERT INTO revision VALUES (0);
CREATE TRIGGER entry_added AFTER INSERT ON entry BEGIN UPDATE revision SET n = n + 1; END;
CREATE TRIGGER entry_changed AFTER UPDATE ON entry BEGIN UPDATE revision SET n = n + 1; END;
CREATE TRIGGER entry_gone AFTER DELETE ON entry BEGIN UPDATE revision SET n = n + 1; END;
