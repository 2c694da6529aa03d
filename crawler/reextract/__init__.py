"""Re-extraction: archived pages become articles again, without asking the site for one byte."""
