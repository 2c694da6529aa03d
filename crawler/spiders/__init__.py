"""The spiders: which pages to request, and when to stop."""
