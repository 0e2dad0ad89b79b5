BEGIN;
--
-- Add field email to account
--
ALTER TABLE "accounts" ADD COLUMN "email" text NULL;
--
-- Raw SQL operation
--
INSERT INTO accounts VALUES (1, 'a', 'a@example.com');
--
-- Raw SQL operation
--
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN n * 2; END; $$;
--
-- Raw Python operation
--
-- THIS OPERATION CANNOT BE WRITTEN AS SQL
COMMIT;
