-- What a command's id is bound to: a digest of its content, and who asked for it. See
-- command_identity.rs. NULL for what was written before, and for what was imported.

-- On the first event of a command. Its actor is who asked.
ALTER TABLE event ADD COLUMN digest BLOB;

-- Of changes and problems, which have no events.
ALTER TABLE command ADD COLUMN digest BLOB;
ALTER TABLE command ADD COLUMN asker TEXT;

PRAGMA user_version = 3;
