"""The doors: pages, API, command line."""
