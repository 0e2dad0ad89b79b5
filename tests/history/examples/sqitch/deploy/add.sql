BEGIN;
ALTER TABLE accounts ADD COLUMN email text;
INSERT INTO accounts VALUES (1, 'a', 'a@example.com');
COMMENT ON TABLE accounts IS :'purpose';
CREATE SCHEMA :extra;
CREATE TABLE :"extra".notes (at time DEFAULT '10:30', n int[]);
SELECT (ARRAY[1,2])[1:2], 1::text;
COMMIT;
