"""The project's commands, one file each, named as the command; `kbsworld --help` lists them beside Scrapy's own."""
