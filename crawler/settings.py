"""The settings: `-s NAME=VALUE` changes one for a run; KBS_… can also come from the environment."""

import os
from importlib.metadata import version

BOT_NAME = "kbsworld"
SPIDER_MODULES = ["crawler.spiders"]
COMMANDS_MODULE = "crawler.commands"

# --- This project's own ---

# The article database. A relative path starts at the folder the command is run in.
KBS_DB = os.environ.get("KBS_DB", "data/kbs.db")
# The folder of the WARC files; empty: nothing is archived.
KBS_ARCHIVE = os.environ.get("KBS_ARCHIVE", "data/archive")
# A file with layouts of your own, as `learn --write` makes it; empty: layouts.toml beside the database.
KBS_LAYOUTS = os.environ.get("KBS_LAYOUTS", "")
# Where the site is. Pages of a mirror or a replica are stored under the site's own urls.
KBS_BASE_URL = os.environ.get("KBS_BASE_URL", "https://world.kbs.co.kr")
# Who runs this crawler: your address, so that the site can reach you before it blocks you.
CONTACT_PLACEHOLDER = "https://example.org/put-your-contact-in-KBS_CONTACT"
KBS_CONTACT = os.environ.get("KBS_CONTACT", CONTACT_PLACEHOLDER)

# An updated article keeps its place in the list, so the last days of a list are read again: how many, today included.
# 0: lists are read only as far as there is something new.
KBS_RECHECK_DAYS = os.environ.get("KBS_RECHECK_DAYS", "2")

# One article in so many, and the first of each run, is read by trafilatura too, which knows no layout; 0: none.
KBS_WITNESS = os.environ.get("KBS_WITNESS", "50")

# --- Politeness ---

PRODUCT = f"kbsworld/{version('kbsworld')}"
USER_AGENT = f"{PRODUCT} (+{KBS_CONTACT})"
ROBOTSTXT_OBEY = True
# One request at a time, at least a second apart, and slower when the site is. Both limits: with DOWNLOAD_DELAY=0
# Scrapy 2.19 starts queued requests before it counts them, and exceeds the one per domain.
CONCURRENT_REQUESTS = 1
CONCURRENT_REQUESTS_PER_DOMAIN = 1
DOWNLOAD_DELAY = 1.0
# No jitter: with Scrapy's, of half the delay, requests would be less than a second apart.
DOWNLOAD_DELAY_JITTER = 0.0
# After an error of the site no request is sent for KBS_BACKOFF seconds, twice as long after each further error in a
# row. The run ends after KBS_BREAKER errors in a row, or if the site asks (Retry-After, Crawl-delay) for a longer wait
# than KBS_LONGEST_WAIT, in seconds.
KBS_BACKOFF = os.environ.get("KBS_BACKOFF", "2")
KBS_BREAKER = os.environ.get("KBS_BREAKER", "10")
KBS_LONGEST_WAIT = os.environ.get("KBS_LONGEST_WAIT", "600")
AUTOTHROTTLE_ENABLED = True
AUTOTHROTTLE_START_DELAY = 2.0
DEFAULT_REQUEST_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "fr,en;q=0.5",
    # Neither brotli nor zstd: the archive keeps pages as they came, and not every WARC tool reads those.
    "Accept-Encoding": "gzip, deflate",
}

# A page gives one item: by default Scrapy would start a hundred workers for each page.
CONCURRENT_ITEMS = 1
# Would read the source of the callback again for every page.
WARN_ON_GENERATOR_RETURN_VALUE = False
# First in, first out: articles come in the order of the list, newest first.
SCHEDULER_MEMORY_QUEUE = "scrapy.squeues.FifoMemoryQueue"
SCHEDULER_DISK_QUEUE = "scrapy.squeues.PickleFifoDiskQueue"

# --- Web archives: kbs_commoncrawl and kbs_wayback ---

# Their addresses; `-a archive=` names another.
KBS_COMMONCRAWL = os.environ.get("KBS_COMMONCRAWL", "https://index.commoncrawl.org")
KBS_COMMONCRAWL_DATA = os.environ.get("KBS_COMMONCRAWL_DATA", "https://data.commoncrawl.org")
KBS_WAYBACK = os.environ.get("KBS_WAYBACK", "https://web.archive.org")
# DOWNLOAD_DELAY of these spiders, in seconds. Common Crawl asks to retry no more than once a second, and to slow down
# at 503 (https://status.commoncrawl.org, July 2025). The Wayback Machine allows its index 24 requests a minute (release
# notes of the Python library wayback 0.5.1, June 2026), and refuses connections for minutes after more.
KBS_COMMONCRAWL_DELAY = os.environ.get("KBS_COMMONCRAWL_DELAY", "1.5")
KBS_WAYBACK_DELAY = os.environ.get("KBS_WAYBACK_DELAY", "3")

# --- Limits: nothing fetched is trusted ---

DOWNLOAD_TIMEOUT = 30.0
# In bytes; no page of the site is near it. A larger page, before or after decompression, is not fetched, and refused
# when it is read from an archive.
KBS_MAX_PAGE = os.environ.get("KBS_MAX_PAGE", "10000000")
DOWNLOAD_MAXSIZE = KBS_MAX_PAGE
# How long a page may be extracted, in seconds; the slowest pages ever made for it take less than one.
KBS_PAGE_TIME = os.environ.get("KBS_PAGE_TIME", "10")
DOWNLOAD_WARNSIZE = 2_000_000
DNS_TIMEOUT = 20
REDIRECT_MAX_TIMES = 5
COOKIES_ENABLED = False
METAREFRESH_ENABLED = False
DOWNLOAD_VERIFY_CERTIFICATES = True
# Both open a port through which code can be run in the crawler.
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False

# --- Components ---

SPIDER_MIDDLEWARES = {
    # Warns of requests made with get_retry_request, which is how a callback asks for its page once more.
    "scrapy.spidermiddlewares.metacopy.MetaCopyDetectionMiddleware": None,
}
DOWNLOADER = "crawler.downloader.PromptDownloader"
DOWNLOADER_MIDDLEWARES = {
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
    "crawler.middleware.offsite.OffsiteMiddleware": 50,
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "crawler.middleware.robots.RobotsTxtMiddleware": 100,
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
    "crawler.middleware.compression.HttpCompressionMiddleware": 590,
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
    "crawler.middleware.retry.RetryMiddleware": 550,
}
# What stores, archives, judges and reports a crawl is set in KbsSpider: not for `scrapy fetch` or `scrapy shell`.

# --- Output ---

# The report says what a run did; the log says what went wrong. `-L INFO` shows every step.
LOG_LEVEL = "WARNING"
# The report lists each failed page, with its reason.
RETRY_GIVE_UP_LOG_LEVEL = "INFO"
DEFAULT_DROPITEM_LOG_LEVEL = "INFO"
FEED_EXPORT_ENCODING = "utf-8"
FEED_EXPORTERS = {"csv": "crawler.feeds.SafeCsvExporter"}
