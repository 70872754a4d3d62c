//! Every SQL text. Lower case, columns named, tenant first, time as a parameter; `$n` placeholders, which
//! SQLite and PostgreSQL both read.

use super::engine::Engine;
use crate::domain::ids::TenantId;

/// Names each statement and lists them all, so that a test can prepare every one.
macro_rules! statements {
    ($($name:ident = $text:expr;)*) => {
        $(pub(super) const $name: &str = $text;)*
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

macro_rules! tenant_columns {
    () => {
        "t.tenant_id, t.slug, t.name as tenant_name, t.region, t.zone as tenant_zone, \
         t.language as tenant_language, t.shared_lines, t.policy, t.revision"
    };
}

macro_rules! presence_columns {
    () => {
        "p.state, p.generation, p.since, p.until, p.at, p.source, p.reason, p.call_id as presence_call, p.hold, \
         p.plan, p.desk"
    };
}

macro_rules! agent_columns {
    () => {
        concat!(
            "u.user_id, u.login, u.name as user_name, u.zone as user_zone, u.language as user_language, \
             u.agent_code, u.skills, u.pin_hash, u.pin_wrong, u.pin_locked_until, ",
            presence_columns!()
        )
    };
}

macro_rules! mapping_columns {
    () => {
        "m.mapping_id, m.name as mapping_name, m.description, m.channel, m.kind, m.value, m.flow, m.version, \
         m.active"
    };
}

macro_rules! user_columns {
    () => {
        "u.user_id, u.login, u.name, u.zone, u.language, u.agent_code, u.skills, u.pin_hash is not null as has_pin, \
         u.active"
    };
}

/// Whether a user has the skill in a place, written as it stands in their list, or an empty text asks for none: as
/// `domain::skills::Skills::fit` has it.
macro_rules! fits_skill {
    ($place:literal) => {
        concat!("(", $place, " = '' or replace(u.skills, ", $place, ", '') <> u.skills)")
    };
}

macro_rules! token_columns {
    () => {
        "k.token_id, k.name as token_name, k.shown, k.role, k.rights, u.login as token_user, \
         u.active as user_active, k.created_at, k.expires_at, k.last_used_at, k.revoked_at"
    };
}

macro_rules! webhook_columns {
    () => {
        "w.webhook_id, w.name as webhook_name, w.url, w.types, w.users, w.active as webhook_active, w.stopped_by, \
         w.insecure_tls, w.secrets, w.created_at as webhook_created_at, w.cursor as webhook_cursor, w.failing_since"
    };
}

macro_rules! delivery_columns {
    () => {
        "d.seq, d.event_id, d.type, d.subject, d.at, d.state, d.attempts, d.due_at, d.tried_at, d.status, d.why"
    };
}

macro_rules! call_columns {
    () => {
        "c.call_id, c.account_sid, c.call_sid, c.caller, c.dialled, c.user_id as call_user, c.flow, c.version, \
         c.cursor, c.turn, c.menu_since, c.status, c.sequence, c.outcome, c.started_at, c.ended_at, c.steps"
    };
}

/// A new row of a call.
macro_rules! insert_call {
    () => {
        "insert into calls (tenant_id, call_id, account_sid, call_sid, caller, dialled, user_id, flow, version, \
         cursor, turn, menu_since, status, sequence, outcome, started_at, ended_at, steps) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)"
    };
}

statements! {
    // Voice.
    ARRIVAL = concat!("select t.tenant_id, t.revision, m.mapping_id, ", agent_columns!(), ", \
        u.active as user_active, u.revision as user_revision, exists (select 1 from calls c where c.call_id = $5) as known \
        from (select 'customer' as kind, $1 as value union all select 'contact-point', $2 \
        union all select 'source', $3 union all select 'direction', $4) k \
        join mappings m on m.value = k.value and m.kind = k.kind and m.active \
        join tenants t on t.tenant_id = m.tenant_id \
        left join extensions x on x.tenant_id = m.tenant_id and x.e164 = $1 \
        left join users u on u.tenant_id = x.tenant_id and u.user_id = x.user_id \
        left join presence p on p.tenant_id = u.tenant_id and p.user_id = u.user_id \
        where m.channel in ('voice', 'any')");
    // One row of values for each question that is asked together with others.
    ENCOUNTER = concat!("select k.column1 as place, t.revision, u.revision as user_revision, ", presence_columns!(), ", \
        exists (select 1 from calls c where c.call_id = k.column4) as known \
        from (values ($1, $2, $3, $4)) k \
        join tenants t on t.tenant_id = k.column2 \
        join users u on u.tenant_id = k.column2 and u.user_id = k.column3 \
        left join presence p on p.tenant_id = u.tenant_id and p.user_id = u.user_id");
    TENANT_OF_CALL = "select k.column1 as place, c.tenant_id from (values ($1, $2)) k \
        join calls c on c.call_id = k.column2";
    // As many at once as there are places; a place may stay empty.
    CALLS_IN_HAND = concat!("select k.column1 as place, t.tenant_id, t.revision, ", call_columns!(), ", ", agent_columns!(), " \
        from (values ($1, $2)) k join calls c on c.call_id = k.column2 \
        join tenants t on t.tenant_id = c.tenant_id \
        left join users u on u.tenant_id = c.tenant_id and u.user_id = c.user_id and u.active \
        left join presence p on p.tenant_id = u.tenant_id and p.user_id = u.user_id");
    AGENT_BY_CODE = concat!("select ", agent_columns!(), " from users u \
        left join presence p on p.tenant_id = u.tenant_id and p.user_id = u.user_id \
        where u.tenant_id = $1 and u.agent_code = $2 and u.active");
    AGENT_BY_ID = concat!("select ", agent_columns!(), " from users u \
        left join presence p on p.tenant_id = u.tenant_id and p.user_id = u.user_id \
        where u.tenant_id = $1 and u.user_id = $2");
    AGENT_HAS_NUMBER = "select x.user_id from extensions x \
        where x.tenant_id = $1 and x.e164 = $2 and x.user_id = $3 and x.active";
    INSERT_CALL = insert_call!();
    SAVE_CALL = concat!(insert_call!(), " on conflict (call_id, tenant_id) do update set \
        user_id = excluded.user_id, cursor = excluded.cursor, turn = excluded.turn, \
        menu_since = excluded.menu_since, status = excluded.status, sequence = excluded.sequence, \
        outcome = excluded.outcome, ended_at = excluded.ended_at, steps = excluded.steps");
    CALLS = concat!("select ", call_columns!(), " from calls c \
        where c.tenant_id = $1 and (c.started_at, c.call_id) < ($2, $3) \
        order by c.started_at desc, c.call_id desc limit $4");
    CALL_BY_ID = concat!("select ", call_columns!(), " from calls c where c.tenant_id = $1 and c.call_id = $2");
    CALL_BY_SID = concat!("select ", call_columns!(), " from calls c \
        where c.tenant_id = $1 and c.call_sid = $2 order by c.started_at desc limit 1");
    LOST_CALLS = concat!("select ", call_columns!(), " from calls c \
        where c.tenant_id = $1 and c.ended_at is null and c.started_at < $2 order by c.started_at limit 1000");
    INSERT_PIN_ATTEMPT = "insert into pin_attempts (tenant_id, attempt_id, dialled, user_id, at, outcome) \
        values ($1, $2, $3, $4, $5, $6)";
    COUNT_WRONG_PINS = "select count(*) as count from pin_attempts \
        where tenant_id = $1 and dialled = $2 and at > $3 and outcome <> 'right'";
    SAVE_PIN_RECORD = "update users set pin_wrong = $3, pin_locked_until = $4, revision = revision + 1 \
        where tenant_id = $1 and user_id = $2";

    // Presence.
    SAVE_PRESENCE = "insert into presence (tenant_id, user_id, state, generation, since, until, at, source, \
        reason, call_id, hold, plan, desk, turns_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
        on conflict (tenant_id, user_id) do update set state = excluded.state, \
        generation = excluded.generation, since = excluded.since, until = excluded.until, at = excluded.at, \
        source = excluded.source, reason = excluded.reason, call_id = excluded.call_id, hold = excluded.hold, \
        plan = excluded.plan, desk = excluded.desk, turns_at = excluded.turns_at";
    // A window's end waits for a menu that was open when it came, for as long as `presence::lapse` says; its
    // length is a parameter, so that the number has one home.
    DUE = concat!("with open_menus as (select c.user_id, min(c.menu_since) as since from calls c \
        where c.tenant_id = $1 and c.menu_since <= $2 group by c.user_id) \
        select p.user_id, u.login, ", presence_columns!(), ", p.edge_at, m.since as menu_since \
        from presence p join users u on u.tenant_id = p.tenant_id and u.user_id = p.user_id \
        left join open_menus m on m.user_id = p.user_id and m.since < p.until \
        where p.state = 'online' and p.until <= $2 and p.tenant_id = $1 and (p.until <= $3 or m.since is null) \
        order by p.until, p.user_id limit $4");
    TURNING = concat!("select p.user_id, u.login, ", presence_columns!(), ", p.edge_at from presence p \
        join users u on u.tenant_id = p.tenant_id and u.user_id = p.user_id \
        where p.tenant_id = $1 and p.turns_at <= $2 order by p.turns_at, p.user_id limit $3");
    AT_EDGE = concat!("select p.user_id, u.login, ", presence_columns!(), ", p.edge_at, s.schedule from presence p \
        join users u on u.tenant_id = p.tenant_id and u.user_id = p.user_id \
        left join schedules s on s.tenant_id = p.tenant_id and s.user_id = p.user_id \
        where p.tenant_id = $1 and p.edge_at <= $2 order by p.edge_at, p.user_id limit $3");
    SAVE_EDGE = "insert into presence (tenant_id, user_id, state, generation, at, edge_at) \
        values ($1, $2, 'offline', 0, $3, $4) \
        on conflict (tenant_id, user_id) do update set edge_at = excluded.edge_at";
    TENANTS_WITH_DUE = "select t.tenant_id from tenants t where exists (select 1 from presence p \
        where p.tenant_id = t.tenant_id and p.state = 'online' and p.until <= $1) \
        or exists (select 1 from presence p where p.tenant_id = t.tenant_id and p.turns_at <= $1) \
        or exists (select 1 from presence p where p.tenant_id = t.tenant_id and p.edge_at <= $1)";
    // The next end of a window, or of the time for which an open menu may hold one; the next turn and the next edge.
    NEXT_DEADLINE = "select min(d.until) as until from (\
        select (select min(p.until) from presence p \
        where p.tenant_id = t.tenant_id and p.state = 'online' and p.until > $1) as until from tenants t \
        union all select (select min(p.until) from presence p \
        where p.tenant_id = t.tenant_id and p.state = 'online' and p.until > $2 and p.until <= $1) + $3 \
        from tenants t union all select (select min(p.turns_at) from presence p \
        where p.tenant_id = t.tenant_id and p.turns_at > $1) from tenants t \
        union all select (select min(p.edge_at) from presence p \
        where p.tenant_id = t.tenant_id and p.edge_at > $1) from tenants t) d";
    ARMED = "select count(*) as count from presence p where p.state = 'online'";
    BOARD = concat!("select ", agent_columns!(), " from users u \
        left join presence p on p.tenant_id = u.tenant_id and p.user_id = u.user_id \
        where u.tenant_id = $1 and (u.active or p.state = 'online') order by u.login");

    BOARD_AFTER = concat!("select ", agent_columns!(), " from users u \
        left join presence p on p.tenant_id = u.tenant_id and p.user_id = u.user_id \
        where u.tenant_id = $1 and u.login > $2 and (u.active or p.state = 'online') and ", fits_skill!("$4"), " \
        order by u.login limit $3");
    // Who is on duty, or has said when they will be. The first extension is the one that calls are sent to.
    CANDIDATES = concat!("with k as (select p.user_id from presence p \
        where p.tenant_id = $1 and p.state = 'online' and p.until > $2 \
        union select p.user_id from presence p where p.tenant_id = $1 and p.turns_at is not null) \
        select u.user_id, u.login, u.name, u.skills, x.e164, x.ext, ", presence_columns!(), " from k \
        join presence p on p.tenant_id = $1 and p.user_id = k.user_id \
        join users u on u.tenant_id = p.tenant_id and u.user_id = p.user_id and u.active \
        join extensions x on x.tenant_id = u.tenant_id and x.user_id = u.user_id and x.position = 0");

    // Schedules.
    SCHEDULES = "select u.login, s.schedule from schedules s \
        join users u on u.tenant_id = s.tenant_id and u.user_id = s.user_id \
        where s.tenant_id = $1 and u.login > $2 order by u.login limit $3";
    SCHEDULE_OF = "select s.schedule from schedules s where s.tenant_id = $1 and s.user_id = $2";
    SAVE_SCHEDULE = "insert into schedules (tenant_id, user_id, schedule) values ($1, $2, $3) \
        on conflict (tenant_id, user_id) do update set schedule = excluded.schedule";
    DELETE_SCHEDULE = "delete from schedules where tenant_id = $1 and user_id = $2";

    // How users spend their time.
    LEDGER = "select l.seq from ledgers l where l.tenant_id = $1";
    SAVE_LEDGER = "insert into ledgers (tenant_id, seq) values ($1, $2) \
        on conflict (tenant_id) do update set seq = excluded.seq";
    OPEN_SEGMENT = "select k.column1 as place, o.login, o.open from (values ($1, $2, $3)) k \
        join open_segments o on o.tenant_id = k.column2 and o.login = k.column3";
    OPEN_SEGMENTS = concat!("select o.login, o.open from open_segments o \
        join users u on u.tenant_id = o.tenant_id and u.login = o.login \
        where o.tenant_id = $1 and o.login >= $2 and o.login <= $3 and ", fits_skill!("$4"), " order by o.login");
    SAVE_OPEN_SEGMENT = "insert into open_segments (tenant_id, login, open) values ($1, $2, $3) \
        on conflict (tenant_id, login) do update set open = excluded.open";
    DELETE_OPEN_SEGMENT = "delete from open_segments where tenant_id = $1 and login = $2";
    INSERT_SEGMENT = "insert into segments (tenant_id, login, began_at, ended_at, duty, reason, state, label, \
        activity) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    // A month has hundreds for each user, and a row costs many times what a line does. Reasons and labels are lines
    // without tabs.
    SEGMENTS = concat!("select u.login, string_agg(s.began_at || '\t' || s.ended_at || '\t' || s.duty || '\t' || \
        coalesce(s.reason, '') || '\t' || s.state || '\t' || coalesce(s.label, '') || '\t' || s.activity, '\n') \
        from users u join segments s on s.tenant_id = u.tenant_id and s.login = u.login and s.ended_at > $4 \
        where u.tenant_id = $1 and u.login >= $2 and u.login <= $3 and s.began_at < $5 and ", fits_skill!("$6"), " \
        group by u.login order by u.login");
    DUTIES = concat!("select s.began_at, s.ended_at from segments s \
        join users u on u.tenant_id = s.tenant_id and u.login = s.login \
        where s.tenant_id = $1 and s.duty = 'online' and s.ended_at > $2 and s.began_at < $3 and ", fits_skill!("$4"));
    ALL_OPEN_SEGMENTS = concat!("select o.login, o.open from open_segments o \
        join users u on u.tenant_id = o.tenant_id and u.login = o.login \
        where o.tenant_id = $1 and ", fits_skill!("$2"));
    CALLS_BY_OUTCOME = "select c.flow, c.status, c.outcome, count(*) as count from calls c \
        where c.tenant_id = $1 and c.started_at >= $2 and c.started_at < $3 \
        group by c.flow, c.status, c.outcome order by c.flow, c.status, c.outcome";
    OLD_SEGMENTS = "select max(o.ended_at) as last from (select s.ended_at from segments s \
        where s.tenant_id = $1 and s.ended_at < $2 order by s.ended_at limit 1000) o";
    FORGET_SEGMENTS = "delete from segments where tenant_id = $1 and ended_at <= $2";

    // Events.
    ADVANCE_HEAD = "insert into outbox_heads (tenant_id, seq, hash) values ($1, $2, $3) \
        on conflict (tenant_id) do update set seq = excluded.seq, hash = excluded.hash";
    INSERT_EVENT = "insert into events (tenant_id, seq, event_id, at, type, subject, data, cause, hash) \
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    EVENTS_AFTER = "select e.seq, e.event_id, e.at, e.type, e.subject, e.data, e.cause from events e \
        where e.tenant_id = $1 and e.seq > $2 order by e.seq limit $3";
    PRESENCE_EVENTS_OF = "select e.seq, e.event_id, e.at, e.type, e.subject, e.data, e.cause from events e \
        where e.tenant_id = $1 and e.subject = $2 and e.type not like 'call.%' and e.type like 'presence.%' \
        order by e.seq desc limit $3";
    LAST_OF = "select e.seq, e.event_id, e.at, e.type, e.subject, e.data, e.cause from events e \
        where e.tenant_id = $1 and e.subject = $2 and e.type not like 'call.%' order by e.seq desc limit 1";
    // A cause begins with its actor: an admin at the command line, or whoever holds a token. What follows from a deed
    // is none.
    ADMIN_EVENTS = "select e.seq, e.event_id, e.at, e.type, e.subject, e.data, e.cause from events e \
        where e.tenant_id = $1 and (e.cause like '{\"actor\":\"admin:%' or e.cause like '{\"actor\":\"token:%') \
        and e.type not in ('UserAvailability', 'label.chosen', 'UserStatus') and e.seq < $2 order by e.seq desc limit $3";
    ADMIN_EVENTS_OF = "select e.seq, e.event_id, e.at, e.type, e.subject, e.data, e.cause from events e \
        where e.tenant_id = $1 and e.subject = $2 and e.type not like 'call.%' \
        and (e.cause like '{\"actor\":\"admin:%' or e.cause like '{\"actor\":\"token:%') \
        and e.type not in ('UserAvailability', 'label.chosen', 'UserStatus') and e.seq < $3 order by e.seq desc limit $4";
    HEAD = "select h.seq from outbox_heads h where h.tenant_id = $1";
    HEADS = "select h.tenant_id, h.seq from outbox_heads h";
    HEADS_OF = "select h.tenant_id, h.seq, h.hash from (values ($1)) k join outbox_heads h on h.tenant_id = k.column1";
    ENDS_OF_LOG = "select h.seq, h.hash, h.kept_behind, h.hash_behind, \
        (select max(e.seq) from events e where e.tenant_id = h.tenant_id) as newest \
        from outbox_heads h where h.tenant_id = $1";
    KEPT_ENTRIES = "select e.seq, e.event_id, e.at, e.type, e.subject, e.data, e.cause, e.hash from events e \
        where e.tenant_id = $1 and e.seq > $2 and e.seq <= $3 order by e.seq limit $4";

    // Tenants.
    TENANTS = concat!("select ", tenant_columns!(), " from tenants t order by t.slug");
    TENANTS_AFTER = concat!("select ", tenant_columns!(), " from tenants t where t.slug > $1 order by t.slug limit $2");
    TENANT_BY_ID = concat!("select ", tenant_columns!(), " from tenants t where t.tenant_id = $1");
    TENANT_BY_SLUG = concat!("select ", tenant_columns!(), " from tenants t where t.slug = $1");
    INSERT_TENANT = "insert into tenants (tenant_id, slug, name, region, zone, language, shared_lines, policy, \
        revision, steps_kept_from, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, $9)";
    UPDATE_TENANT = "update tenants set name = $2, region = $3, zone = $4, language = $5, shared_lines = $6, \
        policy = $7, revision = revision + 1 where tenant_id = $1";
    TOUCH_TENANT = "update tenants set revision = revision + 1 where tenant_id = $1";
    INSERT_HEAD = "insert into outbox_heads (tenant_id, seq) values ($1, 0)";
    SECRET = "select value from secrets where name = $1";
    INSERT_SECRET = "insert into secrets (name, value) values ($1, $2) on conflict (name) do nothing";

    // Users.
    USERS = concat!("select ", user_columns!(), " from users u where u.tenant_id = $1 order by u.login");
    USERS_AFTER = concat!("select ", user_columns!(), " from users u \
        where u.tenant_id = $1 and u.login > $2 and ", fits_skill!("$4"), " order by u.login limit $3");
    USER_BY_LOGIN = concat!("select ", user_columns!(), " from users u \
        where u.tenant_id = $1 and u.login = $2");
    USER_REVISION = "select u.revision from users u where u.tenant_id = $1 and u.login = $2";
    USER_BY_CODE = concat!("select ", user_columns!(), " from users u \
        where u.tenant_id = $1 and u.agent_code = $2 and u.active");
    INSERT_USER = "insert into users (tenant_id, user_id, login, name, zone, language, agent_code, pin_hash, \
        pin_wrong, active, revision, created_at, skills) values ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, 0, $10, $11)";
    UPDATE_USER = "update users set name = $3, zone = $4, language = $5, agent_code = $6, active = $7, skills = $8, \
        revision = revision + 1 \
        where tenant_id = $1 and user_id = $2";
    UPDATE_PIN = "update users set pin_hash = $3, pin_wrong = 0, pin_locked_until = null, \
        revision = revision + 1 \
        where tenant_id = $1 and user_id = $2";
    EXTENSIONS = "select x.user_id, x.extension_id, x.e164, x.ext, x.description from extensions x \
        where x.tenant_id = $1 order by x.user_id, x.position";
    EXTENSIONS_BETWEEN = "select x.user_id, x.extension_id, x.e164, x.ext, x.description from users u \
        join extensions x on x.tenant_id = u.tenant_id and x.user_id = u.user_id \
        where u.tenant_id = $1 and u.login > $2 and u.login <= $3 order by u.login, x.position";
    EXTENSIONS_OF = "select x.user_id, x.extension_id, x.e164, x.ext, x.description from extensions x \
        where x.tenant_id = $1 and x.user_id = $2 order by x.position";
    LINE_HOLDER = "select u.login from extensions x \
        join users u on u.tenant_id = x.tenant_id and u.user_id = x.user_id \
        where x.tenant_id = $1 and x.line = $2 and x.active and x.user_id <> $3";
    DELETE_EXTENSIONS = "delete from extensions where tenant_id = $1 and user_id = $2";
    INSERT_EXTENSION = "insert into extensions (tenant_id, extension_id, user_id, e164, ext, description, \
        position, line, active) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

    // Tokens.
    TOKENS = concat!("select ", token_columns!(), " from tokens k \
        left join users u on u.tenant_id = k.tenant_id and u.user_id = k.user_id \
        where k.tenant_id = $1 order by k.token_id");
    TOKENS_AFTER = concat!("select ", token_columns!(), " from tokens k \
        left join users u on u.tenant_id = k.tenant_id and u.user_id = k.user_id \
        where k.tenant_id = $1 and k.token_id > $2 order by k.token_id limit $3");
    TOKEN_BY_DIGEST = concat!("select ", token_columns!(), ", ", tenant_columns!(), " from tokens k \
        join tenants t on t.tenant_id = k.tenant_id \
        left join users u on u.tenant_id = k.tenant_id and u.user_id = k.user_id \
        where k.digest = $1");
    INSERT_TOKEN = "insert into tokens (tenant_id, token_id, name, shown, digest, role, rights, user_id, \
        created_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    REVOKE_TOKEN = "update tokens set revoked_at = $3 \
        where tenant_id = $1 and token_id = $2 and revoked_at is null";
    // Also where several requests found at once that it is time to.
    TOUCH_TOKEN = "update tokens set last_used_at = $3 where tenant_id = $1 and token_id = $2 \
        and (last_used_at is null or last_used_at <= $4)";

    // Requests that are carried out once.
    CLAIMED = "select r.request, r.at, r.answer from request_claims r \
        where r.tenant_id = $1 and r.token_id = $2 and r.key = $3";
    INSERT_CLAIM = "insert into request_claims (tenant_id, token_id, key, request, at) values ($1, $2, $3, $4, $5)";
    KEEP_ANSWER = "update request_claims set answer = $5 \
        where tenant_id = $1 and token_id = $2 and key = $3 and request = $4 and answer is null";

    // Tickets for the socket.
    INSERT_TICKET = "insert into tickets (tenant_id, digest, token_id, expires_at) values ($1, $2, $3, $4)";
    TICKET = concat!("select s.expires_at as ticket_end, ", token_columns!(), ", ", tenant_columns!(), " from tickets s \
        join tokens k on k.tenant_id = s.tenant_id and k.token_id = s.token_id \
        join tenants t on t.tenant_id = s.tenant_id \
        left join users u on u.tenant_id = k.tenant_id and u.user_id = k.user_id \
        where s.digest = $1");
    USE_TICKET = "delete from tickets where tenant_id = $1 and digest = $2";

    // Webhooks.
    WEBHOOKS = concat!("select ", webhook_columns!(), ", (select count(*) from deliveries d \
        where d.tenant_id = w.tenant_id and d.webhook_id = w.webhook_id and d.state = 'waiting') as waiting, \
        (select count(*) from deliveries d \
        where d.tenant_id = w.tenant_id and d.webhook_id = w.webhook_id and d.state = 'dead') as dead \
        from webhooks w where w.tenant_id = $1 order by w.webhook_id");
    WEBHOOKS_AT_REST = concat!("select ", webhook_columns!(), ", ", tenant_columns!(), ", h.seq as head, \
        (select count(*) from deliveries d \
        where d.tenant_id = w.tenant_id and d.webhook_id = w.webhook_id and d.state = 'waiting') as waiting, \
        (select min(d.due_at) from deliveries d \
        where d.tenant_id = w.tenant_id and d.webhook_id = w.webhook_id and d.state = 'waiting') as due_at \
        from webhooks w join tenants t on t.tenant_id = w.tenant_id \
        join outbox_heads h on h.tenant_id = w.tenant_id \
        where w.active and w.leased_until <= $1 order by w.webhook_id");
    INSERT_WEBHOOK = "insert into webhooks (tenant_id, webhook_id, name, url, types, users, active, stopped_by, \
        insecure_tls, secrets, created_at, cursor, leased_until) \
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0)";
    // A turn that is under way goes on.
    UPDATE_WEBHOOK = "update webhooks set name = $3, url = $4, types = $5, users = $6, active = $7, \
        stopped_by = $8, insecure_tls = $9, secrets = $10 where tenant_id = $1 and webhook_id = $2";
    DELETE_WEBHOOK = "delete from webhooks where tenant_id = $1 and webhook_id = $2";
    DELETE_DELIVERIES = "delete from deliveries where tenant_id = $1 and webhook_id = $2";
    LEASE_WEBHOOK = "update webhooks set lease = $3, leased_until = $4 \
        where tenant_id = $1 and webhook_id = $2 and active and leased_until <= $5";
    LEASED_WEBHOOK = concat!("select ", webhook_columns!(), " from webhooks w \
        where w.tenant_id = $1 and w.webhook_id = $2 and w.lease = $3");
    LEASED_WEBHOOKS = concat!("select ", webhook_columns!(), " from webhooks w where w.lease = $1");
    // Comes before what else the turn brings about, and keeps others from the lease until all of it is committed.
    END_TURN = "update webhooks set cursor = $4, failing_since = $5, leased_until = $6 \
        where tenant_id = $1 and webhook_id = $2 and lease = $3";
    STOP_WEBHOOK = "update webhooks set active = false, stopped_by = $4 \
        where tenant_id = $1 and webhook_id = $2 and lease = $3 and active";
    WAITING = "select d.webhook_id, d.seq, d.subject, d.attempts, d.due_at from webhooks w \
        join deliveries d on d.tenant_id = w.tenant_id and d.webhook_id = w.webhook_id and d.state = 'waiting' \
        where w.lease = $1 order by d.webhook_id, d.seq";
    DELIVERIES = concat!("select ", delivery_columns!(), " from deliveries d \
        where d.tenant_id = $1 and d.webhook_id = $2 and d.state = $3 and d.seq > $4 order by d.seq limit $5");
    SAVE_DELIVERY = "insert into deliveries (tenant_id, webhook_id, seq, event_id, type, subject, at, state, \
        attempts, due_at, tried_at, status, why) \
        select w.tenant_id, w.webhook_id, cast($4 as bigint), cast($5 as text), cast($6 as text), cast($7 as text), \
        cast($8 as bigint), cast($9 as text), cast($10 as bigint), cast($11 as bigint), cast($12 as bigint), \
        cast($13 as bigint), cast($14 as text) \
        from webhooks w where w.tenant_id = $1 and w.webhook_id = $2 and w.lease = $3 \
        on conflict (tenant_id, webhook_id, seq) do update set state = excluded.state, \
        attempts = excluded.attempts, due_at = excluded.due_at, tried_at = excluded.tried_at, \
        status = excluded.status, why = excluded.why";
    DELETE_DELIVERY = "delete from deliveries where tenant_id = $1 and webhook_id = $2 and seq = $4 \
        and exists (select 1 from webhooks w where w.tenant_id = $1 and w.webhook_id = $2 and w.lease = $3)";
    SET_DUE = "update deliveries set due_at = $5 where tenant_id = $1 and webhook_id = $2 and seq = $4 \
        and state = 'waiting' \
        and exists (select 1 from webhooks w where w.tenant_id = $1 and w.webhook_id = $2 and w.lease = $3)";
    // Of one event, or of all.
    COUNT_DEAD = "select count(*) as count from deliveries d where d.tenant_id = $1 and d.webhook_id = $2 \
        and d.state = 'dead' and (cast($3 as text) is null or d.event_id = $3)";
    REPLAY = "update deliveries set state = 'waiting', attempts = 0, due_at = $4 \
        where tenant_id = $1 and webhook_id = $2 and state = 'dead' and (cast($3 as text) is null or event_id = $3)";
    OLDEST_WAITING = "select min(d.at) as oldest from deliveries d where d.state = 'waiting'";

    // Prompts and recordings.
    PROMPTS = "select p.language, p.name, p.kind, p.content from prompts p \
        where p.tenant_id = $1 order by p.language, p.name";
    PROMPTS_AFTER = "select p.language, p.name, p.kind, p.content from prompts p \
        where p.tenant_id = $1 and (p.language, p.name) > ($2, $3) order by p.language, p.name limit $4";
    SAVE_PROMPT = "insert into prompts (tenant_id, language, name, kind, content) values ($1, $2, $3, $4, $5) \
        on conflict (tenant_id, language, name) do update set kind = excluded.kind, content = excluded.content";
    DELETE_PROMPT = "delete from prompts where tenant_id = $1 and language = $2 and name = $3";
    INSERT_MEDIA = "insert into media (sha256, format, bytes, duration_ms, sample_rate) \
        values ($1, $2, $3, $4, $5) on conflict (sha256, format) do nothing";
    MEDIA = "select m.bytes from media m where m.sha256 = $1 and m.format = $2";
    MEDIA_NAMES = "select m.sha256, m.format from media m order by m.sha256, m.format";

    // Flows.
    FLOWS = "select f.flow, f.version, f.state, f.source, f.uses, f.created_at from flow_versions f \
        where f.tenant_id = $1 order by f.flow, f.version";
    FLOWS_AFTER = "select f.flow, f.version, f.state, f.source, f.uses, f.created_at from flow_versions f \
        where f.tenant_id = $1 and (f.flow, f.version) > ($2, $3) order by f.flow, f.version limit $4";
    FLOW = "select f.flow, f.version, f.state, f.source, f.uses, f.created_at from flow_versions f \
        where f.tenant_id = $1 and f.flow = $2 and f.version = $3";
    LATEST_FLOW = "select f.flow, f.version, f.state, f.source, f.uses, f.created_at from flow_versions f \
        where f.tenant_id = $1 and f.flow = $2 and f.state = 'published' order by f.version desc limit 1";
    INSERT_FLOW = "insert into flow_versions (tenant_id, flow, version, state, source, uses, created_at) \
        values ($1, $2, $3, $4, $5, $6, $7)";

    // Mappings.
    MAPPINGS = concat!("select ", mapping_columns!(), " from mappings m where m.tenant_id = $1 order by m.name");
    MAPPINGS_AFTER = concat!("select ", mapping_columns!(), " from mappings m \
        where m.tenant_id = $1 and m.name > $2 order by m.name limit $3");
    MAPPING_BY_NAME = concat!("select ", mapping_columns!(), " from mappings m \
        where m.tenant_id = $1 and m.name = $2");
    MAPPING_IN_FORCE = concat!("select ", mapping_columns!(), ", coalesce((select f.version from flow_versions f \
        where f.tenant_id = m.tenant_id and f.flow = m.flow and f.version = m.version and f.state = 'published'), \
        (select max(f.version) from flow_versions f \
         where f.tenant_id = m.tenant_id and f.flow = m.flow and f.state = 'published')) as runs \
        from mappings m where m.tenant_id = $1 and m.mapping_id = $2");
    SAVE_MAPPING = "insert into mappings (tenant_id, mapping_id, name, description, channel, kind, value, \
        flow, version, active) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
        on conflict (tenant_id, mapping_id) do update set name = excluded.name, \
        description = excluded.description, channel = excluded.channel, kind = excluded.kind, \
        value = excluded.value, flow = excluded.flow, version = excluded.version, active = excluded.active";
    DELETE_MAPPING = "delete from mappings where tenant_id = $1 and mapping_id = $2";
    CONTACT_POINT_HOLDER = "select t.slug from mappings m join tenants t on t.tenant_id = m.tenant_id \
        where m.active and m.kind = 'contact-point' and m.value = $1 and m.channel = $2 and m.mapping_id <> $3";
    CONTACT_POINT = "select 1 as found from mappings m where m.kind = 'contact-point' and m.value = $1";
    CONTACT_POINTS = "select distinct m.value from mappings m where m.kind = 'contact-point'";
    EXTENSION_WITH_NUMBER = "select u.login from extensions x \
        join users u on u.tenant_id = x.tenant_id and u.user_id = x.user_id \
        where x.e164 = $1 and x.active";

    // The schema. Other binaries read it too: it stays as it is, and so do the two tables.
    SCHEMA = "select max(m.version) as version, (select f.oldest from schema_floor f) as oldest \
        from _sqlx_migrations m";

    // Upkeep.
    OLD_STEPS = "select max(o.started_at) as last from (select c.started_at from calls c \
        where c.tenant_id = $1 and c.started_at < $2 \
        and c.started_at >= (select t.steps_kept_from from tenants t where t.tenant_id = $1) \
        order by c.started_at limit 1000) o";
    FORGET_STEPS = "update calls set steps = '[]' where tenant_id = $1 and started_at <= $2 \
        and started_at >= (select t.steps_kept_from from tenants t where t.tenant_id = $1)";
    KEEP_STEPS_BEHIND = "update tenants set steps_kept_from = $2 + 1 where tenant_id = $1";
    OLD_CALLS = "select max(o.started_at) as last from (select c.started_at from calls c \
        where c.tenant_id = $1 and c.started_at < $2 and c.ended_at is not null \
        order by c.started_at limit 1000) o";
    FORGET_CALLS = "delete from calls where tenant_id = $1 and started_at <= $2 and ended_at is not null";
    OLD_EVENTS = "select max(o.seq) as last from (select e.seq, e.at from events e \
        where e.tenant_id = $1 order by e.seq limit 1000) o where o.at < $2";
    KEEP_EVENTS_BEHIND = "update outbox_heads set kept_behind = $2, hash_behind = coalesce((select e.hash from events e \
        where e.tenant_id = $1 and e.seq <= $2 and e.hash is not null order by e.seq desc limit 1), hash_behind) \
        where tenant_id = $1";
    FORGET_EVENTS = "delete from events where tenant_id = $1 and seq <= $2";
    // Their identifiers rise with time.
    OLD_PIN_ATTEMPTS = "select max(o.at) as last from (select a.at from pin_attempts a \
        where a.tenant_id = $1 order by a.attempt_id limit 1000) o where o.at < $2";
    FORGET_PIN_ATTEMPTS = "delete from pin_attempts where tenant_id = $1 and at <= $2 and attempt_id in \
        (select a.attempt_id from pin_attempts a where a.tenant_id = $1 order by a.attempt_id limit 1000)";
    OLD_CLAIMS = "select max(o.at) as last from (select r.at from request_claims r \
        where r.tenant_id = $1 and r.at < $2 order by r.at limit 1000) o";
    OLD_TICKETS = "select max(o.expires_at) as last from (select s.expires_at from tickets s \
        where s.tenant_id = $1 and s.expires_at < $2 order by s.expires_at limit 1000) o";
    FORGET_TICKETS = "delete from tickets where tenant_id = $1 and expires_at <= $2";
    FORGET_CLAIMS = "delete from request_claims where tenant_id = $1 and at <= $2";
    OLD_DEAD_LETTERS = "select max(o.tried_at) as last from (select d.tried_at from deliveries d \
        where d.tenant_id = $1 and d.state = 'dead' and d.tried_at < $2 order by d.tried_at limit 1000) o";
    FORGET_DEAD_LETTERS = "delete from deliveries where tenant_id = $1 and state = 'dead' and tried_at <= $2";
}

/// A question that the engines understand in different words only.
#[derive(Debug)]
pub(super) struct Twofold {
    pub(super) sqlite: &'static str,
    pub(super) postgres: &'static str,
}

impl Twofold {
    /// In the words of this engine.
    pub(super) fn on(&self, engine: &Engine) -> &'static str {
        match engine {
            Engine::Sqlite(_) => self.sqlite,
            Engine::Postgres { .. } => self.postgres,
        }
    }
}

/// Whether the first migration was made: one row, one truth.
pub(super) const HAS_SCHEMA: Twofold = Twofold {
    sqlite: "select exists (select 1 from sqlite_master where name = 'schema_floor')",
    postgres: "select to_regclass('schema_floor') is not null",
};

/// The engine's clock, in unix milliseconds.
pub(super) const TIME: Twofold = Twofold {
    sqlite: "select cast(unixepoch('subsec') * 1000 as integer) as now",
    postgres: "select (extract(epoch from clock_timestamp()) * 1000)::bigint as now",
};

/// Begins a transaction on PostgreSQL that holds the tenant's lock, and tells the head of its log and the time once it
/// does. What it reads later must not be older than the lock: hence statements of their own, each of which sees what
/// was committed when it began. Identifiers are ours and hold no quotes.
pub(super) fn begin_on_postgres(tenant: Option<&TenantId>) -> String {
    let lock = tenant.map(|tenant| {
        format!(
            "select h.tenant_id, h.seq, h.hash from outbox_heads h where h.tenant_id = '{}' for update; ",
            tenant.as_str()
        )
    });
    format!(
        "begin isolation level read committed; {}{}; savepoint start",
        lock.unwrap_or_default(),
        TIME.postgres
    )
}

/// Begins a transaction on PostgreSQL in which nobody else writes to the tables. The heads come first, so that units
/// of work wait before they have begun, and hold nothing that this would wait for; then the tables, for what is of no
/// tenant yet, or of all. What statements see from here on is the same for each of them.
pub(super) fn hold_on_postgres(tables: &str) -> String {
    format!(
        "begin isolation level read committed; select h.seq from outbox_heads h for update; \
         lock table {tables} in share row exclusive mode"
    )
}

#[cfg(test)]
mod tests;
