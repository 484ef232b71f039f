"""The domain: who answers for what, what happened; kept in PostGIS."""
