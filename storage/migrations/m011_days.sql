-- For lists by day: when the newest version of each article was written. Other queries say `latest = 1`, and so use none
-- of this index, but the covering one.

create index idx_catalogue_moment on catalogue (coalesce(written_at, timestamp), id) where latest > 0
