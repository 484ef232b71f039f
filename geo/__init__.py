"""Pure geometry: no database, no network, no clock."""
