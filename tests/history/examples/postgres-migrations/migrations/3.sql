-- postgres-migrations disable-transaction
CREATE INDEX CONCURRENTLY accounts_email ON accounts (email);
