"""The tests, the replica they run against, and the demo."""
