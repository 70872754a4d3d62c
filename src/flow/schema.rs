//! The JSON Schema of flow files (draft 2020-12), generated from the types that read them. It ships as
//! `flows/flow.schema.json`, which the first line of a flow file names, so that editors complete and explain.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::domain::ids::Name;
use crate::domain::phone::E164;
use crate::domain::presence::WhenOnline;
use crate::domain::time::{TimeOfDay, Zone};
use crate::domain::trust::PinPolicy;
use crate::flow::file::FlowFile;
use crate::flow::keys::Keys;

/// The schema as it is shipped: pretty JSON and a line end.
pub fn flow_schema() -> String {
    let schema =
        SchemaSettings::draft2020_12().for_deserialize().into_generator().into_root_schema_for::<FlowFile>();
    format!("{:#}\n", schema.as_value())
}

/// `JsonSchema` for types of our own that know nothing of it.
macro_rules! describe {
    ($($type:ty = $schema:tt;)*) => {$(
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )*};
}

describe! {
    Name = { "type": "string", "pattern": "^[a-z][a-z0-9_-]{0,63}$" };
    Keys = { "type": "string", "pattern": "^[0-9*#]{1,32}$" };
    E164 = { "type": "string", "pattern": r"^\+[1-9][0-9]{1,14}$" };
    TimeOfDay = { "type": "string", "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$" };
    Zone = { "type": "string" };
    WhenOnline = { "oneOf": [
        { "const": WhenOnline::Replace, "description": "The new end counts from now, even if that is sooner." },
        { "const": WhenOnline::Extend, "description": "The hours are added to the old end." },
        { "const": WhenOnline::Max, "description": "The later of the old end and the new one." }
    ] };
    PinPolicy = { "oneOf": [
        { "const": PinPolicy::Unattested, "description": "Unless the carriers attest the caller's number in full." },
        { "const": PinPolicy::Always, "description": "Always." },
        { "const": PinPolicy::Never, "description": "Never." }
    ] };
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::flow::check::check;

    #[test]
    fn the_shipped_schema_is_the_generated_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/flows/flow.schema.json");
        if std::env::var_os("DUTYLINE_BLESS").is_some() {
            std::fs::write(path, flow_schema()).expect("the schema can be written");
        }
        let shipped = std::fs::read_to_string(path).expect("the schema is shipped");
        assert_eq!(shipped, flow_schema(), "run this test with DUTYLINE_BLESS=1 to write {path} anew");
    }

    #[test]
    fn the_schema_and_the_check_agree() {
        let schema: Value = serde_json::from_str(&flow_schema()).expect("JSON");
        let validator = jsonschema::draft202012::new(&schema).expect("a schema");
        let agree = |fits: bool, source: &str| {
            let file: Value = toml::from_str(source).expect("TOML");
            assert_eq!(validator.is_valid(&file), fits, "schema: {source}");
            assert_eq!(check(source).0.is_some(), fits, "check: {source}");
        };
        for shipped in
            [include_str!("../../flows/timed-presence.toml"), include_str!("../../flows/front-desk.toml")]
        {
            agree(true, shipped);
        }
        for (fits, node) in NODES {
            let header = "[flow]\nname = 'f'\nkind = 'reusable'\nstart = 'a'\n";
            agree(fits, &format!("{header}[node.a.{node}\n[node.b.exit]"));
        }
        for (fits, header) in [
            (true, "name = 'f'\nkind = 'resource'\nstart = 'b'"),
            (false, "name = 'F'\nkind = 'resource'\nstart = 'b'"),
            (false, "name = 'f'\nkind = 'sales'\nstart = 'b'"),
            (false, "name = 'f'\nstart = 'b'"),
            (false, "name = 'f'\nkind = 'resource'\nstart = 'b'\nversion = 1"),
        ] {
            agree(fits, &format!("[flow]\n{header}\n[node.b.exit]"));
        }
        agree(false, "[flow]\nname = 'f'\nkind = 'customer'\nstart = 'b'");
        agree(false, "[node.b.exit]");
    }

    /// The node `a` from its kind on; `b` is an exit.
    const NODES: [(bool, &str); 40] = [
        (true, "timed_presence]\nnext = 'b'"),
        (true, "timed_presence]\npresets = []\nnext = 'b'"),
        (true, "timed_presence]\npresets = [1, 168]\nmax_hours = 168\ntries = 10\nnext = 'b'"),
        (true, "timed_presence]\nkey_timeout = 60\ndigit_timeout = 1\nprompts.welcome = 'hello'\nnext = 'b'"),
        (true, "timed_presence]\nwhen_online = 'max'\npin = 'never'\nid_pin_login = true\nnext = 'b'"),
        (false, "timed_presence]\nnext = 'B'"),
        (false, "timed_presence]"),
        (false, "timed_presence]\npresets = [1, 2, 3, 4, 5]\nnext = 'b'"),
        (false, "timed_presence]\npresets = [8, 8]\nnext = 'b'"),
        (false, "timed_presence]\npresets = [169]\nnext = 'b'"),
        (false, "timed_presence]\npresets = 8\nnext = 'b'"),
        (false, "timed_presence]\nmax_hours = 0\nnext = 'b'"),
        (false, "timed_presence]\ntries = 11\nnext = 'b'"),
        (false, "timed_presence]\nkey_timeout = 61\nnext = 'b'"),
        (false, "timed_presence]\ndigit_timeout = 0\nnext = 'b'"),
        (false, "timed_presence]\nwhen_online = 'add'\nnext = 'b'"),
        (false, "timed_presence]\npin = true\nnext = 'b'"),
        (false, "timed_presence]\nid_pin_login = 'yes'\nnext = 'b'"),
        (false, "timed_presence]\nprompts.goodbye = 'bye'\nnext = 'b'"),
        (true, "play]\nprompts = ['p']\nnext = 'b'"),
        (false, "play]\nprompts = []\nnext = 'b'"),
        (true, "gather]\nprompt = 'p'\nkeys = { '*' = 'b' }\notherwise = 'b'"),
        (false, "gather]\nprompt = 'p'\nkeys = { 'a' = 'b' }\notherwise = 'b'"),
        (false, "gather]\nprompt = 'p'\nkeys = {}\notherwise = 'b'"),
        (false, "gather]\nprompt = 'p'\nmax_digits = 33\nkeys = { '1' = 'b' }\notherwise = 'b'"),
        (true, "branch]\ncases = [{ when = { time = {} }, next = 'b' }]\notherwise = 'b'"),
        (true, "branch]\ncases = [{ when = { dialled = ['+15062345678'] }, next = 'b' }]\notherwise = 'b'"),
        (false, "branch]\ncases = [{ when = { dialled = ['15062345678'] }, next = 'b' }]\notherwise = 'b'"),
        (false, "branch]\ncases = [{ when = { dialled = [] }, next = 'b' }]\notherwise = 'b'"),
        (false, "branch]\ncases = [{ when = {}, next = 'b' }]\notherwise = 'b'"),
        (false, "branch]\ncases = []\notherwise = 'b'"),
        (false, "branch]\ncases = [{ when = { time = { days = ['Mon'] } }, next = 'b' }]\notherwise = 'b'"),
        (false, "branch]\ncases = [{ when = { time = { to = '24:01' } }, next = 'b' }]\notherwise = 'b'"),
        (false, "branch]\ncases = [{ when = { time = { from = '9:00' } }, next = 'b' }]\notherwise = 'b'"),
        (true, "set_presence]\nto = 'offline'\nnext = 'b'\notherwise = 'b'"),
        (
            true,
            "set_presence]\nto.online = { hours = 168, when_online = 'extend' }\nnext = 'b'\notherwise = 'b'",
        ),
        (false, "set_presence]\nto = 'online'\nnext = 'b'\notherwise = 'b'"),
        (false, "set_presence]\nto.online.hours = 169\nnext = 'b'\notherwise = 'b'"),
        (false, "exit]\nnext = 'b'"),
        (false, "unknown]\nnext = 'b'"),
    ];

    #[test]
    fn every_setting_has_its_place_in_the_reference() {
        let reference = include_str!("../../docs/flows.md");
        let schema: Value = serde_json::from_str(&flow_schema()).expect("JSON");
        let mut names = Vec::new();
        property_names(&schema, &mut names);
        assert!(names.len() > 40, "{names:?}");
        names.retain(|name| !reference.contains(&format!("`{name}`")));
        assert_eq!(names, Vec::<String>::new(), "missing in docs/flows.md");
    }

    fn property_names(schema: &Value, names: &mut Vec<String>) {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            names.extend(properties.keys().cloned());
        }
        let parts = schema.as_object().into_iter().flat_map(|object| object.values());
        parts.chain(schema.as_array().into_iter().flatten()).for_each(|part| property_names(part, names));
    }
}
