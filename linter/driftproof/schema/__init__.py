"""The schema that a history ends in, read from its text alone, and the formats that it is printed in."""
