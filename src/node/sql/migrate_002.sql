-- A key that somebody had before says elsewhere what it is called: nothing may be signed with it in that place unasked.
ALTER TABLE node_account ADD COLUMN brought INTEGER NOT NULL DEFAULT 0; -- 1: the key was there before the account
