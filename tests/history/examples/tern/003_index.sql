---- tern: disable-tx ----
CREATE INDEX CONCURRENTLY accounts_email ON accounts (email);
SELECT 1;
