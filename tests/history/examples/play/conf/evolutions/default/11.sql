# --- !Ups
# that it is found
CREATE INDEX CONCURRENTLY accounts_email ON accounts (email);
