"""The project's settings: `-s NAME=VALUE` changes one for a run; those with KBS_ can come from the environment too."""

import os
from importlib.metadata import version

BOT_NAME = "kbsworld"
SPIDER_MODULES = ["crawler.spiders"]
NEWSPIDER_MODULE = "crawler.spiders"
COMMANDS_MODULE = "crawler.commands"

# --- This project's own ---

# The article database. A relative path counts from the folder the command is run in.
KBS_DB = os.environ.get("KBS_DB", "data/kbs.db")
# The folder of the WARC files; empty: nothing is archived.
KBS_ARCHIVE = os.environ.get("KBS_ARCHIVE", "data/archive")
# Where the site is. Another address is a mirror or a replica: what it serves is stored under the site's own urls.
KBS_BASE_URL = os.environ.get("KBS_BASE_URL", "https://world.kbs.co.kr")
# Who runs this crawler: an address of yours, so that the site can reach you before it blocks you.
CONTACT_PLACEHOLDER = "https://example.org/put-your-contact-in-KBS_CONTACT"
KBS_CONTACT = os.environ.get("KBS_CONTACT", CONTACT_PLACEHOLDER)

# An updated article keeps its place in the list: lists are read over for so many days, today included. 0: only as far
# as there is something new.
KBS_RECHECK_DAYS = os.environ.get("KBS_RECHECK_DAYS", "2")

# --- Manners ---

PRODUCT = f"kbsworld/{version('kbsworld')}"
USER_AGENT = f"{PRODUCT} (+{KBS_CONTACT})"
ROBOTSTXT_OBEY = True
# One request at a time, a second apart at least, and slower when the site is. Both bounds: with DOWNLOAD_DELAY=0
# Scrapy 2.19 starts queued requests before it counts them, and goes past the one per domain.
CONCURRENT_REQUESTS = 1
CONCURRENT_REQUESTS_PER_DOMAIN = 1
DOWNLOAD_DELAY = 1.0
# To the second: with Scrapy's jitter of half the delay, pages would come closer than that.
DOWNLOAD_DELAY_JITTER = 0.0
# After an error of the site it is left alone: so many seconds, twice as many after each further error in a row. The run
# ends after so many in a row, or where the site asks (Retry-After) to be left alone for longer than this, in seconds.
KBS_BACKOFF = os.environ.get("KBS_BACKOFF", "2")
KBS_BREAKER = os.environ.get("KBS_BREAKER", "10")
KBS_LONGEST_WAIT = os.environ.get("KBS_LONGEST_WAIT", "600")
AUTOTHROTTLE_ENABLED = True
AUTOTHROTTLE_START_DELAY = 2.0
AUTOTHROTTLE_MAX_DELAY = 60.0
AUTOTHROTTLE_TARGET_CONCURRENCY = 1.0
DEFAULT_REQUEST_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "fr,en;q=0.5",
    # Not brotli nor zstd: the archive keeps pages as they came, and not every WARC tool reads those.
    "Accept-Encoding": "gzip, deflate",
}

# A page gives one item: more workers would only be made and dropped again, a hundred a page.
CONCURRENT_ITEMS = 1
# Reads the source of the callback again for every page.
WARN_ON_GENERATOR_RETURN_VALUE = False
# First in, first out: articles come in the order of the list, newest first.
SCHEDULER_MEMORY_QUEUE = "scrapy.squeues.FifoMemoryQueue"
SCHEDULER_DISK_QUEUE = "scrapy.squeues.PickleFifoDiskQueue"

# --- Bounds: everything fetched is foreign ---

DOWNLOAD_TIMEOUT = 30.0
# In bytes; no page of the site is near it. What is larger, before or after it is unpacked, is not fetched, and refused
# where it is read from an archive.
KBS_MAX_PAGE = os.environ.get("KBS_MAX_PAGE", "10000000")
DOWNLOAD_MAXSIZE = KBS_MAX_PAGE
DOWNLOAD_WARNSIZE = 2_000_000
DNS_TIMEOUT = 20
REDIRECT_MAX_TIMES = 5
RETRY_TIMES = 2
COOKIES_ENABLED = False
METAREFRESH_ENABLED = False
DOWNLOAD_VERIFY_CERTIFICATES = True
# Both open a port through which code can be run in the crawler.
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False

# --- Parts ---

TWISTED_REACTOR = "twisted.internet.asyncioreactor.AsyncioSelectorReactor"
SPIDER_MIDDLEWARES = {
    # Each takes time with every page. Addresses are canonical, and nobody asks how deep a page lies.
    "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
    "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
    # Warns of requests made with get_retry_request, which is how a callback asks for its page once more.
    "scrapy.spidermiddlewares.metacopy.MetaCopyDetectionMiddleware": None,
}
DOWNLOADER = "crawler.middleware.retry.AbandoningDownloader"
DOWNLOADER_MIDDLEWARES = {
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
    "crawler.middleware.robots.OffsiteMiddleware": 50,
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "crawler.middleware.robots.RobotsTxtMiddleware": 100,
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
    "crawler.middleware.retry.RetryMiddleware": 550,
}
EXTENSIONS = {
    "crawler.extensions.archive.Archive": 100,
    "crawler.extensions.archive.PromptStop": 110,
    "crawler.extensions.archive.Job": 120,
    # In this order: judged, recorded with the judgement, told.
    "spidermon.contrib.scrapy.extensions.Spidermon": 150,
    "crawler.extensions.archive.RunRecord": 180,
    "crawler.extensions.report.RunReport": 200,
}
# Our own spiders set it; `scrapy fetch` and `scrapy shell` have nothing to judge.
SPIDERMON_ENABLED = False
SPIDERMON_SPIDER_CLOSE_MONITORS = ["crawler.extensions.health.Health"]

ITEM_PIPELINES = {"crawler.pipeline.ArticlePipeline": 100}

# --- What is printed ---

# The report says what a run did; the log says what went wrong. `-L INFO` shows every step.
LOG_LEVEL = "WARNING"
# A page that failed is counted and listed in the report, with its reason.
RETRY_GIVE_UP_LOG_LEVEL = "INFO"
DEFAULT_DROPITEM_LOG_LEVEL = "INFO"
STATS_DUMP = True  # at INFO
FEED_EXPORT_ENCODING = "utf-8"
