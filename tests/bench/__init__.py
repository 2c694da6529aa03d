"""Benchmarks: exactness and speed next to other tools. `make bench` runs them; tests/README.md has their figures."""
