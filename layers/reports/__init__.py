"""Daily, weekly and hotspot reports: figures that stay the same, written in four formats."""
