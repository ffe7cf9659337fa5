-- Which remote the outbox is of, and what each command was meant for.

-- The public id of the token, the identity and the generation of the store as the remote gave them
-- last, when that generation was put back and to when, and the generation that a person has seen.
CREATE TABLE about (
    name  TEXT PRIMARY KEY,
    value
) WITHOUT ROWID;

-- The addresses by which the remote is reached.
CREATE TABLE address (
    url TEXT PRIMARY KEY
) WITHOUT ROWID;

ALTER TABLE entry ADD COLUMN token TEXT;       -- the public id of the token with which it was asked
ALTER TABLE entry ADD COLUMN store TEXT;       -- the identity of the store that it is meant for
ALTER TABLE entry ADD COLUMN generation TEXT;  -- that of the store when it was asked or answered
ALTER TABLE entry ADD COLUMN approved INTEGER NOT NULL DEFAULT 0; -- a person said that any token may send it
ALTER TABLE entry ADD COLUMN earlier_number INTEGER; -- the incident's, before it was sent again

CREATE TRIGGER about_added AFTER INSERT ON about BEGIN UPDATE revision SET n = n + 1; END;
CREATE TRIGGER about_changed AFTER UPDATE ON about BEGIN UPDATE revision SET n = n + 1; END;
