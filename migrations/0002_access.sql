-- Tokens of the API. What opens them is with their bearers alone.

create table tokens (
  tenant_id text not null references tenants,
  token_id text not null,
  name text not null,
  -- How the secret begins, by which people know the token again.
  shown text not null,
  -- Of the secret, which is drawn at random: a plain SHA-256 cannot be guessed back.
  digest text not null,
  role text not null,
  -- A list in JSON; all of the role's, if none.
  rights text,
  -- The agent for whom an agent's token speaks.
  user_id text,
  created_at bigint not null,
  expires_at bigint,
  last_used_at bigint,
  revoked_at bigint,
  primary key (tenant_id, token_id),
  foreign key (tenant_id, user_id) references users
);
-- A request is known by it before its tenant is.
create unique index tokens_digest on tokens (digest);
-- A name is given again once its token is revoked.
create unique index tokens_name on tokens (tenant_id, name) where revoked_at is null;
