"""Hotspot statistics on counts per unit: pure arrays in, frozen results out."""
