"""Scenarios are told by `story`."""

from tests.scenarios.story import story

__all__ = ["story"]
