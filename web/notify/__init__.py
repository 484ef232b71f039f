"""Notices by other ways than the screens: senders behind one interface, and their job."""
