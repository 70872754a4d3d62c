//! What can be played to callers.

/// Half a second that is not silent: mono, 16 bits, 8 kHz.
pub fn beep() -> Vec<u8> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 8000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = std::io::Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut file, spec).expect("a header");
    for at in 0..4000 {
        writer.write_sample(if at / 10 % 2 == 0 { 8000_i16 } else { -8000 }).expect("a sample");
    }
    writer.finalize().expect("a whole file");
    file.into_inner()
}
