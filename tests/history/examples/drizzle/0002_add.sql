ALTER TABLE accounts ADD COLUMN email text;--> statement-breakpoint
INSERT INTO accounts VALUES (1, 'a', 'a@example.com');
