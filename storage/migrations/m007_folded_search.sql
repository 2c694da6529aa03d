-- Search finds what Unicode calls the same (ligatures, full-width forms, ㎞), and ø as o. The tokenizer of the index folds
-- none of these, so it is given such texts folded. They are rare, and kept in `folded` (storage/schema.py fills it).

create table folded (id integer primary key, title text, text text not null) strict

drop view searchable

create view searchable as
  select catalogue.id, iif(folded.id is null, articles.title, folded.title) as title,
    coalesce(folded.text, articles.text) as text
  from catalogue join articles using (url, timestamp) left join folded using (id)

create trigger folded_inserted after insert on folded begin
  insert into articles_fts (articles_fts, rowid, title, text)
    select 'delete', id, articles.title, text from catalogue join articles using (url, timestamp) where id = new.id;
  insert into articles_fts (rowid, title, text) values (new.id, new.title, new.text);
end

create trigger folded_deleted after delete on folded begin
  insert into articles_fts (articles_fts, rowid, title, text) values ('delete', old.id, old.title, old.text);
  insert into articles_fts (rowid, title, text)
    select id, articles.title, text from catalogue join articles using (url, timestamp) where id = old.id;
end

-- Before `articles` changes, the index has its texts as they are, as the triggers on it expect.
create trigger articles_unfolded_by_insert before insert on articles begin
  delete from folded where id = (select id from catalogue where url = new.url and timestamp = new.timestamp);
end

create trigger articles_unfolded_by_update before update on articles begin
  delete from folded where id = (select id from catalogue where url = old.url and timestamp = old.timestamp);
end

create trigger articles_unfolded_by_delete before delete on articles begin
  delete from folded where id = (select id from catalogue where url = old.url and timestamp = old.timestamp);
end
