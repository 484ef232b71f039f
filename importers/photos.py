"""Somebody's photo made ours: opened in a child process, shrunk, and rid of all but its picture."""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image, ImageOps

from geo.errors import Refusal
from importers import sandbox

MAX_BYTES = 300 * 1024
"""What a photo may weigh once it is ours."""
MAX_PIXELS = 50_000_000
MAX_GIVEN = 20 << 20
LONGEST_SIDE = 1600
CPU_S = 10
MEMORY_BYTES = 1 << 30

# What phones and browsers make; each more is a parser more that strangers can feed.
_FORMATS = ("JPEG", "PNG", "WEBP")
_QUALITIES = (82, 72, 60, 45)
_LEAST_SIDE = 16


class NotAPhoto(Refusal):
    """The bytes are no picture that we read, or only the beginning of one."""

    code = "photo.unreadable"
    sentence = "This is no whole JPEG, PNG or WebP picture. Take the photo again."


class PhotoTooLarge(Refusal):
    """The picture has more pixels or bytes than any phone's photo."""

    code = "photo.too_large"
    sentence = "The photo is too large: {given}; at most {most} is taken."


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture of ours: baseline JPEG of at most 300 KiB, and its size in pixels."""

    jpeg: bytes
    width: int
    height: int


def clean(given: bytes) -> Photo:
    """Return a picture re-encoded: upright, at most 1600 pixels on its longer side, nothing beside.

    Everything but the pixels is left behind: position, time, make of the camera, colour profile,
    previews, and whatever was appended to the file. Pictures with transparency lie on white; of
    several frames the first is taken. Decoding happens in a child process with limits on processor
    time and memory.

    Raises
    ------
    NotAPhoto
        For anything but a whole JPEG, PNG or WebP, and for what takes more than the limits.
    PhotoTooLarge
        For more than 20 MiB or 50 million pixels; pixels are counted before any is decoded.
    """
    if len(given) > MAX_GIVEN:
        raise PhotoTooLarge(given=f"{len(given) >> 20} MiB", most=f"{MAX_GIVEN >> 20} MiB")
    try:
        return sandbox.run(
            reencode, given, what="reading a photo", cpu_s=CPU_S, memory_bytes=MEMORY_BYTES
        )
    except sandbox.TooHard:
        raise NotAPhoto from None


def reencode(given: bytes) -> Photo:
    """Return `given` as a picture of ours; see `clean`, which runs this where it can do no harm."""
    # The limit is ours, and it is an error instead of a warning.
    Image.MAX_IMAGE_PIXELS = None
    try:
        with Image.open(io.BytesIO(given), formats=_FORMATS) as image:
            n_pixels = image.width * image.height
            if n_pixels > MAX_PIXELS:
                raise PhotoTooLarge(
                    given=f"{n_pixels // 1_000_000} MP", most=f"{MAX_PIXELS // 1_000_000} MP"
                )
            if min(image.size) < _LEAST_SIDE:
                raise NotAPhoto
            # JPEG can be decoded at half its size or less, which saves time and memory.
            image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            upright = ImageOps.exif_transpose(image)
            picture = _on_white(upright)
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError):
        raise NotAPhoto from None
    # Pillow would write the comment and the profile of the source again.
    picture.info = {}
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return _encoded(picture)


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    paper = Image.new("RGB", image.size, "white")
    layer = image.convert("RGBA")
    paper.paste(layer, mask=layer.getchannel("A"))
    return paper


def _encoded(picture: Image.Image) -> Photo:
    """Return the finest encoding that is light enough; noise may cost it pixels too."""
    while True:
        for quality in _QUALITIES:
            out = io.BytesIO()
            picture.save(out, "JPEG", quality=quality, optimize=True)
            if out.tell() <= MAX_BYTES:
                return Photo(out.getvalue(), picture.width, picture.height)
        picture = picture.resize((picture.width * 3 // 4, picture.height * 3 // 4))
