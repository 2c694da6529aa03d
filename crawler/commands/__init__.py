"""The project's commands; `scrapy --help` lists them beside Scrapy's own."""
