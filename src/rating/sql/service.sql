-- service.sql: rating services' panels, private ratings and waiting aggregates.

-- name: service_put
INSERT INTO rating_state_service (service, name, about, created_at, closed_epoch) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (service) DO UPDATE SET name = excluded.name, about = excluded.about;
-- name: service_delete
DELETE FROM rating_state_service WHERE service = ?1;
-- name: service_delete_panel
DELETE FROM rating_state_panel WHERE service = ?1;
-- name: service_delete_marks
DELETE FROM rating_state_private WHERE service = ?1;
-- name: service_delete_aggregates
DELETE FROM rating_state_aggregate WHERE service = ?1;
-- name: service_all
SELECT s.service, s.name, s.about, s.created_at, s.closed_epoch,
    (SELECT count(*) FROM rating_state_panel p WHERE p.service = s.service)
FROM rating_state_service s ORDER BY s.created_at, s.service;
-- name: service_one
SELECT s.service, s.name, s.about, s.created_at, s.closed_epoch,
    (SELECT count(*) FROM rating_state_panel p WHERE p.service = s.service)
FROM rating_state_service s WHERE s.service = ?1;
-- name: service_of_member
SELECT s.service, s.name, s.about, s.created_at, s.closed_epoch,
    (SELECT count(*) FROM rating_state_panel q WHERE q.service = s.service)
FROM rating_state_panel p JOIN rating_state_service s ON s.service = p.service
WHERE p.member = ?1 ORDER BY s.created_at, s.service;
-- name: service_epoch_closed
UPDATE rating_state_service SET closed_epoch = ?2 WHERE service = ?1;

-- name: panel_add
INSERT INTO rating_state_panel (service, member, since) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING;
-- name: panel_remove
DELETE FROM rating_state_panel WHERE service = ?1 AND member = ?2;
-- name: panel_has
SELECT 1 FROM rating_state_panel WHERE service = ?1 AND member = ?2;
-- name: panel_members
SELECT member FROM rating_state_panel WHERE service = ?1 ORDER BY member;
-- name: panel_services
SELECT service FROM rating_state_panel WHERE member = ?1;

-- A value given again is another rating: it may take part in as many aggregates as a first one.
-- name: mark_private_put
INSERT INTO rating_state_private (service, coordinate, dimension, member, value, published, uses, at, type, revision,
    author, kind)
VALUES (?1, ?2, ?3, ?4, ?5, NULL, 0, ?6, ?7, ?8, ?9, ?10)
ON CONFLICT (service, coordinate, dimension, member) DO UPDATE SET
    uses = CASE WHEN coalesce(rating_state_private.value, rating_state_private.published) = excluded.value
        THEN rating_state_private.uses ELSE 0 END,
    value = excluded.value, at = excluded.at, revision = excluded.revision, author = excluded.author,
    kind = excluded.kind;
-- name: mark_take_back
UPDATE rating_state_private SET value = NULL
WHERE service = ?1 AND coordinate = ?2 AND dimension = ?3 AND member = ?4;
-- name: marks_take_back
UPDATE rating_state_private SET value = NULL WHERE service = ?1 AND member = ?2;
-- name: marks_clean
DELETE FROM rating_state_private WHERE service = ?1 AND value IS NULL AND published IS NULL;
-- name: marks_of_member
SELECT coordinate, dimension, value, at, revision, uses FROM rating_state_private
WHERE service = ?1 AND member = ?2 AND value IS NOT NULL AND (?3 = '' OR coordinate = ?3)
ORDER BY at DESC, coordinate, dimension LIMIT ?4;

-- All that members say or said of one thing in one dimension stands together. fits: what was read is what now stands
-- there, or was found to differ by no more than a tenth of its words.
-- name: marks_in_order
SELECT p.coordinate, p.dimension, p.member, p.value, p.published, p.uses, p.type, p.revision, p.author, p.kind,
    CASE WHEN p.type <> 0 OR p.revision = c.id THEN 1
        WHEN EXISTS (SELECT 1 FROM rating_state_compared k
            WHERE k.id = p.revision AND k.current = c.id AND k.behind = 0) THEN 1
        ELSE 0 END
FROM rating_state_private p
LEFT JOIN rating_state_subject s ON s.coordinate = p.coordinate
LEFT JOIN rating_subject c ON c.subject = s.subject
WHERE p.service = ?1 ORDER BY p.coordinate, p.dimension, p.member;
-- name: mark_private_published
UPDATE rating_state_private SET published = value, uses = uses + 1
WHERE service = ?1 AND coordinate = ?2 AND dimension = ?3 AND member = ?4;
-- name: mark_private_left_out
UPDATE rating_state_private SET published = NULL
WHERE service = ?1 AND coordinate = ?2 AND dimension = ?3 AND member = ?4;

-- name: aggregate_put
INSERT INTO rating_state_aggregate (service, coordinate, dimension, value, raters, epoch, type, revision, author, kind)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10);
-- name: aggregates_waiting
SELECT number, coordinate, dimension, value, raters, epoch, type, revision, author, kind FROM rating_state_aggregate
WHERE service = ?1 ORDER BY epoch, coordinate, dimension LIMIT ?2;
-- name: aggregate_done
DELETE FROM rating_state_aggregate WHERE number = ?1;
