//! Any bytes that a webhook may bring are read, or refused with the field's name.
#![no_main]

use dutyline::carrier::twilio::form::Form;
use dutyline::carrier::twilio::status::StatusForm;
use dutyline::carrier::twilio::voice::VoiceForm;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let form = Form::decode(body);
    drop(VoiceForm::read(&form));
    drop(StatusForm::read(&form));
});
