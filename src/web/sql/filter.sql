-- name: filter_load
SELECT id, name, about, recipe, origin, updated_at FROM web_filter WHERE id = ?1 AND pubkey = ?2;

-- name: filter_list
SELECT id, name, about, recipe, origin, updated_at FROM web_filter WHERE pubkey = ?1
ORDER BY updated_at DESC, id LIMIT 50;

-- name: filter_count
SELECT count(*) FROM web_filter WHERE pubkey = ?1 AND id <> ?2;

-- name: filter_save
INSERT INTO web_filter (id, pubkey, name, about, recipe, origin, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, about = excluded.about, recipe = excluded.recipe,
  origin = excluded.origin, updated_at = excluded.updated_at WHERE web_filter.pubkey = excluded.pubkey;

-- name: filter_remove
DELETE FROM web_filter WHERE id = ?1 AND pubkey = ?2;

-- name: filter_remove_all
DELETE FROM web_filter WHERE pubkey = ?1;

-- name: subscription_list
SELECT filter FROM web_subscription WHERE pubkey = ?1 ORDER BY added_at, filter LIMIT 50;

-- name: subscription_count
SELECT count(*) FROM web_subscription WHERE pubkey = ?1 AND filter <> ?2;

-- name: subscription_add
INSERT INTO web_subscription (pubkey, filter, added_at) VALUES (?1, ?2, ?3) ON CONFLICT (pubkey, filter) DO NOTHING;

-- name: subscription_remove
DELETE FROM web_subscription WHERE pubkey = ?1 AND filter = ?2;

-- name: subscription_remove_all
DELETE FROM web_subscription WHERE pubkey = ?1;

-- name: first_filter
SELECT filter FROM web_first_filter WHERE pubkey = ?1;

-- name: first_filter_set
INSERT INTO web_first_filter (pubkey, filter) VALUES (?1, ?2) ON CONFLICT (pubkey) DO UPDATE SET filter = excluded.filter;

-- name: first_filter_remove
DELETE FROM web_first_filter WHERE pubkey = ?1;
