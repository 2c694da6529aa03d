-- The runs, and what lets the next one ask for nothing twice and leave nothing out.

create table runs (
  id integer primary key,
  spider text not null,
  arguments text not null,
  started_at text not null,
  ended_at text,
  reason text,
  exit_status integer,
  pages integer,
  new integer,
  updated integer,
  edited integer,
  unchanged integer,
  refused integer,
  failed integer,
  complaints text
) strict

create table lists (
  url text primary key,
  complete_from text not null,
  complete_to text not null,
  interrupted integer not null
) strict

create table missing (
  url text,
  spider text,
  reason text not null,
  tries integer not null,
  asked_at text not null,
  primary key (url, spider)
) strict

create table card_dates (url text, timestamp text, looks integer not null, primary key (url, timestamp)) strict

create table payloads (
  url text primary key,
  digest text not null,
  fetched_at text not null,
  archive_file text not null,
  archive_offset integer not null,
  archive_end integer not null
) strict
