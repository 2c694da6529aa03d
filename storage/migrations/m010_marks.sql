-- How far `kbsworld new` has told, for each reader: the last article (its id in `catalogue`) and the last silent edit.

create table marks (name text primary key, article integer not null, edit integer not null, told_at text not null) strict

-- SQLite gives the greatest id again once its row is deleted: the next article would count as told.
create trigger marks_follow_catalogue after delete on catalogue begin
  update marks set article = min(article, coalesce((select max(id) from catalogue), 0));
end
