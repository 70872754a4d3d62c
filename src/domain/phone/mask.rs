//! Telephone numbers, hidden from those who need not know them: wherever in JSON one stands, so that a field that is added
//! later is hidden too.

use serde_json::Value;

/// Digits that stay, at the beginning and at the end: `+1415***2671`.
const FIRST: usize = 4;
const LAST: usize = 4;

/// Digits from which on what follows a `+` is a number that somebody can be called at.
const SHORTEST: usize = 7;

/// A document with every number in it masked; none if it is no JSON.
pub fn document(json: &[u8]) -> Option<Vec<u8>> {
    let mut told = serde_json::from_slice(json).ok()?;
    hide(&mut told);
    Some(told.to_string().into_bytes())
}

fn hide(told: &mut Value) {
    match told {
        Value::String(text) => {
            if text.contains('+') {
                *text = masked(text);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::Object(fields) => fields.values_mut().for_each(hide),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The text with its numbers masked.
fn masked(text: &str) -> String {
    let mut pieces = text.split('+');
    let mut masked = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = piece.split_at(digits);
        masked.push('+');
        if digits < SHORTEST {
            masked.push_str(number);
        } else {
            let shown = if digits > FIRST + LAST { (FIRST, LAST) } else { (1, 2) };
            masked.extend([&number[..shown.0], "***", &number[digits - shown.1..]]);
        }
        masked.push_str(rest);
    }
    masked
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_masked_wherever_they_stand() {
        let mut told = json!({
            "number": "+14155552671",
            "steps": [{ "heard": "call +15062345678x12, or +1506" }, "a+b", 15_062_345_678_u64],
            "short": "+3723456",
        });
        hide(&mut told);
        let masked = json!({
            "number": "+1415***2671",
            "steps": [{ "heard": "call +1506***5678x12, or +1506" }, "a+b", 15_062_345_678_u64],
            "short": "+3***56",
        });
        assert_eq!(told, masked);
    }
}
