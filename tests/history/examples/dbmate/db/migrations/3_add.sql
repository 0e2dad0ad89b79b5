-- migrate:up
ALTER TABLE accounts ADD COLUMN email text;
INSERT INTO accounts VALUES (1, 'a', 'a@example.com');

-- migrate:down
ALTER TABLE accounts DROP COLUMN email;
