-- name: draft_load
SELECT id, d, title, summary, body, topics, language, license, updated_at, sent_at
FROM web_draft WHERE id = ?1 AND pubkey = ?2;

-- name: draft_list
SELECT id, d, title, updated_at, sent_at, words
FROM web_draft WHERE pubkey = ?1 ORDER BY updated_at DESC, id LIMIT 200;

-- name: draft_count
SELECT count(*) FROM web_draft WHERE pubkey = ?1 AND id <> ?2;

-- name: draft_save
INSERT INTO web_draft (id, pubkey, d, title, summary, body, topics, language, license, words, updated_at, sent_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
ON CONFLICT (id) DO UPDATE SET d = excluded.d, title = excluded.title, summary = excluded.summary,
  body = excluded.body, topics = excluded.topics, language = excluded.language, license = excluded.license,
  words = excluded.words, updated_at = excluded.updated_at, sent_at = excluded.sent_at
WHERE web_draft.pubkey = excluded.pubkey;

-- name: draft_remove
DELETE FROM web_draft WHERE id = ?1 AND pubkey = ?2;

-- name: draft_remove_all
DELETE FROM web_draft WHERE pubkey = ?1;
