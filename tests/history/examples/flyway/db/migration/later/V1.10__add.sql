-- for ${application}
CREATE SCHEMA ${extra};
CREATE TABLE ${extra}.notes (text text DEFAULT '${greeting}');
${hook}
ALTER TABLE accounts ADD COLUMN email text;
INSERT INTO accounts VALUES (1, 'a', 'a@example.com');
