"""The rules of driftproof: one module a rule, found through the entry point group ``driftproof.rules``."""
