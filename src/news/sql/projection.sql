-- projection.sql: statements with which the projection is kept.

-- name: revision_add
INSERT INTO news_revision (seq, code, received_at) VALUES (?1, ?2, ?3);
-- name: revision_remove
DELETE FROM news_revision WHERE seq = ?1;
-- name: revision_sums
SELECT count(*), coalesce(min(received_at), 0) FROM news_revision WHERE code = ?1;

-- name: item_place
SELECT seq, actor, d, lang, date, published_at FROM news_item WHERE code = ?1;
-- name: item_add
INSERT INTO news_item (seq, code, actor, d, id, date, published_at, revised_at, revisions, words, whole, lang, language,
    title, summary, license, image, image_alt, source, topics, credits)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21);
-- name: item_remove
DELETE FROM news_item WHERE seq = ?1;
-- name: item_redate
UPDATE news_item SET revisions = ?2, date = ?3 WHERE seq = ?1;
-- name: topic_add
INSERT INTO news_topic (topic, lang, date, seq) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING;
-- name: topic_list
SELECT topic FROM news_topic WHERE seq = ?1;
-- name: topic_remove
DELETE FROM news_topic WHERE seq = ?1;
-- name: topic_redate
UPDATE news_topic SET date = ?2 WHERE seq = ?1;
-- name: topic_count_add
INSERT INTO news_topic_count (lang, topic, n) VALUES (?1, ?2, ?3)
ON CONFLICT (lang, topic) DO UPDATE SET n = news_topic_count.n + excluded.n;
-- name: topic_count_clean
DELETE FROM news_topic_count WHERE lang = ?1 AND topic = ?2 AND n = 0;
-- name: language_count_add
INSERT INTO news_language_count (lang, n) VALUES (?1, ?2)
ON CONFLICT (lang) DO UPDATE SET n = news_language_count.n + excluded.n;
-- name: language_count_clean
DELETE FROM news_language_count WHERE lang = ?1 AND n = 0;
-- name: author_count_add
INSERT INTO news_author_count (actor, n) VALUES (?1, ?2)
ON CONFLICT (actor) DO UPDATE SET n = news_author_count.n + excluded.n;
-- name: author_count_clean
DELETE FROM news_author_count WHERE actor = ?1 AND n = 0;

-- name: gone_add
INSERT INTO news_gone (seq, code, gone_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING;
-- name: gone_remove
DELETE FROM news_gone WHERE seq = ?1;

-- name: profile_put
INSERT INTO news_profile (actor, seq, name, display_name, about, website, picture, name_folded, display_name_folded)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT (actor) DO UPDATE SET seq = excluded.seq, name = excluded.name, display_name = excluded.display_name,
    about = excluded.about, website = excluded.website, picture = excluded.picture, name_folded = excluded.name_folded,
    display_name_folded = excluded.display_name_folded;
-- name: profile_remove
DELETE FROM news_profile WHERE seq = ?1;
-- name: sort_put
INSERT INTO news_actor_sort (actor, seq, sort) VALUES (?1, ?2, ?3)
ON CONFLICT (actor) DO UPDATE SET seq = excluded.seq, sort = excluded.sort;
-- name: sort_remove
DELETE FROM news_actor_sort WHERE seq = ?1;
