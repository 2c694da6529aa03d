"""The application: Scrapy spiders, pipeline and commands over `storage` and `extractors`."""
