-- One set for every engine. Instants are unix milliseconds, identifiers prefixed text, the tenant comes first.

-- The oldest schema version whose binaries still understand this database: one row, which later migrations raise
-- (docs/decisions/011-the-database-says-who-understands-it.md).
create table schema_floor (
  oldest bigint not null
);
insert into schema_floor (oldest) values (1);

create table tenants (
  tenant_id text primary key,
  slug text not null unique,
  name text not null,
  region text not null,
  zone text not null,
  language text not null,
  -- Several users may share a number and differ by extension.
  shared_lines boolean not null,
  -- Rises with every change of the tenant, its prompts, flows or mappings, so that a server knows when to read
  -- them again.
  revision bigint not null,
  -- The answered turns of calls that began before it are forgotten.
  steps_kept_from bigint not null,
  created_at bigint not null
);

-- The last seq of each tenant's events. Written last in a unit of work, so that seq has no gaps and
-- follows the order of commits.
create table outbox_heads (
  tenant_id text primary key references tenants,
  seq bigint not null
);

-- State, outbox and audit trail in one: written in the unit of work of what it tells.
create table events (
  tenant_id text not null references tenants,
  seq bigint not null,
  event_id text not null,
  at bigint not null,
  type text not null,
  subject text not null,
  data text not null,
  cause text not null,
  primary key (tenant_id, seq)
);
-- What happens in a call is read in the order of events, or with the call.
create index events_subject on events (tenant_id, subject, seq) where type not like 'call.%';

create table users (
  tenant_id text not null references tenants,
  user_id text not null,
  login text not null,
  name text not null,
  zone text,
  language text,
  agent_code text,
  pin_hash text,
  pin_wrong bigint not null,
  pin_locked_until bigint,
  active boolean not null,
  -- Rises with every change of the user and their extensions, but not of their presence.
  revision bigint not null,
  created_at bigint not null,
  primary key (tenant_id, user_id)
);
create unique index users_login on users (tenant_id, login);
create unique index users_agent_code on users (tenant_id, agent_code) where active;

create table extensions (
  tenant_id text not null references tenants,
  extension_id text not null,
  user_id text not null,
  e164 text not null,
  ext text,
  description text not null,
  position bigint not null,
  -- What must be unique among active users: the number, and on shared lines the extension too.
  line text not null,
  active boolean not null,
  primary key (tenant_id, extension_id),
  foreign key (tenant_id, user_id) references users
);
create unique index extensions_line on extensions (tenant_id, line) where active;
create index extensions_e164 on extensions (tenant_id, e164);
create index extensions_user on extensions (tenant_id, user_id, position);

-- One lean row per agent; what was before is in the events.
create table presence (
  tenant_id text not null references tenants,
  user_id text not null,
  state text not null check (state in ('offline', 'online')),
  generation bigint not null,
  since bigint,
  until bigint,
  at bigint not null,
  source text,
  reason text,
  call_id text,
  hold text,
  primary key (tenant_id, user_id),
  foreign key (tenant_id, user_id) references users,
  check ((state = 'online') = (until is not null))
);
-- In the order in which windows end, so that many that end at one instant are not sorted for each batch.
create index presence_due on presence (tenant_id, until, user_id) where state = 'online';

create table media (
  sha256 text not null,
  format text not null check (format in ('wav', 'mp3')),
  bytes bytea not null,
  duration_ms bigint not null,
  sample_rate bigint not null,
  primary key (sha256, format)
);

create table prompts (
  tenant_id text not null references tenants,
  language text not null,
  name text not null,
  kind text not null check (kind in ('say', 'play', 'list')),
  content text not null,
  primary key (tenant_id, language, name)
);

create table flow_versions (
  tenant_id text not null references tenants,
  flow text not null,
  version bigint not null,
  state text not null check (state in ('draft', 'published')),
  source text not null,
  -- The versions of the flows that it runs, fixed when it was published.
  uses text not null,
  created_at bigint not null,
  primary key (tenant_id, flow, version)
);

create table mappings (
  tenant_id text not null references tenants,
  mapping_id text not null,
  name text not null,
  description text not null,
  channel text not null,
  kind text not null,
  value text not null,
  flow text not null,
  -- None is whatever version is the latest when a call comes in.
  version bigint,
  active boolean not null,
  primary key (tenant_id, mapping_id)
);
create unique index mappings_name on mappings (tenant_id, name);
create unique index mappings_rule on mappings (tenant_id, kind, value, channel) where active;
-- A dialled number says whose call it is.
create unique index mappings_contact_point on mappings (value, channel) where active and kind = 'contact-point';
create index mappings_value on mappings (value, kind) where active;

create table calls (
  tenant_id text not null references tenants,
  -- Follows from the carrier's name of the call, so that a request finds it before its tenant is known.
  call_id text not null,
  account_sid text not null,
  call_sid text not null,
  caller text not null,
  dialled text not null,
  user_id text,
  flow text not null,
  version bigint not null,
  -- Where the flow stands; the engine's own.
  cursor text not null,
  -- The turn that is asked for next: turns below it are answered.
  turn bigint not null,
  -- Since when the agent's menu is open, while it is.
  menu_since bigint,
  status text not null,
  sequence bigint,
  outcome text,
  started_at bigint not null,
  ended_at bigint,
  -- The answered turns, a list. They change with the call, so they lie with it and not elsewhere.
  steps text not null,
  primary key (call_id, tenant_id)
);
-- In the order in which calls begin, so that neighbours share a page. That those which go on have no end is said in
-- the index too: SQLite would not take it otherwise.
create index calls_started on calls (tenant_id, started_at);
create index calls_live on calls (tenant_id, ended_at, started_at) where ended_at is null;
create index calls_open_menus on calls (tenant_id, menu_since, user_id) where menu_since is not null;

create table pin_attempts (
  tenant_id text not null,
  attempt_id text not null,
  dialled text not null,
  user_id text,
  at bigint not null,
  outcome text not null,
  primary key (tenant_id, attempt_id)
);
create index pin_attempts_dialled on pin_attempts (tenant_id, dialled, at);

-- What the nodes of one deployment share.
create table secrets (
  name text primary key,
  value text not null
);
