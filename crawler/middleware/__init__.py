"""Downloader middleware: what happens to every request and response."""
