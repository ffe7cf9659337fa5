-- What a clock can't tell, and whose a command is.

ALTER TABLE entry ADD COLUMN settled INTEGER;    -- the revision at which it was answered
ALTER TABLE entry ADD COLUMN not_before INTEGER; -- the remote asked to be left alone until then, in milliseconds since 1970
ALTER TABLE entry ADD COLUMN person TEXT;        -- the handle of whom the remote took the asker for

DROP INDEX entry_state;
CREATE INDEX entry_state ON entry (state, settled, place);

-- Incidents that were declared here and are counted in others.
CREATE TABLE alias (
    id     BLOB PRIMARY KEY,
    is_now BLOB NOT NULL
) WITHOUT ROWID;
