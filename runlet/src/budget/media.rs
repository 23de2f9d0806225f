//! What attachments take: the rules that providers publish, and reading the sizes that the rules ask for.

use super::Ruler;
use super::dialect::{Dialect, Provider};
use crate::message::{Media, MediaKind, MediaSource, TokenCount};

/// How a model counts a picture.
///
/// OpenAI: <https://developers.openai.com/api/docs/guides/images-vision>, "Calculating costs". Anthropic:
/// <https://platform.claude.com/docs/en/build-with-claude/vision>, "Image costs". Gemini:
/// <https://ai.google.dev/gemini-api/docs/tokens> and <https://ai.google.dev/gemini-api/docs/media-resolution>. As of
/// August 2026.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum ImageRule {
    /// OpenAI's older models: the picture fits into 2,048 pixels square, its shorter side into 768, and every 512 pixels
    /// square of it cost `tile`, the whole `base`.
    Tiles { base: u64, tile: u64 },
    /// OpenAI's newer models: every 32 pixels square are a patch, up to `most`, and a patch costs so many hundredths of a
    /// token.
    Patches { most: u64, hundredths: u64 },
    /// Anthropic: a token for 750 pixels, up to `most`.
    Pixels { most: u64 },
    /// Gemini up to 2.5: 258 tokens, or 258 for each tile of a larger picture.
    GeminiTiles,
    /// Gemini 3: a figure for each resolution; `high` unless the request says otherwise.
    GeminiResolution,
    /// Nobody knows.
    Unknown,
}

/// The most patches of a picture in full detail.
const ORIGINAL_PATCHES: u64 = 10_000;

/// OpenAI's models by how their names begin, and their rules. The first that fits holds, so longer names stand first. Those
/// of gpt-5.1 to gpt-5.3 are as others tell them: OpenAI's own page could not be read.
const OPENAI: &[(&str, ImageRule)] = &[
    ("gpt-4o-mini", ImageRule::Tiles { base: 2_833, tile: 5_667 }),
    ("gpt-4o", ImageRule::Tiles { base: 85, tile: 170 }),
    ("gpt-4.1-mini", ImageRule::Patches { most: 1_536, hundredths: 162 }),
    ("gpt-4.1-nano", ImageRule::Patches { most: 1_536, hundredths: 246 }),
    ("gpt-4", ImageRule::Tiles { base: 85, tile: 170 }),
    ("gpt-5-mini", ImageRule::Patches { most: 1_536, hundredths: 162 }),
    ("gpt-5-nano", ImageRule::Patches { most: 1_536, hundredths: 246 }),
    ("gpt-5.4-mini", ImageRule::Patches { most: 1_536, hundredths: 162 }),
    ("gpt-5.4-nano", ImageRule::Patches { most: 1_536, hundredths: 246 }),
    ("gpt-5.1", ImageRule::Tiles { base: 70, tile: 140 }),
    ("gpt-5.2", ImageRule::Patches { most: 1_536, hundredths: 120 }),
    ("gpt-5.3", ImageRule::Patches { most: 1_536, hundredths: 120 }),
    // With a full stop: later models, which see a picture in full detail.
    ("gpt-5.", ImageRule::Patches { most: ORIGINAL_PATCHES, hundredths: 120 }),
    ("gpt-5", ImageRule::Tiles { base: 70, tile: 140 }),
    ("o4-mini", ImageRule::Patches { most: 1_536, hundredths: 172 }),
    ("o1", ImageRule::Tiles { base: 75, tile: 150 }),
    ("o3", ImageRule::Tiles { base: 75, tile: 150 }),
];

/// Anthropic's models that see at most 1,568 pixels of the longer side and take at most about 1,600 tokens; later ones see
/// 2,576 and take at most 4,784.
const ANTHROPIC_OLDER: &[&str] = &[
    "claude-2",
    "claude-3",
    "claude-haiku-4",
    "claude-opus-4-0",
    "claude-opus-4-1",
    "claude-opus-4-2",
    "claude-opus-4-5",
    "claude-opus-4-6",
    "claude-sonnet-4-0",
    "claude-sonnet-4-2",
    "claude-sonnet-4-5",
    "claude-sonnet-4-6",
];

impl ImageRule {
    pub(super) fn of(provider: Provider, model: &str) -> Self {
        match provider {
            Provider::OpenAi | Provider::OpenAiChat => {
                let model = model.strip_prefix("ft:").unwrap_or(model);
                let known = OPENAI.iter().find(|(name, _)| model.starts_with(name));
                known.map_or(Self::Patches { most: ORIGINAL_PATCHES, hundredths: 120 }, |(_, rule)| *rule)
            }
            Provider::Anthropic => {
                let older = ANTHROPIC_OLDER.iter().any(|name| model.starts_with(name));
                Self::Pixels { most: if older { 1_600 } else { 4_784 } }
            }
            Provider::Gemini if model.starts_with("gemini-1") || model.starts_with("gemini-2") => Self::GeminiTiles,
            Provider::Gemini => Self::GeminiResolution,
            Provider::Other => Self::Unknown,
        }
    }

    /// What a picture takes, by its size in pixels where that is known.
    fn measure(self, size: Option<(u64, u64)>, detail: Option<&str>) -> TokenCount {
        match (self, size) {
            (Self::Tiles { base, .. }, _) if detail == Some("low") => TokenCount::exact(base),
            (Self::Tiles { base, tile }, Some(size)) => TokenCount::exact(base + tile * tiles(size)),
            // The largest that is seen, 768 by 2,048 pixels; the likely one is square.
            (Self::Tiles { base, tile }, None) => TokenCount { expected: base + tile * 4, upper: base + tile * 8 },
            (Self::Patches { most, hundredths }, size) => patches(most, hundredths, size, detail),
            (Self::Pixels { most }, Some((width, height))) => {
                let pixels = width.saturating_mul(height).div_ceil(750);
                let patches = width.div_ceil(28).saturating_mul(height.div_ceil(28));
                // The page had pixels first and patches of 28 pixels later. Both hold to a few tokens.
                let upper = pixels.max(patches).saturating_add(8);
                TokenCount { expected: pixels.min(most), upper: upper.min(most) }
            }
            (Self::Pixels { most }, None) => TokenCount { expected: most.min(1_600), upper: most },
            (Self::GeminiTiles, Some(size)) => TokenCount::exact(258 * gemini_tiles(size)),
            // Larger pictures are scaled down to 3,072 pixels square: 16 tiles of 768.
            (Self::GeminiTiles, None) => TokenCount { expected: 258 * 4, upper: 258 * 16 },
            (Self::GeminiResolution, _) => TokenCount { expected: 1_120, upper: 2_240 },
            // The likely figure is that of a picture of 1,024 pixels square at OpenAI, the upper one Anthropic's largest.
            (Self::Unknown, _) => TokenCount { expected: 765, upper: 4_784 },
        }
    }
}

/// The tiles that OpenAI's older models cut a picture into.
fn tiles((width, height): (u64, u64)) -> u64 {
    let (mut width, mut height) = (width.max(1), height.max(1));
    let longer = width.max(height);
    if longer > 2_048 {
        (width, height) = (width.saturating_mul(2_048).div_ceil(longer), height.saturating_mul(2_048).div_ceil(longer));
    }
    let shorter = width.min(height);
    if shorter > 768 {
        (width, height) = (width.saturating_mul(768).div_ceil(shorter), height.saturating_mul(768).div_ceil(shorter));
    }
    width.div_ceil(512) * height.div_ceil(512)
}

fn patches(most: u64, hundredths: u64, size: Option<(u64, u64)>, detail: Option<&str>) -> TokenCount {
    // `high` is at most 2,500 patches where a model sees more, and what no word of detail means there is not published.
    let (likely, most) = match detail {
        Some("low" | "high") => (most.min(2_500), most.min(2_500)),
        Some("original") => (most, most),
        _ => (most.min(2_500), most),
    };
    let cost = |patches: u64| (patches * hundredths).div_ceil(100);
    match size {
        None => TokenCount { expected: cost(likely.min(1_536)), upper: cost(most) },
        Some((width, height)) => {
            let patches = width.div_ceil(32).saturating_mul(height.div_ceil(32));
            TokenCount { expected: cost(patches.min(likely)), upper: cost(patches.min(most)) }
        }
    }
}

/// The tiles that Gemini cuts a picture into: one where both sides are at most 384 pixels, else squares whose side is the
/// shorter side over 1.5, between 256 and 768 pixels.
fn gemini_tiles((width, height): (u64, u64)) -> u64 {
    if width <= 384 && height <= 384 {
        return 1;
    }
    let longer = width.max(height);
    let (width, height) = if longer > 3_072 {
        (width.saturating_mul(3_072).div_ceil(longer), height.saturating_mul(3_072).div_ceil(longer))
    } else {
        (width, height)
    };
    let side = (width.min(height) * 2 / 3).clamp(256, 768);
    width.div_ceil(side).max(1) * height.div_ceil(side).max(1)
}

/// What an attachment takes.
pub(super) fn measure(media: &Media, dialect: &Dialect, ruler: &dyn Ruler) -> TokenCount {
    match (media.kind, &media.source) {
        (MediaKind::Image, source) => {
            let size = match source {
                MediaSource::Base64 { data, .. } => image_size(data),
                MediaSource::Url { .. } | MediaSource::FileId { .. } => None,
            };
            dialect.image.measure(size, detail(media, dialect.provider))
        }
        (MediaKind::File, MediaSource::Base64 { media_type, data }) => file(media_type, data, dialect, ruler),
        // Gemini takes 32 tokens for a second of sound and about 300 for one of film
        // (<https://ai.google.dev/gemini-api/docs/tokens>). The fewest bytes of a second are those of speech at 8 kbit/s
        // and of a small film at 80 kbit/s; 128 kbit/s and 1 Mbit/s are common.
        (MediaKind::Audio, MediaSource::Base64 { data, .. }) => seconds(data, [16_000, 1_000], 32),
        (MediaKind::Video, MediaSource::Base64 { data, .. }) => seconds(data, [125_000, 10_000], 300),
        (
            MediaKind::File | MediaKind::Audio | MediaKind::Video,
            MediaSource::Url { .. } | MediaSource::FileId { .. },
        ) => TokenCount { expected: dialect.unseen_file / 10, upper: dialect.unseen_file },
    }
}

/// What sound or film takes whose bytes are here, by the bytes of a second: likely ones, and the fewest.
fn seconds(data: &str, [likely, fewest]: [u64; 2], tokens: u64) -> TokenCount {
    let bytes = decoded_len(data);
    TokenCount { expected: bytes.div_ceil(likely) * tokens, upper: bytes.div_ceil(fewest) * tokens }
}

/// The detail that the caller asked for, in OpenAI's words.
fn detail(media: &Media, provider: Provider) -> Option<&str> {
    // The older API does not send what is kept for the newer one: full detail is the most.
    let fields = media.extra.of("openai").filter(|_| provider != Provider::OpenAiChat)?;
    let part = fields.get("part").and_then(|part| part.get("detail"));
    part.or_else(|| fields.get("detail")).and_then(|detail| detail.as_str())
}

/// The size of a picture in pixels, from the first bytes of its file: PNG, JPEG, GIF and WebP.
fn image_size(data: &str) -> Option<(u64, u64)> {
    // A JPEG may have a preview and colour tables before its size, 64 KiB at most each.
    let head = decode(data, 256 * 1024);
    let size = imagesize::blob_size(&head).ok()?;
    let (width, height) = (u64::try_from(size.width).ok()?, u64::try_from(size.height).ok()?);
    (width > 0 && height > 0).then_some((width, height))
}

/// What a file takes whose bytes are here. Text is measured; a page of a PDF takes 1,500 to 3,000 tokens of text and
/// a picture of the page (<https://platform.claude.com/docs/en/build-with-claude/pdf-support>); of anything else, text
/// has about four bytes a token and never fewer than two.
fn file(media_type: &str, data: &str, dialect: &Dialect, ruler: &dyn Ruler) -> TokenCount {
    let bytes = decoded_len(data);
    let hidden = TokenCount { expected: bytes / 4, upper: bytes / 2 };
    let textual = media_type.starts_with("text/") || media_type.ends_with("json") || media_type.ends_with("xml");
    if !textual && media_type != "application/pdf" {
        return hidden;
    }
    let file = decode(data, usize::MAX);
    if textual {
        return std::str::from_utf8(&file).map_or(hidden, |text| ruler.measure(text));
    }
    // A page that stands in a compressed object is not seen: such a file has at least its length in pages of 50 kB.
    let seen = pages(&file);
    let pages = if seen == 0 { 1 + bytes / 50_000 } else { seen };
    let picture = dialect.image.measure(None, Some("high"));
    TokenCount {
        expected: pages * (hidden.expected / pages).min(1_500).saturating_add(picture.expected),
        upper: pages * (hidden.upper / pages).min(3_000).saturating_add(picture.upper),
    }
}

/// How many pages of a PDF can be seen in its bytes.
fn pages(file: &[u8]) -> u64 {
    let mut pages = 0;
    let mut rest = file;
    while let Some(at) = find(rest, b"/Type") {
        rest = rest.get(at + b"/Type".len()..).unwrap_or_default();
        let name = rest.trim_ascii_start();
        let is_page =
            name.strip_prefix(b"/Page").is_some_and(|after| !after.first().is_some_and(u8::is_ascii_alphabetic));
        pages += u64::from(is_page);
    }
    pages
}

fn find(bytes: &[u8], word: &[u8]) -> Option<usize> {
    bytes.windows(word.len()).position(|window| window == word)
}

/// How many bytes stand behind base64 text.
fn decoded_len(data: &str) -> u64 {
    u64::try_from(data.len()).unwrap_or(u64::MAX) / 4 * 3
}

/// The first bytes behind base64 text, up to what is none.
fn decode(data: &str, most: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(most.min(data.len() / 4 * 3));
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in data.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => break,
        };
        bits = bits << 6 | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            let [.., low] = (bits >> held).to_be_bytes();
            bytes.push(low);
            if bytes.len() >= most {
                break;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests;
