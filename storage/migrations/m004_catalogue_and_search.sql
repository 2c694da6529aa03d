-- What readers sort, count and search by: the table `catalogue` and the search index. Triggers keep both in step with
-- `articles`, whatever writes there.

-- An id of its own: VACUUM renumbers the rowids of `articles`.
create table catalogue (
  id integer primary key,
  latest integer not null,
  title text,
  category text,
  written_at text,
  day text not null,
  month text not null,
  kind text not null,
  lang text not null,
  layout text not null,
  characters integer not null,
  url text not null,
  timestamp text not null
) strict

create unique index idx_catalogue_url_timestamp on catalogue (url, timestamp)

-- A covering index: all that selects and orders, so that nothing else is read.
create index idx_catalogue_timestamp_url_latest_day_category_lang
  on catalogue (timestamp, url, latest, day, category, lang)

create table replaced (url text, timestamp text, title text, text text, primary key (url, timestamp)) strict

insert into catalogue
    (latest, title, category, written_at, day, month, kind, lang, layout, characters, url, timestamp)
  select 1, title, category, written_at, substr(coalesce(written_at, timestamp), 1, 10),
    substr(coalesce(written_at, timestamp), 1, 7), kind, lang, layout, length(text), url, timestamp
  from articles

update catalogue set latest = 0
where exists (select 1 from articles as later where later.url = catalogue.url and later.timestamp > catalogue.timestamp)

create view searchable as
  select catalogue.id, articles.title, articles.text from catalogue join articles using (url, timestamp)

-- Accents and capitals make no difference: coree finds Corée.
create virtual table articles_fts
using fts5(title, text, content='searchable', content_rowid='id', tokenize='unicode61 remove_diacritics 2')

insert into articles_fts (articles_fts) values ('rebuild')

insert into articles_fts (articles_fts, rank) values ('rank', 'bm25(10.0, 1.0)')

-- INSERT OR REPLACE does not fire delete triggers: what it is about to replace is kept in `replaced` before.
create trigger articles_replaced before insert on articles
  when exists (select 1 from articles where url = new.url and timestamp = new.timestamp)
begin
  delete from replaced;
  insert into replaced (url, timestamp, title, text)
    select url, timestamp, title, text from articles where url = new.url and timestamp = new.timestamp;
end

create trigger articles_inserted after insert on articles begin
  insert into articles_fts (articles_fts, rowid, title, text)
    select 'delete', catalogue.id, replaced.title, replaced.text
    from catalogue join replaced using (url, timestamp) where url = new.url and timestamp = new.timestamp;
  delete from catalogue where url = new.url and timestamp = new.timestamp;
  insert into catalogue
      (latest, title, category, written_at, day, month, kind, lang, layout, characters, url, timestamp)
    select 1, new.title, new.category, new.written_at, substr(coalesce(new.written_at, new.timestamp), 1, 10),
      substr(coalesce(new.written_at, new.timestamp), 1, 7), new.kind, new.lang, new.layout, length(new.text),
      new.url, new.timestamp;
  update catalogue set latest = 0
    where url = new.url and timestamp < (select max(timestamp) from articles where articles.url = catalogue.url);
  insert into articles_fts (rowid, title, text)
    values ((select id from catalogue where url = new.url and timestamp = new.timestamp), new.title, new.text);
end

create trigger articles_updated after update on articles begin
  update catalogue set title = new.title, category = new.category, written_at = new.written_at,
    day = substr(coalesce(new.written_at, new.timestamp), 1, 10),
    month = substr(coalesce(new.written_at, new.timestamp), 1, 7), kind = new.kind, lang = new.lang,
    layout = new.layout, characters = length(new.text), url = new.url, timestamp = new.timestamp
    where url = old.url and timestamp = old.timestamp;
  update catalogue
    set latest = (timestamp = (select max(timestamp) from articles where articles.url = catalogue.url))
    where url in (old.url, new.url);
  insert into articles_fts (articles_fts, rowid, title, text)
    values ('delete', (select id from catalogue where url = new.url and timestamp = new.timestamp),
      old.title, old.text);
  insert into articles_fts (rowid, title, text)
    values ((select id from catalogue where url = new.url and timestamp = new.timestamp), new.title, new.text);
end

create trigger articles_deleted after delete on articles begin
  insert into articles_fts (articles_fts, rowid, title, text)
    values ('delete', (select id from catalogue where url = old.url and timestamp = old.timestamp),
      old.title, old.text);
  delete from catalogue where url = old.url and timestamp = old.timestamp;
  update catalogue set latest = 1
    where url = old.url and timestamp = (select max(timestamp) from articles where articles.url = catalogue.url);
end
