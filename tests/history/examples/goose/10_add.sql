-- +goose Up
ALTER TABLE accounts ADD COLUMN email text;
INSERT INTO accounts VALUES (1, 'a', 'a@example.com');
-- +goose StatementBegin
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    RETURN n * 2; -- one; two
END;
$$;
-- +goose StatementEnd
-- +goose ENVSUB ON
CREATE SCHEMA ${EXTRA};
-- +goose ENVSUB OFF

-- +goose Down
ALTER TABLE accounts DROP COLUMN email;
