-- name: session_get
SELECT pubkey, ticket, csrf, seen_at, created_at FROM web_session WHERE sid_hash = ?1 AND expires_at > ?2;

-- name: session_add
INSERT INTO web_session (sid_hash, pubkey, ticket, csrf, created_at, seen_at, expires_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6);

-- name: session_seen
UPDATE web_session SET seen_at = ?2, expires_at = ?3 WHERE sid_hash = ?1;

-- name: session_remove
DELETE FROM web_session WHERE sid_hash = ?1;

-- name: session_remove_others
DELETE FROM web_session WHERE pubkey = ?1 AND sid_hash <> ?2;

-- name: session_remove_all
DELETE FROM web_session WHERE pubkey = ?1;

-- name: session_sweep
DELETE FROM web_session WHERE expires_at <= ?1;

-- name: session_count
SELECT count(*) FROM web_session WHERE pubkey = ?1 AND expires_at > ?2;

-- name: secret_get
SELECT value FROM web_secret WHERE name = ?1;

-- name: secret_put
INSERT INTO web_secret (name, value) VALUES (?1, ?2);
