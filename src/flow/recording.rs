//! Recordings are listened to before they are taken in, so that a caller never hears a broken one. Pure: it
//! is about the bytes alone.

use std::io::{Cursor, ErrorKind};
use std::panic;

use chrono::TimeDelta;
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::well_known::{FORMAT_ID_MP3, FORMAT_ID_WAVE};
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;

use crate::domain::ids::Sha256Hex;
use crate::flow::reply::{MediaFormat, MediaRef};

/// The largest file in bytes: five minutes in CD quality are no prompt.
pub const LARGEST: usize = 10_000_000;

/// The longest recording.
pub const LONGEST: TimeDelta = TimeDelta::minutes(5);

/// The lowest rate in Hz: a phone's own, below which speech turns dull.
const LOWEST_RATE: u32 = 8000;

/// The loudest sample that still counts as silence, of 1: 50 dB below the loudest possible.
const SILENCE: f32 = 0.003;

/// A recording that can be played to callers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    pub media: MediaRef,
    pub duration: TimeDelta,
    /// In Hz.
    pub sample_rate: u32,
    pub channels: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAudio {
    #[error("the file has {0} bytes: {LARGEST} is the most, cut it or lower its quality")]
    TooLarge(usize),
    #[error("the file is neither WAV nor MP3, whatever its name says: convert it to one of them")]
    UnknownFormat,
    #[error("the sound in the file cannot be read ({0}): save it as plain PCM or mu-law WAV, or as MP3")]
    Unreadable(String),
    #[error("the file ends before its sound does: save or send it again")]
    CutShort,
    #[error("the recording is empty")]
    Empty,
    #[error("the recording is silent: check the microphone, or raise its volume")]
    Silent,
    #[error("the recording is longer than {} minutes: cut it", LONGEST.num_minutes())]
    TooLong,
    #[error("the recording has a sample rate of {0} Hz: save it with at least {LOWEST_RATE}")]
    LowRate(u32),
}

/// Decodes a whole WAV or MP3 file and says what it is.
pub fn inspect(bytes: &[u8]) -> Result<Recording, BadAudio> {
    if bytes.len() > LARGEST {
        return Err(BadAudio::TooLarge(bytes.len()));
    }
    // Damaged numbers in a header can overflow in the WAV reader, which is a panic where overflow is checked.
    let heard = panic::catch_unwind(|| decode(bytes));
    heard.unwrap_or_else(|_| Err(BadAudio::Unreadable("damaged header".to_owned())))
}

fn decode(bytes: &[u8]) -> Result<Recording, BadAudio> {
    let mut reader = open(bytes)?;
    let format = match reader.format_info().format {
        FORMAT_ID_WAVE => MediaFormat::Wav,
        FORMAT_ID_MP3 => MediaFormat::Mp3,
        _ => return Err(BadAudio::UnknownFormat),
    };
    let sound = listen(&mut *reader)?;
    if sound.frames == 0 {
        return Err(BadAudio::Empty);
    }
    if sound.peak < SILENCE {
        return Err(BadAudio::Silent);
    }
    let media = MediaRef { sha256: Sha256Hex::of(bytes), format };
    Ok(Recording {
        media,
        duration: sound.duration(),
        sample_rate: sound.sample_rate,
        channels: sound.channels,
    })
}

fn open(bytes: &[u8]) -> Result<Box<dyn FormatReader + '_>, BadAudio> {
    let stream = MediaSourceStream::new(Box::new(Cursor::new(bytes)), MediaSourceStreamOptions::default());
    let probe = symphonia::default::get_probe();
    probe
        .probe(&Hint::new(), stream, FormatOptions::default(), MetadataOptions::default())
        .map_err(|_| BadAudio::UnknownFormat)
}

/// What was heard of a recording so far.
struct Sound {
    sample_rate: u32,
    channels: usize,
    /// Samples of one channel.
    frames: u64,
    /// The loudest sample, of 1.
    peak: f32,
}

impl Sound {
    fn duration(&self) -> TimeDelta {
        let ms = self.frames.saturating_mul(1000) / u64::from(self.sample_rate);
        TimeDelta::milliseconds(i64::try_from(ms).unwrap_or(i64::MAX))
    }
}

fn listen(reader: &mut dyn FormatReader) -> Result<Sound, BadAudio> {
    let track = reader.default_track(TrackType::Audio).ok_or(BadAudio::Empty)?;
    let id = track.id;
    let codec = track.codec_params.as_ref().and_then(|params| params.audio());
    let codec = codec.ok_or_else(|| BadAudio::Unreadable("no codec named".to_owned()))?;
    let sample_rate = codec.sample_rate.unwrap_or_default();
    if sample_rate < LOWEST_RATE {
        return Err(BadAudio::LowRate(sample_rate));
    }
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(codec, &AudioDecoderOptions::default())
        .map_err(|error| unreadable(&error))?;
    let mut sound = Sound { sample_rate, channels: 0, frames: 0, peak: 0.0 };
    while let Some(packet) = reader.next_packet().map_err(|error| unreadable(&error))? {
        if packet.track_id == id {
            hear(&mut *decoder, &packet, &mut sound)?;
        }
        if sound.duration() > LONGEST {
            return Err(BadAudio::TooLong);
        }
    }
    Ok(sound)
}

/// Adds what one packet sounds like. Players skip a faulty one, and so does this.
fn hear(decoder: &mut dyn AudioDecoder, packet: &Packet, sound: &mut Sound) -> Result<(), BadAudio> {
    let audio = match decoder.decode(packet) {
        Ok(audio) => audio,
        Err(Error::DecodeError(_)) => return Ok(()),
        Err(error) => return Err(unreadable(&error)),
    };
    let mut samples: Vec<f32> = Vec::new();
    audio.copy_to_vec_interleaved(&mut samples);
    sound.channels = audio.spec().channels().count();
    sound.frames += audio.frames() as u64;
    sound.peak = samples.iter().fold(sound.peak, |peak, sample| peak.max(sample.abs()));
    Ok(())
}

fn unreadable(error: &Error) -> BadAudio {
    if matches!(error, Error::IoError(error) if error.kind() == ErrorKind::UnexpectedEof) {
        return BadAudio::CutShort;
    }
    BadAudio::Unreadable(error.to_string())
}

#[cfg(test)]
mod tests {
    use hound::{SampleFormat, WavSpec, WavWriter};
    use proptest::prelude::*;

    use super::*;

    /// A beep of `ms` milliseconds, mono, 16 bits.
    fn beep(sample_rate: u32, ms: u32, loudest: i16) -> Vec<u8> {
        let spec =
            WavSpec { channels: 1, sample_rate, bits_per_sample: 16, sample_format: SampleFormat::Int };
        let mut file = Cursor::new(Vec::new());
        let mut writer = WavWriter::new(&mut file, spec).expect("a header");
        for at in 0..sample_rate * ms / 1000 {
            writer.write_sample(if at / 10 % 2 == 0 { loudest } else { -loudest }).expect("a sample");
        }
        writer.finalize().expect("a whole file");
        file.into_inner()
    }

    /// A WAV file as carriers themselves record: mu-law, 8 kHz, mono.
    fn mu_law(samples: &[u8]) -> Vec<u8> {
        let size = u32::try_from(samples.len()).expect("a short file");
        let mut file = b"RIFF".to_vec();
        file.extend((4 + 8 + 18 + 8 + size).to_le_bytes());
        file.extend(b"WAVEfmt ");
        file.extend(18_u32.to_le_bytes());
        for field in [7_u16, 1] {
            file.extend(field.to_le_bytes());
        }
        for rate in [8000_u32, 8000] {
            file.extend(rate.to_le_bytes());
        }
        for field in [1_u16, 8, 0] {
            file.extend(field.to_le_bytes());
        }
        file.extend(b"data");
        file.extend(size.to_le_bytes());
        file.extend(samples);
        file
    }

    /// An MP3 file of `frames` frames, mono, 128 kbit/s, 44.1 kHz: in each granule the lowest frequency
    /// line has the value 1 and the gain does the rest (ISO 11172-3, 2.4.1).
    fn hum_mp3(frames: usize, gain: u8) -> Vec<u8> {
        let header = "11111111111110111001000011000000";
        let side_info_start = "0".repeat(9 + 5 + 4);
        // Bits of main data, pairs, gain, no scale factors, long window, Huffman table 1, no more regions.
        let granule = format!("{:012b}{:09b}{gain:08b}{:05b}{:05b}{:020b}", 3, 1, 0, 1, 0);
        // The pair (1, 0), positive; once for each granule.
        let main_data = "010010";
        let bits = [header, &side_info_start, &granule, &granule, main_data].concat();
        let mut frame: Vec<u8> = bits
            .as_bytes()
            .chunks(8)
            .map(|byte| (0..8).fold(0, |all, at| all << 1 | u8::from(byte.get(at) == Some(&b'1'))))
            .collect();
        frame.resize(417, 0);
        frame.repeat(frames)
    }

    #[test]
    fn an_mp3_file_is_listened_to_as_well() {
        let recording = inspect(&hum_mp3(40, 200)).expect("a good file");
        assert_eq!(recording.media.format, MediaFormat::Mp3);
        assert_eq!((recording.sample_rate, recording.channels), (44_100, 1));
        assert!((1000..1100).contains(&recording.duration.num_milliseconds()), "{recording:?}");
        assert_eq!(inspect(&hum_mp3(40, 100)), Err(BadAudio::Silent));
    }

    #[test]
    fn a_recording_tells_its_length_and_rate() {
        let bytes = beep(16_000, 1500, 8000);
        let recording = inspect(&bytes).expect("a good file");
        assert_eq!(recording.media.format, MediaFormat::Wav);
        assert_eq!(recording.media.sha256, Sha256Hex::of(&bytes));
        assert_eq!(recording.duration, TimeDelta::milliseconds(1500));
        assert_eq!((recording.sample_rate, recording.channels), (16_000, 1));
    }

    #[test]
    fn a_mu_law_recording_is_as_good_as_any() {
        let recording = inspect(&mu_law(&[0x10, 0x90].repeat(4000))).expect("a good file");
        assert_eq!((recording.sample_rate, recording.duration), (8000, TimeDelta::seconds(1)));
    }

    #[test]
    fn what_callers_should_not_hear_is_refused_by_its_fault() {
        for (bytes, fault) in [
            (beep(8000, 1000, 20).as_slice(), BadAudio::Silent),
            (&mu_law(&[0xff; 8000]), BadAudio::Silent),
            (&beep(8000, 0, 0), BadAudio::Empty),
            (&beep(6000, 1000, 8000), BadAudio::LowRate(6000)),
            (&beep(8000, 301_000, 8000), BadAudio::TooLong),
            (&vec![0; LARGEST + 1], BadAudio::TooLarge(LARGEST + 1)),
            (b"", BadAudio::UnknownFormat),
            (b"This is not a song, even if it is called song.mp3.", BadAudio::UnknownFormat),
            (&b"Lorem ipsum dolor sit amet. ".repeat(5000), BadAudio::UnknownFormat),
        ] {
            assert_eq!(inspect(bytes), Err(fault));
        }
    }

    #[test]
    fn a_file_that_ends_too_soon_is_refused_wherever_it_ends() {
        let whole = beep(8000, 1000, 8000);
        for length in [60, 1000, 44 + 1152 * 2, 8000, whole.len() - 2] {
            assert_eq!(inspect(&whole[..length]), Err(BadAudio::CutShort), "{length}");
        }
    }

    #[test]
    fn a_header_of_32768_channels_is_refused() {
        let mut file = beep(8000, 100, 8000);
        file[22..24].copy_from_slice(&0x8000_u16.to_le_bytes());
        assert!(matches!(inspect(&file), Err(BadAudio::Unreadable(_) | BadAudio::UnknownFormat)));
    }

    proptest! {
        #[test]
        fn a_damaged_file_is_refused_or_taken_but_never_a_panic(
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..20),
            length in any::<prop::sample::Index>(),
        ) {
            for mut file in [beep(8000, 200, 8000), mu_law(&[0x10; 900]), hum_mp3(5, 200)] {
                for (at, byte) in &damage {
                    let at = at.index(file.len());
                    file[at] = *byte;
                }
                let _ = inspect(&file[..length.index(file.len())]);
                let _ = inspect(&file);
            }
        }
    }
}
