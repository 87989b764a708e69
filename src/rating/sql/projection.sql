-- Subjects and their numbers.
-- name: subject_number
SELECT subject FROM rating_state_subject WHERE coordinate = ?1;
-- name: subject_number_add
INSERT INTO rating_state_subject (coordinate) VALUES (?1);
-- name: subject_number_forget
DELETE FROM rating_state_subject WHERE subject = ?1
AND NOT EXISTS (SELECT 1 FROM rating_mark WHERE subject = ?1)
AND NOT EXISTS (SELECT 1 FROM rating_waiting WHERE subject = ?1)
AND NOT EXISTS (SELECT 1 FROM rating_revision WHERE subject = ?1)
AND NOT EXISTS (SELECT 1 FROM rating_subject WHERE subject = ?1)
AND NOT EXISTS (SELECT 1 FROM rating_subject WHERE lineage = ?1);
-- name: subject_get
SELECT seq, id, declared, date, lineage FROM rating_subject WHERE subject = ?1;
-- name: subject_put
INSERT INTO rating_subject (subject, seq, id, declared, date, author, lineage, language)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (subject) DO UPDATE SET seq = excluded.seq, id = excluded.id, declared = excluded.declared,
    date = excluded.date, author = excluded.author, lineage = excluded.lineage, language = excluded.language;
-- name: subject_redate
UPDATE rating_subject SET date = ?2 WHERE subject = ?1;
-- name: subject_remove
DELETE FROM rating_subject WHERE subject = ?1;
-- name: topic_number
SELECT topic FROM rating_state_topic WHERE name = ?1;
-- name: topic_number_add
INSERT INTO rating_state_topic (name) VALUES (?1);
-- name: topic_number_forget
DELETE FROM rating_state_topic WHERE name = ?1
AND NOT EXISTS (SELECT 1 FROM rating_topic t WHERE t.topic = rating_state_topic.topic);
-- name: topic_add
INSERT INTO rating_topic (subject, topic) VALUES (?1, ?2) ON CONFLICT DO NOTHING;
-- name: topic_remove
DELETE FROM rating_topic WHERE subject = ?1;

-- Revisions.
-- name: revision_add
INSERT INTO rating_revision (id, subject, seq, created_at, bytes) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING;
-- name: revision_remove
DELETE FROM rating_revision WHERE id = ?1;
-- name: revision_first
SELECT min(created_at) FROM rating_revision WHERE subject = ?1;
-- name: revision_get
SELECT seq, created_at FROM rating_revision WHERE id = ?1 AND subject = ?2;
-- name: revision_at
SELECT id FROM rating_revision WHERE subject = ?1 AND created_at <= ?2 ORDER BY created_at DESC, id LIMIT 1;
-- name: revision_newest
SELECT id, bytes FROM rating_revision WHERE subject = ?1 ORDER BY created_at DESC, id LIMIT ?2;
-- name: compared_get
SELECT behind FROM rating_state_compared WHERE id = ?1 AND current = ?2;
-- name: compared_put
INSERT INTO rating_state_compared (id, subject, current, behind) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (id) DO UPDATE SET subject = excluded.subject, current = excluded.current, behind = excluded.behind;
-- name: compared_remove
DELETE FROM rating_state_compared WHERE subject = ?1;

-- Standing ratings, and those that wait behind them.
-- name: mark_get
SELECT seq, value, time, revision, flags FROM rating_mark WHERE subject = ?1 AND rater = ?2 AND dimension = ?3;
-- name: mark_of_record
SELECT subject, rater, dimension, value, time, flags FROM rating_mark WHERE seq = ?1;
-- name: mark_put
INSERT INTO rating_mark (subject, rater, dimension, seq, value, time, revision, flags)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (subject, rater, dimension) DO UPDATE SET seq = excluded.seq, value = excluded.value,
    time = excluded.time, revision = excluded.revision, flags = excluded.flags;
-- name: mark_remove
DELETE FROM rating_mark WHERE seq = ?1;
-- name: mark_flags
UPDATE rating_mark SET flags = ?4 WHERE subject = ?1 AND rater = ?2 AND dimension = ?3;
-- name: mark_of_subject
SELECT rater, dimension, value, time, revision, flags FROM rating_mark WHERE subject = ?1 ORDER BY rater, dimension;
-- name: mark_any
SELECT 1 FROM rating_mark WHERE subject = ?1 LIMIT 1;
-- name: waiting_put
INSERT INTO rating_waiting (seq, subject, rater, dimension, value, time, revision, flags)
VALUES (?4, ?1, ?2, ?3, ?5, ?6, ?7, ?8);
-- name: waiting_of_mark
SELECT seq, value, time, revision, flags FROM rating_waiting WHERE subject = ?1 AND rater = ?2 AND dimension = ?3
ORDER BY flags, time DESC;
-- name: waiting_remove
DELETE FROM rating_waiting WHERE seq = ?1;

-- What the columns follow.
-- name: journal_put
INSERT OR REPLACE INTO rating_state_journal (subject, rater, dimension, value, time, flags)
VALUES (?1, ?2, ?3, ?4, ?5, ?6);
-- name: journal_trim
DELETE FROM rating_state_journal WHERE n <= ?1;
-- name: journal_facts
UPDATE rating_state_epoch SET facts = ?1;
-- name: journal_trimmed
UPDATE rating_state_epoch SET trimmed = max(trimmed, ?1);

-- Dimensions.
-- name: dimension_number
SELECT dimension FROM rating_state_dimension WHERE coordinate = ?1;
-- name: dimension_number_free
SELECT min(d.dimension + 1) FROM rating_state_dimension d
WHERE NOT EXISTS (SELECT 1 FROM rating_state_dimension e WHERE e.dimension = d.dimension + 1);
-- name: dimension_number_add
INSERT INTO rating_state_dimension (dimension, coordinate) VALUES (?1, ?2);
-- name: dimension_number_forget
DELETE FROM rating_state_dimension WHERE dimension = ?1 AND dimension > 4
AND NOT EXISTS (SELECT 1 FROM rating_mark WHERE dimension = ?1 AND dimension > 4)
AND NOT EXISTS (SELECT 1 FROM rating_waiting WHERE dimension = ?1 AND dimension > 4)
AND NOT EXISTS (SELECT 1 FROM rating_dimension WHERE dimension = ?1);
-- name: dimension_add
INSERT INTO rating_dimension (seq, dimension, author) VALUES (?1, ?2, ?3);
-- name: dimension_remove
DELETE FROM rating_dimension WHERE seq = ?1;

-- Published trust, and filters.
-- name: edge_add
INSERT INTO rating_edge (seq, truster, target, weight, petname) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (seq, target) DO UPDATE SET weight = excluded.weight, petname = excluded.petname
WHERE excluded.weight > rating_edge.weight;
-- name: edge_remove
DELETE FROM rating_edge WHERE seq = ?1;
-- name: filter_add
INSERT INTO rating_filter (seq, author, d, name, origin) VALUES (?1, ?2, ?3, ?4, ?5);
-- name: filter_remove
DELETE FROM rating_filter WHERE seq = ?1;
