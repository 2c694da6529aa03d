-- What stood in a row of `articles` before other content took its place without a new date, and until when.

-- An id is never used again: readers remember the last one that they were told of.
create table silent_edits (
  id integer primary key autoincrement,
  url text not null,
  timestamp text not null,
  replaced_at text not null,
  kind text not null,
  lang text not null,
  title text,
  category text,
  written_at text,
  updated_at text,
  paragraphs text not null,
  text text not null,
  image_url text,
  image_credit text,
  has_video integer not null,
  truncated integer not null,
  layout text not null,
  source_url text,
  fetched_at text not null,
  archive_file text,
  archive_offset integer
) strict

create unique index idx_silent_edits_url_timestamp_replaced_at on silent_edits (url, timestamp, replaced_at)

create index idx_silent_edits_url_fetched_at on silent_edits (url, fetched_at)

-- To find what the database did not hold yet at a moment.
create index idx_articles_fetched_at on articles (fetched_at)

-- What stood in articles: their versions, and with `replaced_at` and a minus before the id what silent edits replaced.
create view history as
  select catalogue.id, articles.url, articles.timestamp,
    articles.kind, articles.lang, articles.title, articles.category, articles.written_at, articles.updated_at,
    articles.paragraphs, articles.text, articles.image_url, articles.image_credit, articles.has_video,
    articles.truncated, articles.layout, articles.source_url, articles.fetched_at, articles.archive_file,
    articles.archive_offset,
    null as replaced_at
  from catalogue join articles using (url, timestamp)
  union all
  select cast(-id as integer), url, timestamp,
    kind, lang, title, category, written_at, updated_at, paragraphs, text, image_url, image_credit, has_video,
    truncated, layout, source_url, fetched_at, archive_file, archive_offset,
    replaced_at
  from silent_edits
