"""What the map shows: tiles, styles, hotspot layers and sheets; reads, never writes."""
