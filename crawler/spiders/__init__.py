"""The spiders: which pages to ask for, and when to stop."""
