-- name: account_insert
INSERT INTO node_account (name, key, own_key, created_at, brought) VALUES (?1, ?2, ?3, ?4, ?5)

-- name: account_delete
DELETE FROM node_account WHERE name = ?1

-- name: account_by_name_sql
SELECT id, name, key, own_key, created_at, brought FROM node_account WHERE name = ?1

-- name: account_by_key_sql
SELECT id, name, key, own_key, created_at, brought FROM node_account WHERE key = ?1

-- name: account_list_sql
SELECT id, name, key, own_key, created_at, brought FROM node_account ORDER BY name

-- name: invitation_insert
INSERT INTO node_invitation (code_hash, created_at) VALUES (?1, ?2)

-- name: invitation_use_sql
UPDATE node_invitation SET used_at = ?2 WHERE code_hash = ?1 AND used_at IS NULL

-- name: invitation_return_sql
UPDATE node_invitation SET used_at = NULL WHERE code_hash = ?1
