"""What is known of real databases: a snapshot as a state of the catalog, and what it settles."""
