"""The command line: parse, one domain call, answer."""

from web.cli.root import cli as main

__all__ = ["main"]
