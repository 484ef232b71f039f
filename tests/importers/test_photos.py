"""A photo becomes ours: small, upright, and nothing but its picture."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageChops
from PIL.TiffImagePlugin import IFDRational

from importers.photos import MAX_BYTES, NotAPhoto, PhotoTooLarge, clean, reencode

ORIENTATION, MAKE, GPS = 0x0112, 0x010F, 0x8825


def encoded(image: Image.Image, kind: str = "JPEG", **more: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


def opened(jpeg: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(jpeg))
    image.load()
    return image


def with_position(image: Image.Image) -> bytes:
    """Return what a phone makes: position, make and time beside the picture, lying on its side."""
    exif = Image.Exif()
    exif[MAKE] = "SomePhone"
    exif[ORIENTATION] = 6
    exif[GPS] = {1: "N", 2: tuple(IFDRational(n, 1) for n in (24, 49, 38))}
    return encoded(image, exif=exif, comment=b"fu jia 7") + b"appended"


def test_position_make_and_what_was_appended_are_left_behind():
    given = with_position(Image.new("RGB", (640, 480), "teal"))
    assert opened(given).getexif().get_ifd(GPS)
    photo = clean(given)
    for said in (b"Exif", b"SomePhone", b"fu jia 7", b"appended", b"ICC_PROFILE", b"http"):
        assert said not in photo.jpeg
    assert not opened(photo.jpeg).getexif()


def test_a_photo_that_lay_on_its_side_stands_upright():
    picture = Image.new("RGB", (640, 480), "white")
    picture.paste("red", (0, 0, 320, 480))
    photo = reencode(with_position(picture))
    assert (photo.width, photo.height) == (480, 640)
    upright = opened(photo.jpeg)
    # Orientation 6: its left edge is the top.
    assert upright.getpixel((240, 20))[2] < 60
    assert upright.getpixel((240, 620))[2] > 200


def test_noise_of_a_large_camera_weighs_no_more_than_is_taken():
    noise = np.random.default_rng(7).integers(0, 256, (3000, 4000, 3), dtype=np.uint8)
    photo = clean(encoded(Image.fromarray(noise), quality=60))
    assert len(photo.jpeg) <= MAX_BYTES
    assert max(photo.width, photo.height) <= 1600
    assert opened(photo.jpeg).size == (photo.width, photo.height)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_what_is_transparent_lies_on_white(kind):
    glass = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    photo = reencode(encoded(glass, kind))
    white = Image.new("RGB", (64, 64), "white")
    assert ImageChops.difference(opened(photo.jpeg), white).getbbox() is None


def test_pixels_are_counted_before_they_are_decoded():
    # A kilobyte that says it is 60,000 pixels wide and high.
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 100_000)), (b"IEND", b"")]
    bomb = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )
    with pytest.raises(PhotoTooLarge) as refused:
        clean(bomb)
    assert refused.value.facts["given"] == "3600 MP"


def _svg() -> bytes:
    return b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"/>'


def _half() -> bytes:
    whole = encoded(Image.effect_noise((800, 600), 80).convert("RGB"))
    return whole[: len(whole) // 2]


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b"not a picture",
        _svg(),
        _half(),
        encoded(Image.new("RGB", (64, 64)), "GIF"),
        encoded(Image.new("RGB", (4, 900))),
    ],
    ids=["nothing", "text", "svg", "half", "gif", "sliver"],
)
def test_what_is_no_whole_photo_is_refused(given):
    with pytest.raises(NotAPhoto):
        clean(given)


def test_a_file_beyond_all_phones_is_not_even_opened():
    with pytest.raises(PhotoTooLarge):
        clean(bytes((20 << 20) + 1))
