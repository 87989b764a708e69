-- judge.sql: what a judgement asks of the tables beside its source.

-- name: subject_place
SELECT n.coordinate, s.seq FROM rating_state_subject n JOIN rating_subject s ON s.subject = n.subject
WHERE n.subject = ?

-- name: dimension_name
SELECT coordinate FROM rating_state_dimension WHERE dimension = ?

-- name: mark_seq
SELECT seq FROM rating_mark WHERE subject = ? AND rater = ? AND dimension = ?

-- name: filters_of
SELECT seq FROM rating_filter WHERE author = ? ORDER BY d LIMIT ?

-- name: filters_all
SELECT seq FROM rating_filter ORDER BY seq DESC LIMIT ?
