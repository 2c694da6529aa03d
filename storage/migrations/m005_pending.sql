-- Plain names for two tables of the crawls.

alter table missing rename to pending

alter table card_dates rename to entry_dates
