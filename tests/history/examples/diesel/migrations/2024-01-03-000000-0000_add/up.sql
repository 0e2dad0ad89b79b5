ALTER TABLE accounts ADD COLUMN email text;
INSERT INTO accounts VALUES (1, 'a', 'a@example.com');
