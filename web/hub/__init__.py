"""The hub: one small process that holds open the streams of everybody who is signed in.

It is a process of its own so that a slow map query cannot stop events, and it writes nothing:
what it loses or was not there for is in the table, and every reader knows how far they have read.
"""
