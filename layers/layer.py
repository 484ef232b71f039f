"""A layer of the map: what it is called, what shape it has, from which zoom it may be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Shape = Literal["polygon", "line", "point"]


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer that a viewer can switch on.

    Attributes
    ----------
    name
        The layer's name in tiles and addresses.
    shape
        What its features are.
    first_zoom
        Below this zoom it is neither drawn nor delivered.
    theme
        The entry of `theme.json` that holds its colours ("units", "households", ...).
    fields
        The attributes that leave the server with each feature; what is not named stays inside.
    personal
        True where a feature is a household, a person's report or a device: drawn inside the
        viewer's territory only.
    """

    name: str
    shape: Shape
    first_zoom: int
    theme: str
    fields: tuple[str, ...] = ()
    personal: bool = False

    def drawn_at(self, zoom: int) -> bool:
        """Return whether the layer may be drawn at a zoom."""
        return zoom >= self.first_zoom

    def as_dict(self) -> dict[str, Any]:
        """Return the layer as the client reads it; JSON-serialisable."""
        return {
            "name": self.name,
            "shape": self.shape,
            "first_zoom": self.first_zoom,
            "theme": self.theme,
            "fields": list(self.fields),
            "personal": self.personal,
        }
