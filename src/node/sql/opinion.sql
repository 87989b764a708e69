-- name: opinion_key_of
SELECT id, key FROM node_opinion_key WHERE account = ?1

-- name: opinion_key_insert
INSERT INTO node_opinion_key (account, name, key, used) VALUES (?1, ?2, ?3, 0)

-- name: opinion_key_used
UPDATE node_opinion_key SET used = 1 WHERE id = ?1

-- name: opinion_key_unlink
UPDATE node_opinion_key SET account = NULL WHERE id = ?1

-- name: opinion_key_is_used
SELECT used FROM node_opinion_key WHERE id = ?1

-- name: opinion_key_left_over
SELECT k.id, k.key FROM node_opinion_key k
WHERE k.account IS NULL AND NOT EXISTS (SELECT 1 FROM node_opinion_waiting w WHERE w.opinion = k.id) LIMIT 16

-- name: opinion_key_delete
DELETE FROM node_opinion_key WHERE id = ?1 AND account IS NULL

-- name: opinion_waiting_count
SELECT count(*) FROM node_opinion_waiting WHERE opinion = ?1 AND subject <> ?2

-- name: opinion_waiting_put
INSERT INTO node_opinion_waiting (opinion, subject, due_at, record) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (opinion, subject) DO UPDATE SET due_at = excluded.due_at, record = excluded.record

-- name: opinion_waiting_drop
DELETE FROM node_opinion_waiting WHERE opinion = ?1 AND subject = ?2

-- name: opinion_waiting_drop_all
DELETE FROM node_opinion_waiting WHERE opinion = ?1

-- name: opinion_waiting_left
DELETE FROM node_opinion_waiting WHERE opinion = ?1 AND subject = ?2 AND due_at = ?3

-- name: opinion_waiting_of
SELECT w.subject, w.record FROM node_opinion_waiting w JOIN node_opinion_key k ON k.id = w.opinion
WHERE k.account = ?1 AND w.subject = ?2

-- name: opinion_waiting_all
SELECT w.subject, w.record FROM node_opinion_waiting w JOIN node_opinion_key k ON k.id = w.opinion
WHERE k.account = ?1 ORDER BY w.subject

-- name: opinion_waiting_due
SELECT w.opinion, w.subject, w.due_at, w.record, k.key
FROM node_opinion_waiting w JOIN node_opinion_key k ON k.id = w.opinion
WHERE w.due_at <= ?1 ORDER BY w.due_at, w.opinion, w.subject LIMIT 64
