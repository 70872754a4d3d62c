-- Each tenant's log is a chain: an entry's hash covers the hash of the entry before it
-- (docs/decisions/014-the-log-is-a-chain.md). The floor stays: binaries from before write entries without a hash, and
-- those stand in the log as what they are.
alter table events add column hash text;

-- Of the last entry that has one.
alter table outbox_heads add column hash text;
-- Entries are forgotten up to this seq; the last hash of what is forgotten.
alter table outbox_heads add column kept_behind bigint not null default 0;
alter table outbox_heads add column hash_behind text;
update outbox_heads set kept_behind = coalesce(
  (select min(e.seq) - 1 from events e where e.tenant_id = outbox_heads.tenant_id), seq);
