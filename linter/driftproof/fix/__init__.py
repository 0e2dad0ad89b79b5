"""Fixes: guarded blocks, and how edits are applied to files."""
