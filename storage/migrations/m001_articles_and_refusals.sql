-- One row for each version of an article, and one for each capture that held none. Columns as Article's fields.

create table articles (
  url text,
  timestamp text,
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
  archive_offset integer,
  primary key (url, timestamp)
) strict

create index idx_articles_timestamp on articles (timestamp)

create table refusals (
  url text,
  reason text not null,
  fetched_at text,
  archive_file text,
  archive_offset integer,
  primary key (url, fetched_at)
) strict

create view latest_articles as
  select * from articles
  where timestamp = (select max(versions.timestamp) from articles as versions where versions.url = articles.url)
