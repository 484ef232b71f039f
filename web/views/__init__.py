"""The doors of the server: parse, one domain call, answer."""
