-- How users spend their time, told by the log and nothing else: it can be made again from it.

-- Stretches that are over.
create table segments (
  tenant_id text not null references tenants,
  login text not null,
  began_at bigint not null,
  ended_at bigint not null,
  duty text not null,
  reason text,
  state text not null,
  label text,
  activity text not null,
  -- Stretches of one user follow on one another, so that this is the order of their beginnings too.
  primary key (tenant_id, login, ended_at)
);
create index segments_ended on segments (tenant_id, ended_at);

-- Each user's open stretch, in JSON.
create table open_segments (
  tenant_id text not null references tenants,
  login text not null,
  open text not null,
  primary key (tenant_id, login)
);

-- How far the log has been read.
create table ledgers (
  tenant_id text primary key references tenants,
  seq bigint not null
);
