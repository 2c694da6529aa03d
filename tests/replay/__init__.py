"""Whether other people's software plays back what a crawl archived."""
