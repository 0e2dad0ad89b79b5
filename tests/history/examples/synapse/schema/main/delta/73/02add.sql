ALTER TABLE accounts ADD COLUMN email text;
INSERT INTO accounts VALUES (1, 'a', 'a@example.com');
CREATE TABLE keyed (id $%AUTO_INCREMENT_PRIMARY_KEY%$);
