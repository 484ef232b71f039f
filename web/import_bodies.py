"""What requests about imports may say."""

from __future__ import annotations

from marshmallow import fields, validate

from importers.doors import KINDS
from web.parse import Strict

_KIND = validate.OneOf(sorted(KINDS))
_SHORT = validate.Length(1, 120)
_DATUM = validate.Regexp(r"^(wgs84|cgcs2000|gcj02|bd09|[Ee][Pp][Ss][Gg]:[0-9]{4,6})$")


class SendQuery(Strict):
    """What a file is, and what its sender calls it; the file itself is the body."""

    kind = fields.String(required=True, validate=_KIND)
    name = fields.String(required=True, validate=validate.Length(1, 400))


class OptionsBody(Strict):
    """What a sender says of a file; what is left out is found as well as can be."""

    datum = fields.String(allow_none=True, validate=_DATUM)
    fields_ = fields.Dict(
        keys=fields.String(validate=_SHORT),
        values=fields.String(validate=validate.Length(1, 200)),
        data_key="fields",
        metadata={"description": "Our field -> heading of the file"},
    )
    level = fields.String(
        allow_none=True, validate=validate.OneOf(["county", "township", "village"])
    )
    codes = fields.String(load_default="national", validate=validate.OneOf(["national", "assign"]))
    layer = fields.String(allow_none=True, validate=validate.Length(1, 200))
    encoding = fields.String(
        allow_none=True, validate=validate.OneOf(["utf-8", "gb18030", "big5", "cp1252"])
    )
    title = fields.String(allow_none=True, validate=_SHORT)
    source = fields.String(allow_none=True, validate=_SHORT)
    new_matters = fields.Boolean(load_default=False)


class CommitBody(Strict):
    """Whether the good rows are taken although others are refused; by default none is."""

    partial = fields.Boolean(load_default=False)


class PlacesQuery(Strict):
    """The datum to try."""

    datum = fields.String(validate=_DATUM)
