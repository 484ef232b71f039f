"""A small reader of Mapbox Vector Tiles (version 2), so that tests see what a client sees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import shapely

Ring = list[tuple[int, int]]


@dataclass
class Feature:
    """A feature of a layer: properties, and rings or points in tile units, y downwards."""

    properties: dict[str, Any]
    kind: int
    parts: list[Ring] = field(default_factory=list)

    @property
    def points(self) -> Ring:
        return [place for part in self.parts for place in part]

    def polygon(self) -> shapely.Geometry:
        """Return outer rings less holes; the direction of a ring tells which it is."""
        shape = shapely.Polygon()
        for ring in self.parts:
            piece = shapely.Polygon(ring)
            shape = shape.union(piece) if _turn(ring) > 0 else shape.difference(piece)
        return shape


def read(tile: bytes) -> dict[str, list[Feature]]:
    """Return the features of a tile by layer."""
    layers: dict[str, list[Feature]] = {}
    for number, value in _fields(tile):
        assert number == 3
        name, features = _layer(value)
        assert name not in layers, "a layer's name is used once in a tile"
        layers[name] = features
    return layers


def _layer(data: bytes) -> tuple[str, list[Feature]]:
    keys, values, raw, name = [], [], [], ""
    for number, value in _fields(data):
        if number == 1:
            name = value.decode()
        elif number == 2:
            raw.append(value)
        elif number == 3:
            keys.append(value.decode())
        elif number == 4:
            values.append(_value(value))
        elif number == 5:
            assert value == 4096
        else:
            assert (number, value) == (15, 2)
    return name, [_feature(one, keys, values) for one in raw]


def _feature(data: bytes, keys: list[str], values: list[Any]) -> Feature:
    found = dict(_fields(data))
    tags = list(_varints(found.get(2, b"")))
    properties = {keys[k]: values[v] for k, v in zip(tags[::2], tags[1::2], strict=True)}
    return Feature(properties, found[3], _geometry(list(_varints(found[4])), found[3]))


def _geometry(commands: list[int], kind: int) -> list[Ring]:
    parts: list[Ring] = []
    x = y = at = 0
    while at < len(commands):
        command, count = commands[at] & 7, commands[at] >> 3
        at += 1
        if command == 7:
            parts[-1].append(parts[-1][0])
            continue
        for _ in range(count):
            x += _signed(commands[at])
            y += _signed(commands[at + 1])
            at += 2
            if command == 1 and not (kind == 1 and parts):
                parts.append([])
            parts[-1].append((x, y))
    return parts


def _turn(ring: Ring) -> int:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring))


def _value(data: bytes) -> Any:
    (number, value), *_ = _fields(data)
    if number == 1:
        return value.decode()
    return _signed(value) if number == 6 else value


def _signed(value: int) -> int:
    return (value >> 1) ^ -(value & 1)


def _varints(data: bytes) -> Iterator[int]:
    at = 0
    while at < len(data):
        value, at = _varint(data, at)
        yield value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        wire = key & 7
        if wire == 0:
            value: Any
            value, at = _varint(data, at)
        elif wire == 2:
            length, at = _varint(data, at)
            value, at = data[at : at + length], at + length
        else:
            size = {1: 8, 5: 4}[wire]
            value, at = data[at : at + size], at + size
        yield key >> 3, value
