-- What the store itself is, whatever it holds: one row for each property.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value NOT NULL
) WITHOUT ROWID;

INSERT INTO meta (name, value) VALUES
    ('store',           lower(hex(randomblob(16)))), -- identity: made with the store, never changed
    ('generation',      lower(hex(randomblob(8)))),  -- another one each time the store is put back
    ('mark_key',        randomblob(32)),             -- signs the positions that clients remember
    ('number_floor',    0),                          -- no number up to this one is given any more
    ('log_floor',       0),                          -- nor a position in the log
    ('needed_to_read',  2),                          -- the version of the schema that a program
    ('needed_to_write', 2);                          -- must know to read and to write this store

-- After the store was put back, also: put_back_at, when that was noticed, and put_back_to, when the
-- last event was recorded that it has, both in milliseconds since 1970.

-- Records of kinds that only a later version defines, as they were imported.
CREATE TABLE foreign_record (
    id            INTEGER PRIMARY KEY,
    before_events INTEGER NOT NULL,
    body          TEXT    NOT NULL UNIQUE
);

PRAGMA user_version = 2;
