-- migrate:up transaction:false
CREATE INDEX CONCURRENTLY accounts_email ON accounts (email);
-- migrate:down
