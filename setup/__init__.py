"""Set-up of a checkout: system packages, Python packages, the client, the database.

Runs under the system's Python before `.venv` exists, so it needs only the standard library.
"""
