-- name: dimension_list
SELECT r.seq, r.dimension, d.coordinate FROM rating_dimension r
JOIN rating_state_dimension d ON d.dimension = r.dimension ORDER BY d.coordinate;
-- name: marks_shown
SELECT m.rater, d.coordinate, m.value, m.time, m.revision, m.flags, m.seq FROM rating_mark m
JOIN rating_state_dimension d ON d.dimension = m.dimension WHERE m.subject = ?1
ORDER BY m.time DESC, m.seq DESC LIMIT ?2;
-- name: marks_shown_by
SELECT m.rater, d.coordinate, m.value, m.time, m.revision, m.flags, m.seq FROM rating_mark m
JOIN rating_state_dimension d ON d.dimension = m.dimension WHERE m.subject = ?1 AND m.rater = ?2
ORDER BY m.dimension;
-- name: marks_spread
SELECT d.coordinate, min(m.value * 5 / 10000, 4), (m.flags & 1), count(*) FROM rating_mark m
JOIN rating_state_dimension d ON d.dimension = m.dimension WHERE m.subject = ?1
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;

-- What the columns are made of.
-- name: journal_state
SELECT epoch, trimmed, facts, (SELECT coalesce(max(n), 0) FROM rating_state_journal) FROM rating_state_epoch;
-- name: journal_after
SELECT n, subject, rater, dimension, value, time, flags FROM rating_state_journal WHERE n > ?1 ORDER BY n LIMIT ?2;
-- name: all_facts
SELECT subject, date, author, lineage, language FROM rating_subject ORDER BY subject;
-- name: all_topics
SELECT subject, topic FROM rating_topic ORDER BY subject, topic;
-- name: all_marks
SELECT subject, rater, dimension, value, time, flags FROM rating_mark;

-- What the engine takes from the tables, in the form the columns have.
-- name: source_by_rater
SELECT m.subject, m.rater, m.dimension, m.value, m.time, m.flags FROM rating_mark m
JOIN rating_subject s ON s.subject = m.subject WHERE m.rater = ?1 AND s.date >= ?2;
-- name: source_by_subject
SELECT subject, rater, dimension, value, time, flags FROM rating_mark WHERE subject = ?1;
-- name: source_articles
SELECT subject FROM rating_subject WHERE date >= ?1 AND date <= ?2 ORDER BY date DESC, subject DESC;
-- name: source_article_count
SELECT count(*) FROM rating_subject;
-- name: source_facts
SELECT date, author, lineage, language FROM rating_subject WHERE subject = ?1;
-- name: source_coordinate
SELECT coordinate FROM rating_state_subject WHERE subject = ?1;
-- name: source_topics
SELECT topic FROM rating_topic WHERE subject = ?1 ORDER BY topic;
