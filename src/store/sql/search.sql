-- name: q_search_create
CREATE VIRTUAL TABLE store_search USING fts5(title, summary, body, facts, content='', tokenize='widenet', detail=full)
-- name: q_search_set
INSERT INTO store_search (store_search, rank) VALUES (?, ?)
-- name: q_search_setting
SELECT v FROM store_search_config WHERE k = ?
-- name: q_search_add
INSERT INTO store_search (rowid, title, summary, body, facts) VALUES (?, ?, ?, ?, ?)
-- name: q_search_remove
INSERT INTO store_search (store_search, rowid, title, summary, body, facts) VALUES ('delete', ?, ?, ?, ?, ?)
-- name: q_search_merge
INSERT INTO store_search (store_search, rank) VALUES ('merge', ?)
-- name: q_search_rank
SELECT rowid, store_search_rank(store_search, ?3) FROM store_search
WHERE store_search MATCH ?1 AND rowid >= ?4 AND rowid <= ?2 ORDER BY rowid DESC
-- name: q_search_newest
SELECT rowid FROM store_search WHERE store_search MATCH ?1 AND rowid >= ?3 AND rowid <= ?2 ORDER BY rowid DESC
-- name: q_text_add
INSERT OR IGNORE INTO store_text (docid, seq) VALUES (?, ?)
-- name: q_text_remove
DELETE FROM store_text WHERE docid = ?
-- name: q_text_seq
SELECT t.seq, r.expires_at FROM store_text t JOIN store_record r ON r.seq = t.seq WHERE t.docid = ?
-- name: q_text_span
SELECT (SELECT min(docid) FROM store_text), (SELECT max(docid) FROM store_text) -- each from the index's end
