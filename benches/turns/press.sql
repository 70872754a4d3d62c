-- A deciding key as one function of PostgreSQL's: what the line writes for one, with nothing of ours around it. It
-- has less to do: numbers from a sequence have gaps and are not in the order of commits, so nobody waits for anybody.
create sequence press_seq start 1000000000;

create function press(of_tenant text, of_user text, of_call text) returns void language plpgsql as $$
declare
  now bigint := (extract(epoch from clock_timestamp()) * 1000)::bigint;
begin
  perform 1 from calls c join users u on u.tenant_id = c.tenant_id and u.user_id = c.user_id where c.call_id = of_call;
  perform 1 from presence where tenant_id = of_tenant and user_id = of_user for update;
  update presence set generation = generation + 1, since = now, until = now + 28800000, at = now, source = 'phone',
    reason = 'logged_in', call_id = of_call where tenant_id = of_tenant and user_id = of_user;
  update calls set turn = turn + 1, outcome = 'online', steps = steps where tenant_id = of_tenant and call_id = of_call;
  insert into events select e.tenant_id, nextval('press_seq'), 'evt_' || nextval('press_seq'), now, e.type, e.subject,
    e.data, e.cause, e.hash from (select * from events where tenant_id = of_tenant order by seq limit 2) e;
end
$$;
