use proptest::prelude::*;
use rlibphonenumber::PhoneNumberFormat;

use super::*;

fn number(text: &str) -> E164 {
    text.parse().expect("a number")
}

fn region(code: &str) -> Region {
    code.parse().expect("a region")
}

fn typed(text: &str, code: &str) -> Option<String> {
    E164::from_human(text, region(code)).ok().map(String::from)
}

#[test]
fn people_type_numbers_in_many_ways() {
    for (text, code, wanted) in [
        ("+1-234-567-8910", "US", "+12345678910"),
        ("15062345678", "US", "+15062345678"),
        ("442071828750", "US", "+442071828750"),
        ("442071828750", "GB", "+442071828750"),
        ("020 7182 8750", "GB", "+442071828750"),
        ("(506) 234-5678", "CA", "+15062345678"),
        ("506.234.5678", "CA", "+15062345678"),
        ("15062345678", "GB", "+15062345678"),
        ("011 44 20 7182 8750", "US", "+442071828750"),
        ("00442071828750", "DE", "+442071828750"),
        ("030 901820", "DE", "+4930901820"),
        // Release 0.3 of `phonenumber` loses a digit of this one.
        ("+78005553535", "US", "+78005553535"),
        ("+7 800 555-35-35", "RU", "+78005553535"),
    ] {
        assert_eq!(typed(text, code).as_deref(), Some(wanted), "{text} in {code}");
    }
}

#[test]
fn what_is_no_number_is_refused_in_the_words_of_the_form() {
    for text in ["", "+", "ada", "12", "+0123456", "+1506234567890123", "sip:ada@example.com"] {
        let refused = E164::from_human(text, region("US")).expect_err(text).to_string();
        let wanted = format!("`{text}`: Phone number should be in E.164 format, like `+15062345678`.");
        assert_eq!(refused, wanted);
    }
    // Read wrongly by the library, so not read at all.
    assert_eq!(typed("8 800 555 35 35", "RU"), None);
    assert_eq!(typed("00200000000", "AU"), None);
}

#[test]
fn a_number_is_a_plus_and_up_to_fifteen_digits() {
    for good in ["+15062345678", "+12", "+123456789012345"] {
        assert_eq!(good.parse::<E164>().expect("a number").as_str(), good);
    }
    for bad in
        ["", "+", "+1", "15062345678", "+0123", "+1234567890123456", "+1506a", "+１２３", " +12", "+12\n"]
    {
        assert!(bad.parse::<E164>().is_err(), "{bad:?}");
    }
}

#[test]
fn people_see_numbers_with_gaps() {
    for (text, shown) in [
        ("+15062345678", "+1 506-234-5678"),
        ("+442071828750", "+44 20 7182 8750"),
        ("+78005553535", "+78005553535"),
        ("+12", "+12"),
    ] {
        assert_eq!(number(text).international(), shown);
    }
}

#[test]
fn agents_are_reached_at_ordinary_lines_alone() {
    for line in ["+15062345678", "+442071828750", "+447400123456", "+49301234567"] {
        assert_eq!(number(line).check_is_line(), Ok(()), "{line}");
    }
    for (special, kind) in
        [("+19002345678", "premium-rate"), ("+18002345678", "toll-free"), ("+449012345678", "premium-rate")]
    {
        assert_eq!(number(special).check_is_line(), Err(BadNumber::NotALine(number(special), kind)));
    }
}

#[test]
fn a_hidden_number_is_nobodys_whatever_it_looks_like() {
    let words = [
        "",
        " ",
        "anonymous",
        "Anonymous",
        "ANONYMOUS",
        "Restricted",
        "blocked",
        "unknown",
        "unavailable",
        "private",
        "sip:anonymous@anonymous.invalid",
        "sip:Restricted@example.com;user=phone",
    ];
    let keys = ["266696687", "7378742833", "2562533", "8656696", "86282452253"];
    let spelled = keys.iter().flat_map(|keys| [keys.to_string(), format!("+{keys}"), format!("+1{keys}")]);
    let addressed = keys.iter().map(|keys| format!("sip:+{keys}@example.com"));
    for from in words.into_iter().map(str::to_owned).chain(spelled).chain(addressed) {
        assert_eq!(Caller::read(&from, Some(&number("+15062345678"))), Caller::Withheld, "{from:?}");
    }
}

#[test]
fn a_caller_is_read_as_carriers_write_them() {
    let (canada, britain) = ("+15062345678", "+442071828750");
    for (from, dialled, wanted) in [
        ("+15065550100", canada, Some("+15065550100")),
        // A carrier's digits are a key, valid or not.
        ("+78005553535", canada, Some("+78005553535")),
        ("+15551", canada, Some("+15551")),
        (" +15065550100 ", canada, Some("+15065550100")),
        ("sip:+15065550100@example.com", canada, Some("+15065550100")),
        ("SIP:+15065550100@example.com:5060;transport=tls", canada, Some("+15065550100")),
        ("sips:+15065550100@example.com", canada, Some("+15065550100")),
        ("tel:+15065550100;phone-context=x", canada, Some("+15065550100")),
        ("5062345678", canada, Some("+15062345678")),
        ("sip:5062345678@example.com", canada, Some("+15062345678")),
        ("02071828751", britain, Some("+442071828751")),
        ("sip:ada@example.com", canada, None),
        ("client:ada", canada, None),
        ("12345", canada, None),
        ("911", canada, None),
        ("1-800-FLOWERS", canada, None),
        ("+", canada, None),
    ] {
        let caller = Caller::read(from, Some(&number(dialled)));
        assert_eq!(caller.number().map(E164::as_str), wanted, "{from}");
        assert!(wanted.is_some() || caller == Caller::Other(from.to_owned()), "{from}");
    }
}

/// What Google's own rules, ported by others, make of a text.
fn second_opinion(text: &str, code: &str) -> Option<String> {
    let region = code.parse().ok()?;
    let parsed = rlibphonenumber::PhoneNumber::parse(text, Some(region)).ok()?;
    Some(parsed.format_as(PhoneNumberFormat::E164).into_owned())
}

proptest! {
    /// A national number that is accepted is the one that Google's rules read.
    #[test]
    fn a_national_number_is_read_as_others_read_it(
        text in "[0-9]{5,11}",
        code in prop::sample::select(vec!["US", "CA", "GB", "DE", "FR", "ES", "AU", "IN", "JP", "BR", "RU", "IT"]),
    ) {
        if let Some(number) = typed(&text, code) {
            let as_international = format!("+{text}");
            prop_assert!(
                second_opinion(&text, code).as_ref() == Some(&number) || number == as_international,
                "{} in {}: {} and not {:?}", text, code, number, second_opinion(&text, code)
            );
        }
    }

    #[test]
    fn an_international_number_is_kept_digit_by_digit(digits in "[1-9][0-9]{6,14}", gap in "[-. ]{0,1}") {
        let (head, tail) = digits.split_at(3);
        prop_assert_eq!(typed(&format!("+{head}{gap}{tail}"), "US"), Some(format!("+{digits}")));
    }

    #[test]
    fn no_text_upsets_the_reading(text in "\\PC{0,30}", from in "\\PC{0,30}") {
        for code in ["US", "RU", "GB"] {
            drop(typed(&text, code));
        }
        let caller = Caller::read(&from, Some(&number("+15062345678")));
        if let Some(number) = caller.number() {
            prop_assert!(number.as_str().parse::<E164>().is_ok());
        }
    }
}
