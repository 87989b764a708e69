-- The scans of a NIP-01 query: each walks one index, newest first. ?a and ?b are since and until.
-- name: q_scan_time
SELECT seq, idkey, created_at, state, expires_at, kind, actor FROM store_record
WHERE created_at >= ?1 AND created_at <= ?2 ORDER BY created_at DESC, idkey
-- name: q_scan_kind
SELECT seq, idkey, created_at, state, expires_at, kind, actor FROM store_record
WHERE created_at >= ?1 AND created_at <= ?2 AND kind = ?3 ORDER BY created_at DESC, idkey
-- name: q_scan_actor
SELECT seq, idkey, created_at, state, expires_at, kind, actor FROM store_record
WHERE created_at >= ?1 AND created_at <= ?2 AND actor = ?3 ORDER BY created_at DESC, idkey
-- name: q_scan_actor_kind
SELECT seq, idkey, created_at, state, expires_at, kind, actor FROM store_record
WHERE created_at >= ?1 AND created_at <= ?2 AND actor = ?3 AND kind = ?4 ORDER BY created_at DESC, idkey
-- name: q_scan_tag
SELECT seq, idkey, created_at, 0, NULL, kind, actor FROM store_tag
WHERE created_at >= ?1 AND created_at <= ?2 AND hash = ?3 ORDER BY created_at DESC, idkey
-- name: q_scan_seq
SELECT r.seq, r.idkey, r.created_at, r.state, r.expires_at, l.received_at, l.raw
FROM store_record r JOIN store_log l ON l.seq = r.seq WHERE r.seq > ? ORDER BY r.seq
-- name: q_scan_state
SELECT state, expires_at FROM store_record WHERE seq = ?
