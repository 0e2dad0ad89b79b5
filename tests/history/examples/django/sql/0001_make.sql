BEGIN;
--
-- Create model Account
--
CREATE TABLE "accounts" ("id" bigint NOT NULL PRIMARY KEY, "name" text NULL);
COMMIT;
