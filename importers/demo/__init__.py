"""The invented county: drawn by seed, written to files, taken in by the same doors as real data.

Codes and names of county, townships and villages are the public ones; borders, people, homes,
cameras and incidents are invented.
"""
