-- name: q_meta_get
SELECT value FROM store_meta WHERE name = ?
-- name: q_meta_set
INSERT INTO store_meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2
-- name: q_migration_last
SELECT max(number) FROM store_migration WHERE room = ?
-- name: q_migration_add
INSERT INTO store_migration (room, number) VALUES (?, ?)
-- name: q_actor_number
SELECT actor FROM store_actor WHERE pubkey = ?
-- name: q_actor_add
INSERT INTO store_actor (pubkey) VALUES (?)
-- name: q_actor_key
SELECT pubkey FROM store_actor WHERE actor = ?
-- name: q_tables_of
SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, length(?1)) = ?1 ORDER BY name
-- name: q_log_last
SELECT seq, received_at FROM store_log ORDER BY seq DESC LIMIT 1
-- name: q_log_ids_after
SELECT seq, id FROM store_log WHERE seq > ? ORDER BY seq
-- name: q_log_add
INSERT INTO store_log (seq, received_at, id, raw) VALUES (?, ?, ?, ?)
-- name: q_log_after
SELECT seq, received_at, raw FROM store_log WHERE seq > ? ORDER BY seq LIMIT ?
-- name: q_log_row
SELECT received_at, id, raw FROM store_log WHERE seq = ?
-- name: q_log_id
SELECT id FROM store_log WHERE seq = ?
-- name: q_log_blank
UPDATE store_log SET id = NULL, raw = NULL WHERE seq = ?
-- name: q_log_count
SELECT count(*) FROM store_log
-- name: q_record_add
INSERT INTO store_record (seq, idkey, actor, kind, created_at, state, expires_at, address) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
-- name: q_record_state
UPDATE store_record SET state = ? WHERE seq = ?
-- name: q_record_docid
UPDATE store_record SET docid = ? WHERE seq = ?
-- name: q_record_remove
DELETE FROM store_record WHERE seq = ?
-- name: q_record_by_idkey
SELECT seq, state, expires_at FROM store_record WHERE idkey = ?
-- name: q_record_row
SELECT idkey, actor, kind, created_at, state, expires_at, address, docid FROM store_record WHERE seq = ?
-- name: q_record_of_address
SELECT seq, idkey, created_at, state, expires_at FROM store_record
WHERE actor = ? AND kind = ? AND address = ? ORDER BY created_at DESC, idkey
-- name: q_record_of_address_until
SELECT seq FROM store_record WHERE actor = ? AND kind = ? AND address = ? AND created_at <= ? AND state < 2 ORDER BY seq
-- name: q_record_until
SELECT seq FROM store_record
WHERE actor = ? AND kind = ? AND address = ? AND created_at <= ? AND created_at > ? ORDER BY seq
-- name: q_record_gone_of_address
SELECT seq FROM store_record
WHERE actor = ? AND kind = ? AND address = ? AND created_at <= ? AND created_at > ? AND state = 2 ORDER BY seq
-- name: q_record_expired
SELECT seq FROM store_record WHERE expires_at IS NOT NULL AND expires_at <= ? AND state < 2 ORDER BY expires_at, seq LIMIT 1000
-- name: q_record_next_expiry
SELECT expires_at FROM store_record WHERE expires_at IS NOT NULL AND state < 2 ORDER BY expires_at LIMIT 1
-- name: q_record_of_actor
SELECT seq, created_at, kind FROM store_record
WHERE actor = ?1 AND created_at > ?2 AND created_at <= ?3 AND kind <> 62 ORDER BY created_at LIMIT ?4
-- name: q_erasure_begin
INSERT INTO store_erasure (pubkey, since, until, erased, reason) VALUES (?1, ?2, ?3, 0, ?4)
ON CONFLICT (pubkey) DO UPDATE SET until = max(until, ?3)
-- name: q_erasure_next
SELECT pubkey, since, until, erased, reason FROM store_erasure WHERE ?1 IS NULL OR pubkey = ?1 LIMIT 1
-- name: q_erasure_any
SELECT 1 FROM store_erasure LIMIT 1
-- name: q_erasure_step
UPDATE store_erasure SET since = ?2, erased = ?3 WHERE pubkey = ?1
-- name: q_erasure_end
DELETE FROM store_erasure WHERE pubkey = ?
-- name: q_erasure_list
SELECT a.actor, e.until FROM store_erasure e JOIN store_actor a ON a.pubkey = e.pubkey ORDER BY a.actor
-- name: q_record_count
SELECT count(*) FROM store_record
-- name: q_tag_add
INSERT OR IGNORE INTO store_tag (hash, created_at, idkey, seq, kind, actor) VALUES (?, ?, ?, ?, ?, ?)
-- name: q_tag_remove
DELETE FROM store_tag WHERE hash = ? AND created_at = ? AND idkey = ? AND seq = ?
-- name: q_blob_use_add
INSERT OR IGNORE INTO store_blob_use (hash, seq) VALUES (?, ?)
-- name: q_blob_use_remove
DELETE FROM store_blob_use WHERE hash = ? AND seq = ?
-- name: q_blob_use_any
SELECT 1 FROM store_blob_use WHERE hash = ? LIMIT 1
-- name: q_deleted_id_add
INSERT OR IGNORE INTO store_deleted_id (id, actor, seq) VALUES (?, ?, ?)
-- name: q_deleted_id_any
SELECT 1 FROM store_deleted_id LIMIT 1
-- name: q_deleted_id_by
SELECT 1 FROM store_deleted_id WHERE id = ? AND actor = ? LIMIT 1
-- name: q_deleted_id_forget
DELETE FROM store_deleted_id WHERE seq = ?
-- name: q_deleted_id_gone
SELECT 1 FROM store_deleted_id WHERE id = ? LIMIT 1
-- name: q_deleted_address_add
INSERT OR IGNORE INTO store_deleted_address (actor, kind, address, until, seq) VALUES (?, ?, ?, ?, ?)
-- name: q_deleted_address_any
SELECT 1 FROM store_deleted_address LIMIT 1
-- name: q_deleted_address_until
SELECT max(until) FROM store_deleted_address WHERE actor = ? AND kind = ? AND address = ?
-- name: q_deleted_address_forget
DELETE FROM store_deleted_address WHERE seq = ?
-- name: q_tombstone_id_add
INSERT OR IGNORE INTO store_tombstone_id (id, reason) VALUES (?, ?)
-- name: q_tombstone_id_any
SELECT 1 FROM store_tombstone_id LIMIT 1
-- name: q_tombstone_id
SELECT 1 FROM store_tombstone_id WHERE id = ?
-- name: q_tombstone_key_set
INSERT INTO store_tombstone_key (pubkey, until, reason) VALUES (?1, ?2, ?3)
ON CONFLICT (pubkey) DO UPDATE SET until = max(until, ?2)
-- name: q_tombstone_key_any
SELECT 1 FROM store_tombstone_key LIMIT 1
-- name: q_tombstone_key
SELECT until FROM store_tombstone_key WHERE pubkey = ?
-- name: q_tombstone_ids
SELECT id, reason FROM store_tombstone_id ORDER BY id
-- name: q_tombstone_keys
SELECT pubkey, until, reason FROM store_tombstone_key ORDER BY pubkey
-- name: q_blob_set
INSERT INTO store_blob (sha256, size, media_type) VALUES (?1, ?2, ?3)
ON CONFLICT (sha256) DO NOTHING
-- name: q_blob_get
SELECT size, media_type FROM store_blob WHERE sha256 = ?
-- name: q_blob_remove
DELETE FROM store_blob WHERE sha256 = ?
-- name: q_blobs
SELECT sha256, size, media_type FROM store_blob ORDER BY sha256
-- name: q_projections
SELECT substr(name, 12) FROM store_meta WHERE substr(name, 1, 11) = 'projection:'
