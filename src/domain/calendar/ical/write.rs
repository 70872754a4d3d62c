//! Texts as calendar programs take them: folded, escaped, and the same for the same calendar.

use icalendar::parser::{self, Parameter};

/// A part of a calendar: an event, a zone.
#[derive(Debug, Clone)]
pub(in crate::domain::calendar) struct Component {
    pub(in crate::domain::calendar) name: &'static str,
    pub(in crate::domain::calendar) properties: Vec<Property>,
    pub(in crate::domain::calendar) parts: Vec<Component>,
}

#[derive(Debug, Clone)]
pub(in crate::domain::calendar) struct Property {
    name: &'static str,
    parameter: Option<(&'static str, String)>,
    value: String,
}

impl Property {
    /// A value in the form of its type: a time, a number, a rule.
    pub(in crate::domain::calendar) fn new(name: &'static str, value: impl Into<String>) -> Self {
        Self { name, parameter: None, value: value.into() }
    }

    /// Words, whatever is in them.
    pub(in crate::domain::calendar) fn words(name: &'static str, words: &str) -> Self {
        Self::new(name, escaped(words))
    }

    pub(in crate::domain::calendar) fn with(self, name: &'static str, value: impl Into<String>) -> Self {
        Self { parameter: Some((name, value.into())), ..self }
    }
}

/// The calendar as text.
pub(in crate::domain::calendar) fn text(properties: Vec<Property>, parts: Vec<Component>) -> String {
    let maker = concat!("-//Dutyline//Dutyline ", env!("CARGO_PKG_VERSION"), "//EN");
    let head = [
        Property::new("VERSION", "2.0"),
        Property::new("PRODID", maker),
        Property::new("CALSCALE", "GREGORIAN"),
    ];
    let properties = head.into_iter().chain(properties).map(property).collect();
    parser::Calendar { properties, components: parts.into_iter().map(component).collect() }.to_string()
}

fn component(Component { name, properties, parts }: Component) -> parser::Component<'static> {
    parser::Component {
        name: name.into(),
        properties: properties.into_iter().map(property).collect(),
        components: parts.into_iter().map(component).collect(),
    }
}

fn property(Property { name, parameter, value }: Property) -> parser::Property<'static> {
    let parameter = parameter.map(|(key, value)| Parameter { key: key.into(), val: Some(value.into()) });
    parser::Property { name: name.into(), val: value.into(), params: parameter.into_iter().collect() }
}

fn escaped(words: &str) -> String {
    let mut escaped = String::with_capacity(words.len());
    for c in words.chars() {
        match c {
            '\\' | ';' | ',' => escaped.extend(['\\', c]),
            '\n' => escaped.push_str("\\n"),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}
