-- What users can do. The floor stays: binaries from before neither read nor write it.
-- A list in JSON; none for most.
alter table users add column skills text;
