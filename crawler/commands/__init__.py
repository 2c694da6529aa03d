"""This project's Scrapy commands; `scrapy --help` lists them beside Scrapy's own."""
