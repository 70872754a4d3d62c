-- What clients of the API use once: keys of writes, and tickets for the socket.

-- Writes that were asked for under a key of the client's, which are carried out once.
create table request_claims (
  tenant_id text not null references tenants,
  token_id text not null,
  -- The client's `Idempotency-Key`.
  key text not null,
  -- A digest of what was asked for and of the token's secret, without which it cannot be guessed back.
  request text not null,
  at bigint not null,
  -- What was answered; none until then, and for good if the server ended in between.
  answer text,
  primary key (tenant_id, token_id, key),
  foreign key (tenant_id, token_id) references tokens
);
-- The oldest are forgotten first.
create index request_claims_at on request_claims (tenant_id, at);

-- Tickets for the socket; one that has been used is gone.
create table tickets (
  tenant_id text not null references tenants,
  -- Of the ticket, which is drawn at random: a plain SHA-256 cannot be guessed back.
  digest text not null,
  -- For whose bearer it is.
  token_id text not null,
  expires_at bigint not null,
  primary key (tenant_id, digest),
  foreign key (tenant_id, token_id) references tokens
);
-- A ticket is known by it before its tenant is.
create unique index tickets_digest on tickets (digest);
-- The oldest are forgotten first.
create index tickets_end on tickets (tenant_id, expires_at);
