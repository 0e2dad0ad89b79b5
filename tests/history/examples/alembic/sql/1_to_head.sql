BEGIN;

CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL, 
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

-- Running upgrade  -> a1

CREATE TABLE accounts (
    id BIGINT NOT NULL, 
    name TEXT, 
    PRIMARY KEY (id)
);

INSERT INTO alembic_version (version_num) VALUES ('a1') RETURNING alembic_version.version_num;

COMMIT;

BEGIN;

-- Running upgrade a1 -> b2

ALTER TABLE accounts ADD COLUMN email TEXT;

INSERT INTO accounts VALUES (1, 'a', 'a@example.com');

CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN n * 2; END; $$;

COMMIT;

CREATE INDEX CONCURRENTLY accounts_email ON accounts (email);

BEGIN;

UPDATE alembic_version SET version_num='b2' WHERE alembic_version.version_num = 'a1';

COMMIT;
