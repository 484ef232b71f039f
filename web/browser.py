"""What the machine has for drawing pages in tests: a browser and a Chinese font."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def find_browser() -> str | None:
    """Return the path of an installed Chromium, or None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def has_cjk_font() -> bool:
    """Tell whether Chinese text can be drawn."""
    fc_list = shutil.which("fc-list")
    if fc_list is None:
        return any(Path("/usr/share/fonts").rglob("*CJK*"))
    command = [fc_list, ":lang=zh-cn", "family"]
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - fixed words
    return bool(done.stdout.strip())
