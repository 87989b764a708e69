-- trust.sql: trust lists, published and kept here.

-- name: trust_published
SELECT target, weight, petname FROM rating_edge WHERE truster = ?

-- name: trust_private
SELECT target, weight, petname FROM rating_state_trust WHERE reader = ?

-- name: trust_private_forget
DELETE FROM rating_state_trust WHERE reader = ?

-- name: trust_private_add
INSERT INTO rating_state_trust (reader, target, weight, petname) VALUES (?, ?, ?, ?)

-- name: trust_edges
SELECT target, max(weight) FROM rating_edge WHERE truster = ? GROUP BY target

-- name: trust_version
SELECT version FROM rating_state_trust_version

-- name: trust_changed
UPDATE rating_state_trust_version SET version = version + 1
