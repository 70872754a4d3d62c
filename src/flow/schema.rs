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
}
