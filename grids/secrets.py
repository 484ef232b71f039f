"""Personal fields at rest: encryption under a ring of keys, and the masks that screens show."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from grids.errors import GridsError

_KEY_BYTES = 32
_NONCE_BYTES = 12
# What a ciphertext is for is part of its seal: one field cannot be passed off as another.
_PURPOSE = b"wangge.phone.1"


class NoSuchKey(GridsError):
    """A ciphertext was made with a key that this ring does not hold, or was tampered with."""

    code = "secrets.key"
    sentence = "This field cannot be read with the keys at hand (key {key_id})."


class KeyRing:
    """AES-256-GCM under numbered keys: the newest encrypts, all decrypt.

    Parameters
    ----------
    keys
        32 bytes for each key number (0..255); the highest number is the newest.

    Notes
    -----
    A ciphertext is the key's number (1 byte), a random nonce (12 bytes) and the sealed text.
    """

    def __init__(self, keys: Mapping[int, bytes]) -> None:
        """Take the keys; see the class."""
        if not keys or any(len(key) != _KEY_BYTES for key in keys.values()):
            raise ValueError("a key ring needs keys of 32 bytes")
        self._ciphers = {number: AESGCM(key) for number, key in keys.items()}
        self._newest = max(keys)

    @classmethod
    def from_text(cls, text: str) -> KeyRing:
        """Return the ring of a key file: one `number:base64` a line."""
        lines = [line.split(":", 1) for line in text.split()]
        return cls({int(number): base64.b64decode(key) for number, key in lines})

    @staticmethod
    def new_key_text(number: int = 1) -> str:
        """Return the line of a key file for a new random key."""
        return f"{number}:{base64.b64encode(os.urandom(_KEY_BYTES)).decode()}\n"

    def encrypt(self, plain: str, purpose: bytes = _PURPOSE) -> bytes:
        """Return `plain` sealed under the newest key; each call gives other bytes.

        What was sealed for one purpose (telephone numbers, if none is said) opens for no other.
        """
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self._newest].encrypt(nonce, plain.encode(), purpose)
        return bytes([self._newest]) + nonce + sealed

    def decrypt(self, cipher: bytes, purpose: bytes = _PURPOSE) -> str:
        """Return what was sealed for this purpose.

        Raises
        ------
        NoSuchKey
            If the ring lacks the key, the bytes were changed, or sealed for another purpose.
        """
        key_id, nonce, sealed = cipher[0], cipher[1 : 1 + _NONCE_BYTES], cipher[1 + _NONCE_BYTES :]
        if key_id not in self._ciphers:
            raise NoSuchKey(key_id=key_id)
        try:
            return self._ciphers[key_id].decrypt(nonce, sealed, purpose).decode()
        except InvalidTag:
            raise NoSuchKey(key_id=key_id) from None


def mask_phone(phone: str) -> str:
    """Return a phone number as screens show it: `138****5678`; short ones show their last two."""
    digits = "".join(c for c in phone if c.isdigit())
    if len(digits) >= 11:
        return f"{digits[:-8]}****{digits[-4:]}"
    return "*" * max(len(digits) - 2, 0) + digits[-2:]
