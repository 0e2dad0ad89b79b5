-- notes that several migrations share
CREATE TABLE notes (a int);
