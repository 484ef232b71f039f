"""Timings of the product beside its peers; `python -m tests.benchmarks [FILTER]` prints them."""
