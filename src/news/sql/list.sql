-- list.sql: statements that lists and pages are made of. Every list is in the order date, seq, both falling.
-- What is being erased (store_leaving) stands in the tables for a while, and is not shown.

-- name: list_all
SELECT i.*, coalesce(p.display_name, ''), coalesce(p.name, '') FROM news_item i
LEFT JOIN news_profile p ON p.actor = i.actor
WHERE (i.date, i.seq) < (?1, ?2) AND NOT store_leaving(i.actor, i.revised_at)
ORDER BY i.date DESC, i.seq DESC LIMIT ?3;
-- name: list_language
SELECT i.*, coalesce(p.display_name, ''), coalesce(p.name, '') FROM news_item i
LEFT JOIN news_profile p ON p.actor = i.actor
WHERE i.lang = ?4 AND (i.date, i.seq) < (?1, ?2) AND (?5 = '' OR i.language = ?5)
    AND NOT store_leaving(i.actor, i.revised_at)
ORDER BY i.date DESC, i.seq DESC LIMIT ?3;
-- name: list_author
SELECT i.*, coalesce(p.display_name, ''), coalesce(p.name, '') FROM news_item i
LEFT JOIN news_profile p ON p.actor = i.actor
WHERE i.actor = ?6 AND (i.date, i.seq) < (?1, ?2) AND (?4 = '' OR i.lang = ?4) AND (?5 = '' OR i.language = ?5)
    AND NOT store_leaving(i.actor, i.revised_at)
ORDER BY i.date DESC, i.seq DESC LIMIT ?3;
-- name: list_topic
SELECT i.*, coalesce(p.display_name, ''), coalesce(p.name, '') FROM news_topic t
CROSS JOIN news_item i ON i.seq = t.seq LEFT JOIN news_profile p ON p.actor = i.actor
WHERE t.topic = ?7 AND (t.date, t.seq) < (?1, ?2) AND NOT store_leaving(i.actor, i.revised_at)
ORDER BY t.date DESC, t.seq DESC LIMIT ?3;
-- name: list_topic_language
SELECT i.*, coalesce(p.display_name, ''), coalesce(p.name, '') FROM news_topic t
CROSS JOIN news_item i ON i.seq = t.seq LEFT JOIN news_profile p ON p.actor = i.actor
WHERE t.topic = ?7 AND t.lang = ?4 AND (t.date, t.seq) < (?1, ?2) AND (?5 = '' OR i.language = ?5)
    AND NOT store_leaving(i.actor, i.revised_at)
ORDER BY t.date DESC, t.seq DESC LIMIT ?3;
-- name: list_topic_some
SELECT i.*, coalesce(p.display_name, ''), coalesce(p.name, '') FROM news_topic t
CROSS JOIN news_item i ON i.seq = t.seq LEFT JOIN news_profile p ON p.actor = i.actor
WHERE t.topic = ?7 AND (t.date, t.seq) < (?1, ?2)
    AND (?4 = '' OR t.lang = ?4) AND (?5 = '' OR i.language = ?5) AND (?6 = 0 OR i.actor = ?6)
    AND NOT store_leaving(i.actor, i.revised_at)
ORDER BY t.date DESC, t.seq DESC LIMIT ?3;
-- name: item_by_code_row
SELECT i.*, coalesce(p.display_name, ''), coalesce(p.name, '') FROM news_item i
LEFT JOIN news_profile p ON p.actor = i.actor WHERE i.code = ?1 AND NOT store_leaving(i.actor, i.revised_at);
-- name: item_by_seq_row
SELECT i.*, coalesce(p.display_name, ''), coalesce(p.name, '') FROM news_item i
LEFT JOIN news_profile p ON p.actor = i.actor WHERE i.seq = ?1 AND NOT store_leaving(i.actor, i.revised_at);
-- name: gone_by_code
SELECT max(gone_at) FROM news_gone WHERE code = ?1;
-- name: languages_all
SELECT lang, n FROM news_language_count WHERE lang <> '' ORDER BY n DESC, lang;
-- name: topics_most
SELECT topic, n FROM news_topic_count WHERE lang = ?1 ORDER BY n DESC, topic LIMIT ?2;
-- name: profile_of
SELECT coalesce(p.name, ''), coalesce(p.display_name, ''), coalesce(p.about, ''), coalesce(p.website, ''),
    coalesce(p.picture, ''), coalesce(s.sort, ''), coalesce(c.n, 0)
FROM (SELECT ?1 AS actor) a LEFT JOIN news_profile p ON p.actor = a.actor AND NOT store_leaving(p.actor, 0)
LEFT JOIN news_actor_sort s ON s.actor = a.actor LEFT JOIN news_author_count c ON c.actor = a.actor;
-- name: actors_by_name
SELECT actor FROM news_profile WHERE name_folded = ?1 AND NOT store_leaving(actor, 0)
UNION SELECT actor FROM news_profile WHERE display_name_folded = ?1 AND NOT store_leaving(actor, 0) ORDER BY actor LIMIT ?2;
-- name: authors_by_count
SELECT c.actor, c.n, coalesce(p.name, ''), coalesce(p.display_name, ''), coalesce(s.sort, '')
FROM news_author_count c LEFT JOIN news_profile p ON p.actor = c.actor LEFT JOIN news_actor_sort s ON s.actor = c.actor
WHERE NOT store_leaving(c.actor, 0) ORDER BY c.n DESC, c.actor LIMIT ?1;
