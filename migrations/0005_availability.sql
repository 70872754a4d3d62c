-- What users say of themselves, what telephony says of them, and when they work. It changes with the presence, so it
-- lies with it.

-- Availabilities but for the duty window, in JSON; none for most.
alter table presence add column plan text;
-- Terminals with a call, wrap-up and settings, in JSON; none where all is as it is by default.
alter table presence add column desk text;
-- When time alone next changes something else than the window.
alter table presence add column turns_at bigint;
-- The next edge of the user's hours of work.
alter table presence add column edge_at bigint;
create index presence_turning on presence (tenant_id, turns_at, user_id) where turns_at is not null;
create index presence_edges on presence (tenant_id, edge_at, user_id) where edge_at is not null;

-- What the tenant has decided about presence, in JSON; none where all is as it is by default.
alter table tenants add column policy text;

-- Hours of work, in JSON.
create table schedules (
  tenant_id text not null references tenants,
  user_id text not null,
  schedule text not null,
  primary key (tenant_id, user_id),
  foreign key (tenant_id, user_id) references users
);
