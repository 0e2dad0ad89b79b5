--
-- Concurrently create index accounts_email on field(s) email of model account
--
CREATE INDEX CONCURRENTLY "accounts_email" ON "accounts" ("email");
