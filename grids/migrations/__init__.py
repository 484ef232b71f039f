"""Migrations: one file a change, the SQL beside it."""
