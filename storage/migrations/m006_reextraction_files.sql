-- An interrupted re-extraction goes on by source: those that were read to their end are skipped.

drop table reextractions

drop table reextraction_revisits

create table reextraction_files (call text, file text, stamp text not null, primary key (call, file)) strict
