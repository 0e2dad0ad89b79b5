-- depends: 0003.add
-- transactional: false
CREATE INDEX CONCURRENTLY accounts_email ON accounts (email);
