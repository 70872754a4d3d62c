-- Endpoints that the log of events is sent to (docs/decisions/015-deliveries-are-a-cursor-and-what-failed.md).

create table webhooks (
  tenant_id text not null references tenants,
  webhook_id text not null,
  name text not null,
  url text not null,
  -- Lists in JSON; all, if none.
  types text,
  users text,
  active boolean not null,
  stopped_by text,
  insecure_tls boolean not null,
  -- A list in JSON, the newest first. They sign, so they are here themselves.
  secrets text not null,
  created_at bigint not null,
  -- Every event up to here is delivered, was not wanted, or has a row in `deliveries`.
  cursor bigint not null,
  -- Since when no attempt has succeeded, while the last ones have not.
  failing_since bigint,
  -- Whose turn it is to send, and until when it is nobody else's. What a turn brings about is written by the holder of
  -- its lease alone.
  lease text,
  leased_until bigint not null,
  primary key (tenant_id, webhook_id)
);
create unique index webhooks_name on webhooks (tenant_id, name);

-- What was not delivered at once. There is no row for what was, nor for what is behind the cursor.
create table deliveries (
  tenant_id text not null references tenants,
  webhook_id text not null,
  seq bigint not null,
  event_id text not null,
  type text not null,
  subject text not null,
  at bigint not null,
  state text not null check (state in ('waiting', 'dead')),
  attempts bigint not null,
  -- When the next attempt is; none while an earlier event about the subject waits, and for what is dead.
  due_at bigint,
  tried_at bigint,
  -- What the last attempt was answered, if it was, and why it failed.
  status bigint,
  why text,
  primary key (tenant_id, webhook_id, seq)
);
create index deliveries_due on deliveries (tenant_id, webhook_id, due_at) where state = 'waiting';
create index deliveries_dead on deliveries (tenant_id, tried_at) where state = 'dead';
