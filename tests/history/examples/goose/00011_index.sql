-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY accounts_email ON accounts (email);
SELECT 1;
-- +goose Down
DROP INDEX accounts_email;
