-- How far re-extractions that are not finished came, and the payloads that revisits may refer to.

create table reextractions (
  call text primary key,
  source text not null,
  cursor text not null,
  counts text not null,
  saved_at text not null
) strict

create table reextraction_payloads (
  call text,
  digest text,
  url text,
  archive_file text not null,
  archive_offset integer not null,
  primary key (call, digest, url)
) strict

create table reextraction_revisits (
  call text,
  archive_file text,
  archive_offset integer,
  url text not null,
  fetched_at text not null,
  digest text,
  refers_to_url text,
  refers_to_date text,
  primary key (call, archive_file, archive_offset)
) strict
