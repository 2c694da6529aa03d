-- What was read of web archives, so that no capture is fetched twice, nor a payload that the own archive has.

create table captures (
  url text, fetched_at text, digest text, archive_file text, archive_offset integer, primary key (url, fetched_at)
) strict, without rowid

create index captures_digest on captures (digest) where archive_file is not null

create index payloads_digest on payloads (digest)

-- When the content of a row of articles was captured last, if later than it says: what was changed and changed back is
-- then read in any order.
create table seen (url text, timestamp text, seen_at text not null, primary key (url, timestamp)) strict, without rowid
