-- Words are found anywhere inside, in more texts than before: the index and the vocabulary are made
-- anew by the next search, which goes on where an interrupted one ended. See full_text.rs.
INSERT INTO words (words) VALUES ('delete-all');
DELETE FROM vocabulary;
DELETE FROM words_todo;
INSERT INTO words_todo (incident) SELECT key FROM incident;

-- Incidents without a service, which are not in the table affected.
CREATE INDEX incident_without_service ON incident (service, key, facets) WHERE service = 0;

PRAGMA user_version = 4;
