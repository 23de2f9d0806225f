//! The prices that [`Utf8Ruler`](super::Utf8Ruler) adds up, in 1/64 token: every fitted number.
//!
//! **How they were fitted.** Each text of a training set gives one equation: how often each price
//! occurs in it, and its exact counts. The set is 174,000 texts of up to 4 KB: two in five drawn by
//! the generator of the `ruler` test, the others cut from files (technical prose, code in eight
//! languages, JSON, the message catalogues of 80 languages), and the 271 shared vectors. The
//! expected prices minimise the mean relative error against `o200k_base`. The upper prices minimise
//! the mean excess over the larger of `o200k_base` and `cl100k_base`, where a text that falls short
//! weighs 250 times as much; those for `o200k_base` alone, the same against it, with 160. Both fits
//! are subgradient descent with Adam steps, no ASCII price above the one token that a byte can take.
//! Then the upper prices were raised, by 1.5 % and by 3 %, and by 10 % for a whole Han character
//! under `o200k_base`, because the fit saw little Han text in random order.
//!
//! **Where the figures stand.** The `ruler` test prints coverage and ratios by class. Its texts come
//! from the same generator as some of the training set, drawn from another seed.

use Kind::{Latin, Letter, Other};

/// The unit of every price: 64 to the token.
pub(super) const TOKEN: u64 = 64;

/// Tokens added to every upper figure: a short text has too few pairs for errors to cancel.
pub(super) const SHORT: u64 = 2;
/// The margin of the upper figure over the sum of its prices: twice 1/sqrt(kinds), and twice
/// 1/kinds, of the sum. Of 1, 1.5, 2 and 2.5, it is the least that held 99.9 % of the texts.
pub(super) const MARGIN: u64 = 2;

/// Symbols below this are ASCII letters, small ones first.
pub(super) const LETTERS: usize = 52;
/// The first capital.
pub(super) const CAPITALS: usize = 26;
/// The first digit of three; the second and third have the next two symbols.
pub(super) const DIGIT: usize = 84;
/// A space after anything else.
pub(super) const SPACE: usize = 87;
/// A space after a space.
pub(super) const MORE_SPACE: usize = 88;
const TAB: usize = 89;
/// A newline, and the start of the text.
pub(super) const NEWLINE: usize = 90;
const RETURN: usize = 91;
const CONTROL: usize = 92;

/// The number of symbols: 93 of ASCII and one for each [`Kind`].
const SYMBOLS: usize = 96;

/// The part a character outside ASCII plays in a piece, as its symbol.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// A letter that stands among ASCII letters, as in `café`.
    Latin = 93,
    /// A letter or mark of another script.
    Letter = 94,
    /// Anything else: punctuation, symbols, emoji, unassigned code points.
    Other = 95,
}

/// The ASCII characters whose symbol is their place: letters, then marks.
const PLACES: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/// Symbols by ASCII code.
static SYMBOL: [u8; 128] = symbols();

/// Runs in the compiler only, as [`pairs`] and [`whole`] do: there an index out of range is a build error.
#[expect(clippy::cast_possible_truncation, reason = "symbols are below 96")]
const fn symbols() -> [u8; 128] {
    let mut symbols = [CONTROL as u8; 128];
    let mut place = 0;
    while place < PLACES.len() {
        symbols[PLACES.as_bytes()[place] as usize] = place as u8;
        place += 1;
    }
    let mut digit = b'0';
    while digit <= b'9' {
        symbols[digit as usize] = DIGIT as u8;
        digit += 1;
    }
    symbols[b' ' as usize] = SPACE as u8;
    symbols[b'\t' as usize] = TAB as u8;
    symbols[b'\n' as usize] = NEWLINE as u8;
    symbols[b'\r' as usize] = RETURN as u8;
    symbols
}

/// The symbol of an ASCII byte, whatever stands before it.
pub(super) fn symbol(ascii: u8) -> usize {
    SYMBOL.get(usize::from(ascii)).map_or(CONTROL, |symbol| usize::from(*symbol))
}

/// What a symbol costs after another: expected, upper for any encoding, upper for `o200k_base`.
pub(super) fn pair(before: usize, symbol: usize) -> [u64; 3] {
    let [expected, any] = PAIRS.get(before * SYMBOLS + symbol).copied().unwrap_or(ONE_TOKEN).map(u64::from);
    let o200k = if symbol > CONTROL {
        price(EDGES.get(symbol - CONTROL - 1), before)
    } else if before > CONTROL {
        price(EDGES.get(before - CONTROL + 2), symbol)
    } else {
        any
    };
    [expected, any, o200k]
}

/// One price of a table's row; a token where there is none, and none of the callers asks for one.
fn price(row: Option<&[u8; SYMBOLS]>, column: usize) -> u64 {
    row.and_then(|row| row.get(column)).map_or(TOKEN, |written| u64::from(written.saturating_sub(b'0')))
}

const ONE_TOKEN: [u8; 2] = [64; 2];

/// [`EXPECTED`] and [`UPPER`] side by side, as both are wanted for every pair of a text.
static PAIRS: [[u8; 2]; SYMBOLS * SYMBOLS] = pairs();

#[expect(clippy::large_stack_arrays, reason = "only the compiler runs it")]
const fn pairs() -> [[u8; 2]; SYMBOLS * SYMBOLS] {
    let (mut pairs, mut at) = ([ONE_TOKEN; SYMBOLS * SYMBOLS], 0);
    while at < pairs.len() {
        let (before, symbol) = (at / SYMBOLS, at % SYMBOLS);
        pairs[at] = [EXPECTED[before][symbol] - b'0', UPPER[before][symbol] - b'0'];
        at += 1;
    }
    pairs
}

/// What a letter costs beyond its pair, because so many letters of its word stand before it.
pub(super) fn nth_letter(before: usize) -> [u64; 2] {
    NTH_LETTER.get(before).or(NTH_LETTER.last()).map_or([0; 2], |prices| prices.map(u64::from))
}

/// The row of [`SCRIPTS`] that a character outside ASCII pays by.
pub(super) fn of(c: char) -> &'static Script {
    let point = u32::from(c);
    let next = SCRIPTS.partition_point(|script| script.from <= point);
    // Two rows with one start: the first is for the characters that are a token of their own.
    let row = if is_whole(point) { next.saturating_sub(2) } else { next.saturating_sub(1) };
    SCRIPTS.get(row).unwrap_or(&UNKNOWN)
}

/// A hash of two characters, 16 bits wide.
pub(super) fn hash(before: char, c: char) -> usize {
    let mixed = (u32::from(before).wrapping_mul(0x9e37_79b1) ^ u32::from(c)).wrapping_mul(0x85eb_ca6b);
    (mixed >> 16) as usize
}

/// Whether the hash is of a pair that some language writes often; true for one random pair in five.
pub(super) fn is_written(hash: usize) -> bool {
    WRITTEN.get(hash >> 6).is_some_and(|bits| bits >> (hash & 63) & 1 == 1)
}

/// Whether the code point is in [`WHOLE`].
fn is_whole(point: u32) -> bool {
    let place = point.wrapping_sub(WHOLE_FROM) as usize;
    WHOLE_BITS.get(place >> 6).is_some_and(|bits| bits >> (place & 63) & 1 == 1)
}

const WHOLE_FROM: u32 = 0x4e00;
static WHOLE_BITS: [u64; 560] = whole();

/// [`WHOLE`] as a bit set. Every member takes three bytes in UTF-8.
const fn whole() -> [u64; 560] {
    let (bytes, mut bits, mut at) = (WHOLE.as_bytes(), [0; 560], 0);
    while at < bytes.len() {
        let point = (bytes[at] as u32 & 15) << 12 | (bytes[at + 1] as u32 & 63) << 6 | bytes[at + 2] as u32 & 63;
        let place = (point - WHOLE_FROM) as usize;
        bits[place >> 6] |= 1 << (place & 63);
        at += 3;
    }
    bits
}

/// A range of code points that cost alike.
#[derive(Clone, Copy, Debug)]
pub(super) struct Script {
    /// The first code point; the range ends where the next row starts.
    from: u32,
    pub(super) kind: Kind,
    /// Prices of a character after one of another kind, in a pair its language writes often, and in
    /// any other pair: each expected, upper for any encoding, upper for `o200k_base`.
    pub(super) prices: [[u16; 3]; 3],
}

const fn row(from: u32, kind: Kind, prices: [[u16; 3]; 3]) -> Script {
    Script { from, kind, prices }
}

/// One token for each of the four bytes that a character can take.
const UNKNOWN: Script = row(0, Other, [[256; 3]; 3]);

/// Prices outside ASCII. Where the two upper figures lie far apart, `cl100k_base` has no tokens of
/// the script and splits it into bytes.
#[rustfmt::skip]
static SCRIPTS: [Script; 118] = [
    row(0x80, Other, [[108, 111, 111], [114, 221, 147], [114, 118, 118]]), // C1 controls
    row(0xa0, Other, [[56, 58, 58], [47, 235, 48], [8, 8, 8]]), // no-break space
    row(0xa1, Other, [[46, 69, 48], [58, 60, 60], [62, 64, 64]]), // Latin-1 marks and signs
    row(0xc0, Latin, [[30, 48, 31], [66, 174, 68], [64, 186, 186]]), // Latin-1 letters
    row(0x100, Latin, [[34, 66, 35], [90, 280, 280], [92, 279, 279]]), // Latin Extended-A
    row(0x180, Latin, [[71, 73, 73], [124, 127, 127], [111, 115, 115]]), // Latin Extended-B
    row(0x250, Letter, [[0, 0, 0], [150, 155, 155], [145, 150, 150]]), // phonetic letters
    row(0x2b0, Other, [[171, 213, 213], [123, 126, 126], [133, 217, 150]]), // modifier letters
    row(0x300, Letter, [[96, 99, 99], [115, 119, 119], [115, 118, 118]]), // combining marks
    row(0x370, Letter, [[71, 73, 73], [66, 68, 68], [115, 118, 118]]), // Greek, rare
    row(0x391, Letter, [[0, 103, 0], [68, 276, 70], [69, 147, 131]]), // Greek capitals
    row(0x3ac, Letter, [[13, 14, 14], [24, 60, 25], [109, 112, 112]]), // Greek
    row(0x3d0, Letter, [[94, 97, 97], [131, 135, 135], [126, 130, 130]]), // Greek symbols, Coptic
    row(0x400, Letter, [[121, 159, 137], [103, 114, 106], [161, 166, 166]]), // Cyrillic capitals with marks
    row(0x410, Letter, [[63, 83, 82], [29, 68, 30], [104, 238, 238]]), // Cyrillic capitals
    row(0x430, Letter, [[31, 32, 32], [15, 31, 16], [31, 104, 39]]), // Cyrillic
    row(0x460, Letter, [[29, 35, 35], [15, 231, 37], [102, 162, 162]]), // Cyrillic, historic and extended
    row(0x530, Letter, [[42, 135, 43], [53, 54, 54], [103, 126, 126]]), // Armenian capitals
    row(0x561, Letter, [[29, 30, 30], [23, 131, 23], [22, 279, 22]]), // Armenian
    row(0x590, Letter, [[38, 40, 40], [30, 158, 36], [84, 87, 87]]), // Hebrew points
    row(0x5d0, Letter, [[23, 41, 24], [25, 63, 26], [86, 189, 119]]), // Hebrew
    row(0x5f0, Letter, [[47, 49, 49], [90, 220, 93], [69, 279, 72]]), // Hebrew ligatures
    row(0x600, Other, [[0, 151, 59], [37, 43, 42], [87, 221, 89]]), // Arabic signs
    row(0x620, Letter, [[15, 16, 16], [22, 45, 22], [66, 128, 122]]), // Arabic
    row(0x64b, Letter, [[38, 280, 280], [24, 35, 25], [99, 271, 255]]), // Arabic vowel marks
    row(0x66a, Other, [[245, 280, 280], [33, 63, 52], [0, 101, 0]]), // Arabic digits' marks
    row(0x66e, Letter, [[1, 1, 1], [42, 113, 44], [33, 118, 58]]), // Arabic, extended (Persian, Urdu)
    row(0x6d4, Other, [[135, 279, 139], [88, 91, 91], [100, 103, 103]]), // Arabic marks and extended digits
    row(0x700, Letter, [[86, 89, 89], [123, 127, 127], [135, 151, 151]]), // Syriac
    row(0x780, Letter, [[104, 107, 107], [158, 163, 163], [135, 139, 139]]), // Thaana to Arabic Extended-A
    row(0x900, Letter, [[1, 38, 5], [28, 71, 28], [77, 162, 131]]), // Devanagari
    row(0x980, Letter, [[12, 12, 12], [25, 100, 27], [93, 153, 132]]), // Bengali
    row(0xa00, Letter, [[0, 2, 0], [48, 142, 49], [108, 163, 152]]), // Gurmukhi
    row(0xa80, Letter, [[0, 0, 0], [29, 141, 30], [111, 156, 156]]), // Gujarati
    row(0xb00, Letter, [[41, 42, 42], [72, 198, 74], [125, 214, 153]]), // Odia
    row(0xb80, Letter, [[24, 25, 25], [22, 97, 25], [109, 166, 166]]), // Tamil
    row(0xc00, Letter, [[0, 0, 0], [33, 133, 34], [52, 229, 148]]), // Telugu
    row(0xc80, Letter, [[1, 1, 1], [29, 134, 30], [112, 156, 155]]), // Kannada
    row(0xd00, Letter, [[8, 8, 8], [25, 115, 25], [60, 264, 150]]), // Malayalam
    row(0xd80, Letter, [[11, 33, 33], [41, 145, 42], [108, 157, 148]]), // Sinhala
    row(0xe00, Letter, [[42, 165, 43], [20, 44, 21], [122, 126, 126]]), // Thai
    row(0xe80, Letter, [[100, 103, 103], [122, 125, 125], [128, 173, 143]]), // Lao
    row(0xf00, Letter, [[80, 82, 82], [92, 117, 95], [148, 186, 182]]), // Tibetan
    row(0x1000, Letter, [[47, 48, 48], [29, 128, 30], [113, 198, 136]]), // Burmese
    row(0x10a0, Letter, [[83, 86, 86], [91, 136, 112], [121, 216, 129]]), // Georgian capitals, old
    row(0x10d0, Letter, [[0, 4, 0], [29, 137, 30], [132, 136, 136]]), // Georgian
    row(0x1100, Letter, [[155, 160, 160], [172, 210, 210], [198, 204, 204]]), // Hangul parts
    row(0x1200, Letter, [[139, 143, 143], [146, 150, 150], [136, 197, 140]]), // Ethiopic
    row(0x1380, Letter, [[152, 157, 157], [187, 221, 221], [195, 200, 200]]), // Ethiopic supplement to Philippine scripts
    row(0x1780, Letter, [[13, 36, 13], [37, 107, 38], [109, 144, 124]]), // Khmer
    row(0x1800, Letter, [[150, 154, 154], [191, 205, 205], [192, 207, 207]]), // Mongolian to Vedic extensions
    row(0x1c80, Letter, [[147, 151, 151], [173, 178, 178], [197, 203, 203]]), // Cyrillic Extended-C, Georgian capitals
    row(0x1d00, Letter, [[129, 133, 133], [167, 172, 172], [163, 168, 168]]), // phonetic extensions
    row(0x1e00, Latin, [[98, 100, 100], [102, 105, 105], [132, 136, 136]]), // Latin Extended Additional
    row(0x1ea0, Latin, [[1, 41, 41], [22, 151, 31], [81, 211, 182]]), // Vietnamese
    row(0x1f00, Letter, [[99, 102, 102], [140, 145, 145], [141, 194, 145]]), // Greek Extended
    row(0x2000, Other, [[29, 30, 30], [33, 51, 51], [64, 111, 66]]), // wide spaces
    row(0x200b, Other, [[39, 85, 40], [107, 110, 110], [29, 30, 30]]), // joiners and direction marks
    row(0x2010, Other, [[32, 33, 33], [32, 38, 38], [6, 38, 38]]), // dashes, quotes, bullets
    row(0x2028, Other, [[73, 177, 75], [119, 123, 123], [86, 88, 88]]), // separators and further punctuation
    row(0x2070, Other, [[70, 90, 72], [101, 104, 104], [104, 107, 107]]), // superscripts and subscripts
    row(0x20a0, Other, [[101, 104, 104], [109, 112, 112], [93, 96, 96]]), // currency signs
    row(0x2100, Other, [[100, 103, 103], [86, 89, 89], [127, 131, 131]]), // letter-like symbols, fractions
    row(0x2190, Other, [[40, 41, 41], [45, 126, 46], [130, 134, 134]]), // arrows
    row(0x2200, Other, [[110, 114, 114], [124, 127, 127], [121, 124, 124]]), // mathematical operators
    row(0x2300, Other, [[129, 133, 133], [140, 144, 144], [149, 153, 153]]), // technical symbols, enclosed digits
    row(0x2500, Other, [[100, 103, 103], [118, 122, 122], [17, 36, 36]]), // box drawing
    row(0x2580, Other, [[93, 96, 96], [95, 98, 98], [127, 131, 131]]), // blocks and shapes
    row(0x2600, Other, [[109, 112, 112], [104, 107, 107], [129, 133, 133]]), // miscellaneous symbols
    row(0x2700, Other, [[73, 75, 75], [102, 105, 105], [120, 124, 124]]), // dingbats
    row(0x27c0, Other, [[166, 171, 171], [176, 182, 182], [188, 193, 193]]), // further arrows and operators, Braille
    row(0x2c00, Letter, [[149, 154, 154], [187, 193, 193], [192, 198, 198]]), // Glagolitic to Cyrillic Extended-A
    row(0x2e00, Other, [[165, 169, 169], [185, 191, 191], [189, 194, 194]]), // punctuation supplement, radicals
    row(0x3000, Other, [[23, 24, 24], [5, 16, 5], [34, 97, 35]]), // CJK space, comma and full stop
    row(0x3003, Other, [[93, 162, 96], [37, 42, 40], [49, 51, 51]]), // CJK marks and brackets
    row(0x3041, Letter, [[21, 22, 22], [25, 38, 26], [85, 91, 88]]), // Hiragana
    row(0x30a0, Letter, [[20, 20, 20], [40, 49, 41], [90, 130, 93]]), // Katakana
    row(0x3100, Letter, [[135, 230, 139], [52, 256, 256], [133, 280, 280]]), // Bopomofo, enclosed CJK
    row(0x3400, Letter, [[200, 280, 280], [192, 280, 280], [230, 280, 280]]), // Han, extension A
    row(0x4e00, Letter, [[33, 36, 36], [56, 75, 61], [45, 82, 52]]), // Han, one token in o200k_base
    row(0x4e00, Letter, [[79, 81, 81], [134, 171, 138], [134, 170, 138]]), // Han, the rest
    row(0xa000, Letter, [[164, 169, 169], [183, 189, 189], [192, 198, 198]]), // Yi to Meetei
    row(0xac00, Letter, [[28, 29, 29], [55, 94, 94], [45, 75, 46]]), // Hangul, one token in o200k_base
    row(0xac00, Letter, [[110, 113, 113], [154, 175, 158], [157, 177, 161]]), // Hangul, the rest
    row(0xd7a4, Other, [[132, 136, 136], [34, 51, 51], [42, 179, 106]]), // Hangul parts, extended
    row(0xe000, Other, [[184, 190, 190], [211, 218, 218], [216, 223, 223]]), // private use
    row(0xf900, Letter, [[197, 280, 280], [150, 280, 280], [214, 280, 280]]), // Han, compatibility
    row(0xfb00, Letter, [[78, 81, 81], [45, 232, 232], [86, 279, 264]]), // Latin and Hebrew ligatures
    row(0xfb50, Letter, [[180, 279, 254], [173, 178, 178], [190, 279, 208]]), // Arabic forms A
    row(0xfe00, Other, [[13, 176, 48], [97, 100, 100], [1, 2, 2]]), // variation selectors
    row(0xfe10, Other, [[110, 280, 280], [62, 213, 213], [116, 280, 280]]), // vertical and small forms
    row(0xfe70, Letter, [[99, 119, 102], [122, 139, 126], [134, 193, 138]]), // Arabic forms B
    row(0xfeff, Other, [[49, 51, 51], [32, 63, 63], [32, 52, 52]]), // byte order mark
    row(0xff00, Other, [[67, 114, 69], [48, 83, 50], [71, 279, 86]]), // full-width marks
    row(0xff10, Letter, [[45, 64, 46], [85, 88, 88], [127, 130, 130]]), // full-width digits and letters
    row(0xff5b, Other, [[62, 70, 70], [35, 47, 47], [47, 83, 83]]), // full-width brackets
    row(0xff66, Letter, [[68, 70, 70], [42, 134, 43], [129, 276, 229]]), // half-width Katakana
    row(0xffa0, Letter, [[86, 249, 129], [42, 89, 89], [94, 279, 253]]), // half-width Hangul
    row(0xffe0, Other, [[81, 187, 165], [58, 60, 60], [68, 199, 145]]), // full-width signs, replacement character
    row(0x10000, Letter, [[211, 217, 217], [242, 249, 249], [256, 264, 264]]), // ancient scripts
    row(0x13000, Letter, [[228, 235, 235], [232, 239, 239], [256, 279, 264]]), // hieroglyphs to Kana supplement
    row(0x1d000, Other, [[40, 172, 142], [34, 50, 50], [56, 173, 120]]), // musical notation
    row(0x1d400, Letter, [[153, 157, 157], [162, 167, 167], [184, 202, 202]]), // mathematical letters
    row(0x1d800, Other, [[124, 128, 128], [39, 165, 91], [77, 253, 204]]), // sign writing to Arabic symbols
    row(0x1f000, Other, [[62, 64, 64], [32, 89, 52], [33, 51, 51]]), // game tiles, enclosed letters
    row(0x1f1e6, Other, [[97, 100, 100], [120, 204, 123], [123, 127, 127]]), // flag letters
    row(0x1f200, Other, [[0, 0, 0], [32, 78, 78], [33, 51, 51]]), // enclosed ideographs
    row(0x1f300, Other, [[97, 100, 100], [110, 279, 113], [125, 230, 129]]), // pictographs: weather, food, activities
    row(0x1f3fb, Other, [[33, 67, 34], [104, 107, 107], [103, 106, 106]]), // skin tones
    row(0x1f400, Other, [[95, 98, 98], [122, 234, 126], [110, 215, 114]]), // pictographs: animals, people, objects
    row(0x1f600, Other, [[68, 224, 70], [97, 279, 100], [96, 279, 99]]), // faces
    row(0x1f650, Other, [[32, 63, 63], [32, 63, 63], [32, 53, 53]]), // ornaments
    row(0x1f680, Other, [[149, 279, 226], [124, 237, 127], [99, 279, 102]]), // transport
    row(0x1f700, Other, [[67, 69, 69], [32, 53, 53], [34, 49, 49]]), // alchemy, geometric shapes
    row(0x1f900, Other, [[124, 128, 128], [135, 151, 139], [143, 229, 147]]), // supplemental pictographs
    row(0x1fa00, Other, [[53, 203, 201], [45, 47, 47], [52, 60, 54]]), // extended pictographs
    row(0x20000, Letter, [[215, 280, 280], [172, 279, 221], [234, 280, 280]]), // Han, extensions B to H
    row(0x30000, Other, [[234, 258, 241], [229, 279, 236], [231, 256, 237]]), // the remaining planes, private use
];

/// Extra prices by the number of letters of the same word before: expected, upper.
static NTH_LETTER: [[u8; 2]; 16] = [
    [0, 0],
    [0, 0],
    [10, 10],
    [6, 6],
    [3, 3],
    [1, 2],
    [0, 1],
    [2, 2],
    [2, 2],
    [2, 2],
    [5, 5],
    [10, 10],
    [14, 30],
    [38, 39],
    [38, 39],
    [5, 9],
];

/// Expected prices of pairs: a row for the symbol before, a column for the symbol. Price `n` is the
/// ASCII character `n` places after `0`; 44 would be a backslash and is written as 45.
#[rustfmt::skip]
const EXPECTED: [[u8; SYMBOLS]; SYMBOLS] = [
    *b"3234pM88I]@49;m5V7:00;D83I5jihX`j]pPQjapngpp]pcZMppVpL=c^=MLYQ]XYCMeNJ[[pppFRgmfppfjnPPUPTpXR@e^", // a
    *b"::LC6:ppC9F0S[9cUX0S3NmGGpfUORiI`alpdfBUpapI^IZoWdp^ciaC]jkIh?]pdLToXkbpipMji`TpUnppbPPRPUfVP>LU", // b
    *b"8[;f5Fp69nG2Ro0`L6I0:TpcE9VM]EW<fp?g]Zpgg:kd]aR<=pppc^pTVnpN]IojX0Z_pO8ppcmdpfagjbjbgPP6POpXP9L@", // c
    *b"2Tp;85Op<pp60D7PpM=J9XbF7aE=00N6W=NmR60hc6_M01RPBSpQIN0VCYpAHbSODE;RddHQnoZMHpB[n_pl]PP9P:YS_C8M", // d
    *b"@=00K0AHD1V;20E9013=[8=0:^l09b0RpK6XODC_:1]RENJIYpppcRpn]IG?=YeFEHQJUTGLioRLDh6LY[Ia^PP?PKaSQ<V:", // e
    *b"0a]Y@2Rp8ao;N^9k=7V03I[N7pWOPTMpieKhp[`fQHapGQpkaicjfUpg[p_ULLpUX;XE]KNTKpXpmmcoOpp]lPPHPGbVP0a8", // f
    *b"RoQ_0jF0<p;?C>R^p35T6cpTcXO9;[fTcp7`gpEbEGjWZUE]hpYNXLW]kmN:PIAGG5>]XdpHQZ6kTc?b]kNOjPP2P^lRQ0j@", // g
    *b"<_P]:pi:8OLB004p_0A5PpiBVJl??IpFMcp^_d0SX3k@GdGcY]pQYPncmiCAPTV=QBX_pF:Pa_bfpkEQ^hXpcPP:PPVQP0BH", // h
    *b"C049?<0<<6I:@7023?;7a4pGX6lkpf_pp]Updgippcfppp]_pbYp8pePFVpR_Wim_VN_[cpgppRpfk`ggpdknPPXPTipVB^X", // i
    *b"Jpb0=B>pYJSppoZppV6pXY]H8cYXIZZlHaG]gTp^Nppo6YplpgpggphWpYpFpWhpccpFboehmnKpjoppknTpoPPlPYpRPPpY", // j
    *b"Bipp<lWIHU:L`CWkpeCUDpLX9p2^MYWTlj8mQd9VE5pWECZZhmppQJ]pdmN6MFRR?<YEglQZ[agP[iGVbepk_PPCPOhVPLpH", // k
    *b"=2n299LP7FM20T5GpcC47;pa0ppo[<pKTYMSGpSSX0p<4E`0hfpV^NePQ]k3OALIL;eUOQXLgpM_MkDYQlMnePPDP]aQPN0b", // l
    *b"5ApS0ppp;Xe80e>0pp=dEjpgXpX?E1lUPK_>QPVTpVp3QB]0iepWpPjK^<0?Q`A[E9QBEippXY[gKpDknlKl`PP;PcWRZ=0p", // m
    *b"=I0;<000<18@0G<=_V01>0_`<OS0Ck?9pDXOpe0a`8M9Spmp0pOmVR^p[;7GKKaQ>6?SJL:H`WUFTm7QnpXPWPPBPR]QP7X7", // n
    *b"<:3:b@:]0T:>5035c29<9200kD8]na^ppOXWIp^pph^k]_pYTppMJ]pBpciZVplW]ATO[cejdjLP]lYgopghpPPCPecQP7]0", // o
    *b":]ND3^G0PaD0G^0EV3<0>Z^aJpnY=^_J]dCplpHMj]^f?ZpHppppYTnjdl]H^fNlFPNVV80[RipVpiTe^eXkdPPGP]pTPOoC", // p
    *b"QYNppkpDRppIpUpPKS`E7U[pNppepopppp]pfpSpcEifSepgpppplkf^lcfQk[apk]ZWpaNpWjNlpneppk]llPP_PUeUPjb[", // q
    *b"4C2<5H0p8T98444D;;319HVV5IFpG2nTL5Jf9:?4j5]oFUC9TZpd_MbnpIG5CTmIS>SG:U8WHkSLPp@Pp`TpQPP<PUXRPD2G", // r
    *b"<_4X3;`F7pKL0V;7Q]27<kIU00KDD7eNLQKpaBA>A=d>KBd5_]pd4L]TSS[GKUk>L6IPAQDR0gDBH_HMPf5cZPP8PIeSP0[S", // s
    *b"7iCG4Dd60XQM<X;<p8564X0V9pA602H2HpPpF2:5p=I8E9RTN`pjWQo?pBHGLQLK;;?JNPGSC`LIUl9Pp^OhSPP;P<`UPPQD", // t
    *b"?0G@31=p2U;387p0f7;9Z>]E:c]ep]Pppaj]KpYn[]cpb`aXYp[ln^pppo9]dcop_WkppaPpppUnfpje^_aFpPPZP`pSP0b?", // u
    *b"AcMN3]Uh1JpYNeBJLAkpp:lFhJF_]pplVJQncFLpmpn[WppplppUMpo]V`eRjhpp]ZEpkMnVVkNokmp^Ybd_dPP_PhpRP6L^", // v
    *b"D]kD:Np:0LWJZ>?UpC5ohoF_ZjpBigpM`pppRpRp]YpdHVXipmjSgXZpnLhJpTDdP7NEkYaI?aZi[pRTVOnppPP=PpSSPpS3", // w
    *b"8`0XTNRo3VMC0Ri0pZL3pWp27k_XYRLOj[SphPXZIBp5KUTgobp[pWkUpN]PNNohO?LIZRRXem<8Jh<i>dbmjPPOPWbiPQmV", // x
    *b"HO=pdp;fPnh9N004Zp69g_0p:VGL0CDATL<pK0UZiXoAl]LI_no`VOmjn]BALie06?LW3j@KO_cKYmHUd`_kkPP7PWFSQLT1", // y
    *b"B[W^@iRp`ppSV=a[pj^`3Z0p6Je`m]IppMJbo[jRcppp]p?kjljgZkk[]]a[pTppl=ZFkKj^piIpYpepmioioPPLPNpSP;^C", // z
    *b"k7J6p`<ppJpOpHp0pPdXDg:QbZ3?62R]8LSeL00Ep0K0@06pKIJmpbpfWpFomV_pTg^pSlHNpk_Spocppp]ppPP]PSpRP`dp", // A
    *b";Rea3if`cSP0pb]Va^cg4^`SPoP:R]PDSKL9l0cpfXPPV;<MZY0`pam[__Q]dm]p^`pkaeiZaQellpdppppkmPPdP_pQPppp", // B
    *b"0UnpdRF?]mp3]e3RpW_m6`jjpo<G:]9Jh:<J93Pp:Jc<M7<H[p:mpWjddZm[[Mapa]TNkpKhlp`lnpYdopoopPPPPppVPp`j", // C
    *b">P^p;TpYBpp]pACIpYlpcp]Xb[CXXJ0BUP=II[D[A@WKJRbMMLRjc2bY_]pdgaYhgkRZpaZ]nlanppJpgph^cPPWPppQPp][", // D
    *b"pmdKp^p?CLfeDEpWC?cpSDp0_a0M2B;9=abpY:U?@^:00FkB=0:hmcRWILR[XpiTTT]SPimYnp@Tpp0WhblonPP]PeZSPlfR", // E
    *b"=]cmCpSpDmLQPaEfp=Tn7pSWam:PLWP3^X0gV8HT2Df0[KJIVe3ppkp[ippppbfpnWdfdplhceEpkci_opaohPP[PRpTR0op", // F
    *b"cFVi1lcJO`pGh>gFl<]OMppNQppE>V3XIZT_Iib2I8pFHGUQn^?IT_pp]Th]R`j^phbRc^ppakQjpe=appcmiPP`PdpPPjh0", // G
    *b"?dp[XpopIppcYpT=ppY8^W9IpT0RkM=HRK;UF?BR7hDg`0PBeKeRmWeolZJ]gplhppYgphfplZpplgog]fkmpPPfPlgPPYja", // H
    *b"9pdGpWm0QZhpQEp^ipdBpT_PjPA@0DUT=^:peK000:OT00`O`<p3pbmC]EB^ai]b]ZVofpiNGpSppfcpnm[[pPPWPVmPPpT3", // I
    *b"VpppJapIpmp<pkLjpp4pHpppapj[cU<QDpPKeKMLZVpf0WFdGpppmclplkfY]npp`S]hpXpj^pfmbjU]Y^_noPPePWhPPmpo", // J
    *b"S[pT0mpRGga`Qh_gplLW]=Ap_mZUON=KMU]dJVHo]epnWMKXjpHmo[Yllk=FoWpohGNfgcp^epFlp`Loo]pipPPVPl^PPpfc", // K
    *b"CWIl]G]pCRppSp0gepapmZlpppGe[00^]_0X>8d_=IphD70A_jadLTpppbpHGimpMGUUKpJKipEP`^;pjijfpPP^P]?PPpZ]", // L
    *b":bgpBaNmAEbNppGplp_pZXNUN`:XON4g]p5MR>:WO@F`LPI]]f_ipbgh[SEPpTmcSTJQnff?YpGZn]PppmfpoPPYPopPPp=R", // M
    *b"@PppWpp]pGPLOpEWj[np9fpK]O4jN8L5:QYOK^hKB]Uk10:CSG1JiIpmbUaJOXUUTfPe0Y]PphbgapQppp]pjPPdPLMPPcnp", // N
    *b"p0MdpVhcpTYppjp5pFpbJ6`QRDT>G?S0M`]d?361;6p0G00:5mTpZ]`kpDkVp^iocZa]kklRlmpmpXAZlmp]oPPbPohPPkif", // O
    *b"7R[ijZb0dpo0QdFpp?daT6g^Gm8JR3<R]WBm:AlhAJ]<PH0Kpf?pjFp^pZ>TSXNopeKf`oG][lANp]_pd_ZZpPPLPjpPPppP", // P
    *b"^pSoppAoAplUmnI]pYdX0pgnpf]NpD]pgWKpp0THe]JU_X4Upnpp_nXpllkTDYppg]`pn]dlplknmpppllcjpPPhP^pPPYWo", // Q
    *b"B`pp5fbcpppnnpOA<ppp0dpUml>PHJ;AGE0eMARA8QEG59SIiW0OloX[p_S0pm]p[cpJO^lpnpWmmk8pppmppPPCPhCPQp6`", // R
    *b"Mo=oE]pMOp^pb`DMRfa0NRcp0FVH=M0cI09pOKND6E=^C<D<WXDKDZp[pUkQn=phkaWSpnCJppYYpp;Epni`pPPJPhUPPpSp", // S
    *b"VWMoYQp:YpaZ`pBJp<ppW5dd1p1ZHJ0OU34BMVCS8;K7YHUd=D2Lo@WpomP@mhkkLp;_iGZOpnOPol<ocppolPPBPVYPPpdm", // T
    *b"KL[]pl]bfpOpl0p0nb;[ppNUTdpKbC0LTS:VO0ZAf2gA;0JJpSK[lpphppe>epppZRUYkV]papSPpppbpplppPPdPkpPP_pc", // U
    *b"0fdpShplZ`HgmoPRpUnpOppo^O5MMJ<RD]BiCg2dfWmQZ`MKFnppmTkj^ppefkoppe[pl^Vnp]D^picXpkb_lPPcP_fPPppN", // V
    *b"Upc^Iph0:jppppLCpHCcInpYEk=?dOdAQ92SR_pD0`bN^YpLI<CWiTkpoXpPpppoXeoRmOUlU`pnppLppcoooPPhP[jPPpcT", // W
    *b"]p_OppliH]_oYfYeppG>0eipppNOXXP`gYQccc0W`L^EJBNV`0NOnblpfppHpk]pa^XHSfYVRPTia_JlpanpVPPaPUpPPJcH", // X
    *b"8pplLmppIie`K^1plppoOmppppKh`pbpppepPB=]BJ`KQ]VdRF:Vpf_mlpp6kkl0piDLHnjVpp>pnk0p[m`[pPPCP>pPPKZT", // Y
    *b"KcpN0plPVQpcJJUkppbpJMPmppYjmc<TUMnhpphVdpjTRQggGDGJph]Z]dLbkkpppphjecpXn^pnpnpaipmppPPaP_dPPApC", // Z
    *b"lJpGpppjp]]pjapFippkJcpppXfgb8mjaifpnYkQPnkoKlpppdlk4Napa^@PEapY;^YLki8d?p2FRkppppVppPPXPR5XPgdU", // !
    *b"UbTMX_eIQ_]UPU]NeUMTPLSSpfMCJP=HSJDpELNPZJkEJJ]6S[pmU7OC;iQM>_S@:F=E=?]?^4a`C`dPd]:ogPPTPpFPPpWB", // "
    *b"4c^>?iJm0ZOpHpkpQ]TpfjipoohppSpccpmp_g[XYjXnpfkpRp`p[91VpjTZpp8InYFIo[fX`pCpPpppGppp`PP]PnLQWap0", // #
    *b"_aRSlNWUTV`]YnbNC^LbiT`ppo^O`dFUpo`fkf_piNkLlepHiimdfWO@bphRj]QMjOXQdQkdgXJKjoKp0i`ppPPePi0QQdpJ", // $
    *b"Y`PcIppZ[cpNEJ_jpodj]bkBpVQF>H^ljpkoljn[dppkkpppjAppPoap3lLOLppRVWHN?p[QpZmd`KippnKnhPP;PX:QP_pY", // %
    *b"epmKYfgpLcldTUAFiYLckcUgmmXBZ`UjK[[pppNa]Vo@Tpj`d[[pZpEljOmipY[@V]iaec_gpppje[IlmkWppPPNPW0PP]N[", // &
    *b"dMFDpUXpinjMY^BEXo=F]LGYgB[C:dZ^b;>pd8^CbFpSOEiad[kPp_N9Qn@e5RfIKI??=QVM_K]W5]S]]dD[pPPdPp@QQ@pp", // '
    *b"PVK@[V_AO^mY?OLSUMHLGP<d`f7CG@N<[CPHpROQMJpgCSe>]Tp<B<ETLE8@>4YVYRHCXKAaVO9BgHp0EEPUcPPUPQ0QPpnU", // (
    *b"i^`[npppCnjpOWNDppQX^9mZT[pp[pjncZc`lQepYbponSpZolpp]NabVT]^>ZMBRMZ64`pWIjGdA^aKXJ]mpPPOPnNQPpp2", // )
    *b"YeZphW[PIK^cC_pjiTVm;pT__MJnTTekclopJpYk[kZpiplpjnppKblFpIMm61pTO^0ppcEUeRlUppp[pmpmpPPMPh1PPapd", // *
    *b"eE]QpdpOm<QRb@pRN]pZpl]0=cEfBGppkp_mXoolpVi_RYKiabnmpO;UopGK_p2KhWhI]^DpipQRKppojpYppPP_Pk9QQceJ", // +
    *b"L:ALpLpg=aNDQSn^6<`_2BNel3735[c0EhCM5[?TE64eEg5Q:af2NAVLSd5L]nU@>g[[UMp]]IZ`bjW`Npg_gPP[PiBPPjpm", // ,
    *b"XL?T]QY;LEkJUWY:9SLJLSJXgcITM@WOT?Lbe[UOE`:MV_LOOB5?eSp;pXUH^Pp^1bhjppEDcpTOXY^pdVXRpPPOP`;RPpLN", // -
    *b"=BF=<AH5J:d;AG=0<EB8E:;c^]0<F;AJE=PLp[0@G;Z=>7OUYD>RdF^SkKEOYIM^F13oV5JVPWRbL`WWGcdMbPPJPb:QQppL", // .
    *b"XWDDVJMIN?QCJ;NIFIARGC>TTHApQ?UDRcKD_LXQOZ@GJ>RF0]]EJHWK_8[]WCcGh<2pVXWIpHM_`TOpOoRepPPOPR1PPndJ", // /
    *b"U<]PVVa`ad_gg^`WL`bZ`;Z]KWS?]?UGX:ESpG`[b[k[TF^b<[UpV5ib^Ab^_FZUBbF4pJXf<T9FPIiN0pOpRPPOPp@QPpj]", // :
    *b"_:^pNpnlJZ=__TMKJgp]LpmGfpghnnWpplVk[apppojd`npppagdpZp^p4bLjnhX@pLk4Op`ppne_pa]ppinpPPUPp0QRjpo", // ;
    *b"]VS9pZoVSm^Y7TAfmoIfSTLppV2SI@J0nHTIkH:cK2FE1]MBRJmp7hJ[pFRRGpn[amM[X8bVClCpil=pppcppPPRPpGPPPhg", // <
    *b"ppVbdOB0B]L;BdClTT@PUcpPdQgiWKpejp_mpXVVo]hp_G[ZQHpkcBC7DV7bkfjkPWOahD17O0DNOg^OUpj^pPPLPg]QQpkl", // =
    *b"QWnTpelp^ppe_ppognPpjKZppaTE@Gd[pgXpUVCQVFp]Z<mkoWU0oXKE[PP?NalG^WWY@@a8NEU[GpbK5DTopPPVPp>PPpRQ", // >
    *b"Xpgfkap`ajKXVCpNIUc]jNb_fjjppomVmnZppp]mpdkogk^lU[mnY>GCppVQ_epNBPZi@`pW8pIOZp]djN8opPP3Pp<QP[m2", // ?
    *b"pepk]hGjnnpeYIpdpc?pcfYp_^oUipepp]gjkmpp0npjkpl[^hfX]mpFnmYUgohZpMdOkpp_p8Cbpp_pjna_pPPTPW9RPJp^", // @
    *b"iZEHJNidUa;_WPVGTROUMO[eP[O>Gpb]Q^QR]]]oc`pJL`S_kJchpC[YQk9V[^kI^IWTmdfTX]Om6H[5MlBgmPPYPPOQPlkB", // [
    *b"Y:ZWpZepplgpplenmScTp[QLW]]ppmNUpSkoppJpYppnJ]3Tmfkm_:oW_pYZ_RTFkSZ[ZdaRMa6D^pZd`]fipPPTPZFQPp^^", // \
    *b"ppp_nMem[pZpZppllp_pplpfppppnfppcd[amppjo`oohlpla]pkPTppGahVEfCCNXOPBQR^JpEpNRPdXMGnpPP[Pl?RP]p]", // ]
    *b"p]plpoepdmlnlmppmoppmpkpplhmkmg`mdLp[ZYohpkpkpmppbppppok[pEYQnpdJXi]kcWppoX`R8UpDkpppPP]P^gQRZ`M", // ^
    *b"IL<?JDJ<O>L97?H:AC?BI3FnpL>@G0N1:>CW[>5KE8pCB;6>V_ppnppWgp]N:Vp<[UT?AdAUppPMfM1pE?pcpPP_PU6MPp^p", // _
    *b"hUPOffpk]`jeaJpIloSXXp]pp]QeY[6kfE_hmTOeZBl[NUFpjooV_pn`ppcpFpp@pHS?HeRZipiY<pkJpk[^pPPSPW;PPgpp", // `
    *b"mQIPbbdRSpgne`iGk[R`p9Jhjn]kTWkbkJmQlpbep]mim`nkilY^c@^FXbGfJjp[^[R`fpphaepEL_bmPLEcpPPUPg@oPXgn", // {
    *b"apYdppmplnpppljmppcpfi]Y`pekmkYkjlhYYpokQeoielioc[YmoOnpppO^]gmec`mppp`baml_Updpd@LppPPPPh_PP^pM", // |
    *b"pipoppppp[lpgYpIcpjpmppppnpVfhpm_o]NmpeWjn^Zp`pZlopoY]n@`MDT?p`BF^QU7J`NfBbnJpX0^WNmmPPRPO<PQikY", // }
    *b"nhUn]VbmVjpppnoppn]pXVmppglpl^mnhn]mp[ejU]pgdlkboXhiopkopmmlmkiE1U]opoZpppppnppppnm2pPP_PVJPPXoV", // ~
    *b"ppppppppppppppppppppppoppppppppppopnmpopnollmpnpppppphplpplpppppoplppppppppjpp_ppplpPJPmPppYUpoP", // first digit of three
    *b"[^Yhpi]UTXnGf]_FPhYPWaGYncUSY[XZE]]_;ULioZP=ZbDMSULSpb]epVIHIHShX_M]TKGMIpc]QaGpeGG]PPDQPXfePPT?", // second digit
    *b":XNYXJ>]QLpJ]PFQSYgFKoL[OPFN<MJ?QJQG9LYMNLXARNL<00WeQGXQT^0@05TOOMEVDLS]LUZSEZ0S[LBPCPPBPCMQP;5[", // third digit
    *b";=6AA>F4@@@F2F:8B3;<<A8`KG;:7@7:8;9EK4A?3<I76@5K4UJWFMLWmRNZPLOGU[RUV[FcNPFADMeP=SCKpPPPP[Z_pB0K", // space
    *b"SJ?>RSJVTBKYJGQ@;:?GFNUe4W@XD;ZJJ0S]iCXFO6Y@7S]VIN:L;V_`pHEW9cnpk__RQ]peZ=^_^epKPTHTpPPP0X0?TpTU", // more space
    *b"UPXd^`BSJ@pL<1?DM0_KLaPcbRCDTIARFMJQZkTXfZCmEa0UF7JC[ppp]ppRopppp^oWZpp]ippjiSpFpppSpPPNP40Wpppd", // tab
    *b"ppoppnponlmpppppppppnppppmmpippppcmoppppjimpld[pjpppmpSp]piegiplikXomjojpnhlfpnekl^phPP_P]5AmanK", // newline, or start of text
    *b"jRp]UUSSS]UQXQXQQXTRURYpXRRQRQSSPPPPPPPPPPPPPPPPPPRP]RQQPPQQPQPQQQPQPPPPPQPPQQPPpPPPpPPpPp0Qpppg", // carriage return
    *b"PPPQPQPQTPPRPQQPPOQPPjPPPPQPRQWNPQPPPPPPPRPPPQPPQPPPPPPPPPPPPPPQQOPPPOPQPPmPPPPQOPPPRPPVPlpnnpjU", // control
    *b"MG0R00`07WFC960D0HJ98Hop:0pppjZppppjpjpi]dmpgppap[pappd:ppppoca9Wfpkpp7pgkpmWWopcpjppPPLPppppPPP", // Latin letter
    *b"pp]]pppmph8QVRgpm0W]papcopppplodd`Smppedc_p5UpgdhWoppGpRKppp][eppPl0p]eYppk^fn0i]D]`kPP<PpppgPPP", // other letter
    *b"pTZ^pgG]pp_PB_ZpZH=;SHApjPeXKcMe]DXbR[L`S?_aEe1pO`XUoIRp[XE`ZjV2e@Vp]WT^kX>RaPpRpWLbpPP[PSOZ^PPP", // other character
];

/// Upper prices of pairs, written as [`EXPECTED`] is; for both encodings.
#[rustfmt::skip]
const UPPER: [[u8; SYMBOLS]; SYMBOLS] = [
    *b"p234pc88apI49;p5p7;00<E83J5pppXak]ppQpppopppppppMppWpL=p_=MLZQpYZCNpNJ]]pppFShngppgkonnVnUpXY@pp", // a
    *b"::LD6:ppC9^1S]9dVY0T3OnGHpgpORpI`apppppXpppp_JppXepppjpCppkIh?]peMTpplbpjpNjjpUpnoppcnnRnUgWn`pW", // b
    *b"8];f5Fp69pG2Rp0aM6J0:TpdJ9pM]Ep=fp?hppphp:pp^pp<gpppd_pTWopN]JpjY0[`pP8pppneppbhkpkchnn6nOpan9p@", // c
    *b"2Up^86Pp<pp60D8ppM=K9ppF7aE=00p6X=OnS60ic;_N12pQCSppIO0]CYpBHbSODE;ReeHQop[NIpC[o`pl^nn9n:Yl`CpN", // d
    *b"@=00K0AIp2g;20E9023=]8=0:pp0:p0SpK7ppDDp:1ppUpJpYpppcSpo]IG@=ZfGEHRJVUGMjpSLDp6MY]Jb_nn?nLafd<W:", // e
    *b"0b]Z@2Sp9pp;O_9l=7W13J[N7ppPQUppjfKip]pgpHppGQpppjpppVpppp`VMMpVX;XE]LNUppXpnpdpOpppmnnHnHc_n0pp", // f
    *b"ppp`0kF1<pp@C>S_p35U>ppppXP9;]pTpp8`ppppEHkppUE]ipZNXMXplnO:QIAHG5>]XepHR[6lpp?c]lNpknn2n_mgb0pJ", // g
    *b"<pp]:pj:9OLB0I4p`0A5oppBpJp??IpFMppp`e0Tp3kpHppdpppRpPppnjDAZUp=RBp`pG:Pp`cgplEQpiXpdnn;nQVip0pp", // h
    *b"E049?<1OlA[:@702<?<7h4pGX6ppppppp]VpppppppgpppppppYp8ppPFVpR_Xjp`VObpdphppSpgp`hpppponnpnUjp^J_p", // i
    *b"Jpc@=B>pYJSpppppp]6pYY]I?djppppmpbppppp^OppppppmpppphphppppFpWhpdpppcppinpLpkppppppppnnpnZpfdQpp", // j
    *b"Ejpp<mXdHUkLaCplppKppp]Y9pp^MZpUpp8pQpppE5pWEC[[inppRJppdpO6NFSS?=ZEhmQZ[bhPppGWpepl_nnCnOidnMpp", // k
    *b"=2o299bp7FM20U5pppD47;pb0ppp[ppLUpopppSTY1p<4EpLhgpV^OfpR]p3PAiIL;fVOQXLhpM_NpDYRpMoennDn^phnp]p", // l
    *b"5ApS0ppp;Xp81p>0pp=mEppgXpp?E2pUQp`?pPpUpppTRBp0pfpppQpL_<0@QaA]F9QBEjppXZphKpDlomKp`nn;ndX^[D0p", // m
    *b"=I0;<00W<C8@0G<=_Y01>0k`<pS1Cpp:pDYOpf0bp8p9pppp0pppVS_p[p8GKKbR>6?TKM:IpWUFUn7QopYPXnnBnRpln7Y7", // n
    *b"<:3:pA;]0Y:>5035d2:=9300lE9pop^ppPppIppppppp^ppppppQK]pBpdpZVpmp]AUO]cepekLP^mYhpphhpnnDnepcp7^9", // o
    *b":]NE3_H0QbE0G^0FV3<0?[^aKppY>_pJpenpppHppfpp?ppppppppTpppp]H_gOmGPOVV80[SppWpnUfpeXpennGn]papPph", // p
    *b"RZOpppppRppIpppQKTaE7V[pNppppppppp^pgpSpppjpSpphppppplf_pdpRlpppl]ZXppOpXpNppofpplhpmnn`nUfpdlpp", // q
    *b"4C2<5I1p8[:8444Rp;319IWV6_ppGppUp5pg9;p4p8^pppJ9Tppe_NcopJG5CTnJS?TG:U8WIlTLPp@PpaUpRnnBnU]dnRgG", // r
    *b"<_4Y3<aF7pLM0W;7R^27<pIV00KED8pNLpppdCA>ANe>Upp5p^pe4M]VSTpHKVl>L6IQAQDS0hDBIpHMQg5p[nn9nJodn0]T", // s
    *b"7iCG4Lp60pUM<Y;=p8564i0W9pB612i2HpQpF2;5p>J8G9pUOapkbQp?ppHGLQML<;?KNPGTDaLJVm:Qp_PiTnn;n<ahnQRp", // t
    *b"@0GW32=p2pF387p1p7;:b>fE:dpfppppppp]pppp]]cpppjYpp]popppppppppopppkpppQpppVopppp^pbppnnfnppfa0d?", // u
    *b"AcMN3]Vi:JpZOpBJLAppp:mFippppppppJppdFppppp]pppppppVpppp`pfRkipp][EppMpWVpNplnp_ppppenn`niphn7pp", // v
    *b"E]lD:bp:0ZXJp>?_pC6pppG_pjpBjppMppppppSppppeHW_jppkppYppoLiJppDeP7NElZak@ppj[pSpppoppnn>npTddppp", // w
    *b"8i0XTNpo3WpC0Rj0pZL3pXp27l_YZRMOppSppPXZJBp5LpUhpcpppXlUpO^PONpiP@LJ[SRXfn<8Ki<jVecnknnPnpbpnRpp", // x
    *b"HO>pep<gUop9N004[p69p`0p;VGM0CDBpM<pK1UpjYpBp]pIpopaWPnpo^BAMjf07?MW3k@LP_dKZnHVea`pknn7nXFTdMa2", // y
    *b"B]W_@jRppppTV=b]pk_dMZ0p6KfpnppppMJpppkSpppp]pIokmkhpkppppbppUpplOZFlpppppIpZpeppjpppnnMnOpen;pp", // z
    *b"l8J;ppMppJpOpHpppQfXHg:RpZ3?62S^8LnfM00Ep0K0@16pKJKnpbpgXpGpnW`pTh_pSmINpp`pppppppippnn]n^p_naep", // A
    *b";pfbppgjlTZ0pc]Wp^dh4^`pPpQ:R]QETKM9l0dpgXQQW;=MZY0apbnp`_Qpen^p^aplbepZbpemmpepppppnnnen`pbnppp", // B
    *b"0VpppSp?`np3]f3Rpp`pXpkppp=H:^9Ki:<K93Pp;Jd<M7<Y]p:npXkeepn][Nbpb]UOlpLpppamopZppppppnnPnppVnppp", // C
    *b">Ppp;ppYBppppACJpYmppppXppCXYJ0BVQ=IJ[E]A@WKJScNNMRkp2pp`ppehpZpglS[paZ]oppoppJpppipdnnXnppcdpp]", // D
    *b"pppLppppDpppEFppC?ppUpp0pp0M2B;9=bcpp:V?A_;01FlC>0;indppIMS[XpipUU]SpinZopmTpp0pipmponn]nf[_dnh[", // E
    *b"=pdnCpppDpPRQbFgp=To7pTpbn:QLWP3^Y0hV8HU2Dg0[LJIWf4pplppipppppgpopdgdppipgEplpj`ppapinn[nSp^c0pp", // F
    *b"dpppppppOppGpphFp@ppMppOpppE>p3YI[U`IjcpJ9pFHGVRo_IJpppp]pipSpknppbRdpppplRkpp=pppdnjnnbndpnnlj0", // G
    *b"[eppppppppppYp`@ppZ8np9ppT0SlN=HSK;UF?BS8iEga1PCfKfSnXppmpJ]hpmppppgppfpmpppmhphpglnpnngnphnn[lp", // H
    *b"pppGpXpAR[ippEpppppBpppmkpA@0DVU>_:pmK000;PU01aO`=p3pcnDppBphjpc][WpoppOGpTpppppoppppnnWnWpnnpU3", // I
    *b"lpppLpppppp=pppppp4pHpppppk]cU<QEpPKfKMLpWpg0XFeHpppmdppppgZpnpp`T]ppYpkpppnpppppppnpnnfnWinnnpp", // J
    *b"`ppT0npSHpbpQp`ppppp^=pppnZVOO=LNU^pJVHppfpo_MLYkpHnp]pmlk=FpXppiGpgppppppFmppMpppplpnnWnm_nnphe", // K
    *b"ppIppHppCXppTpdpppppppppppGp]00^^_0X>8ep=JpiD70A`kbdpUpppppHHinppHUpLpJKjpEQa^<ppjkppnn_n^?nnp[^", // L
    *b";pppbppnDppNppGppp`p[pppNp:YON4hpp5MR>;XO@FaLPJ]^g`jplpipTFPppndpUJQofppppGZppQppnpppnnZnppnnp=f", // M
    *b"@pppopp]pGpM^pEWkppp9ppppp4jN8M5:QZOK_pKB]Ul20:CSG2KpIpnpppJPpapUpQfpZ]QpiphbpQpppbpknnenMpnnppp", // N
    *b"p0NppWpdppZpppp5pppcJ6appDT>G@T0Na]e?3?2;6p0H00:5nUpp^lppDpVppipppp]lpppppppppAppppppnncnphnnmkp", // O
    *b"7epjk[p0pppEQdFpp?eap7p^Gp8KU3<R^WBn:AppAJ]<QO0Kpg@pp[p^p[>TSppppfKg`pG]ppBNpp`pppZppnnMnkpnnppp", // P
    *b"_pppppApYpmpppppppph0ppopg]OpE]phWKpp0UHfpJU_X4UpopppoppmmpgDppphpapo]pmpmlonpppmmpopnnin_pnnZYp", // Q
    *b"C`pp5kpppppppppA[ppp0ppVpm>QHK<AhF0fNARB8QEH59TIjW0Pmpppp`T0pppp]ppOX_lpopWnnp8pppnppnnCniCnappp", // R
    *b"Mp>pF]pNPp^pppDMSgp0pfpp0FVI=M2cI09pPKOD6F>_C<D<XYDKp[pppVpRo=pplaXTpoCJppZZpp<FppjppnnJniVnnpTp", // S
    *b"XXMpoQp:ppp[apBKp<ppX5pp1p3ZfJ0PU34BNWDT9;L7YHVe=D2Mp@pppnQ@nilpLp;`jGaOpoQQpm<pppppmnnBnpZnnppp", // T
    *b"ppppppppppppp0p0op;]ppppUppLcC0LTS:pP0[Ag2hA;0KKpTK]lppippp>fpppZSVZlVpppppppppbppmppnnenlpnnppp", // U
    *b"1gepmipmZpIhppQpppopOppo_P5MNJ<RD]CjCh2egXnR[`MKFoppnmlppppegppppf]pm_poppDpppdYplppmnndn`pnnppQ", // V
    *b"ppd_Ipp0[kppppLppHCpJop]El=?dOpAR92TR`pD0acN_ZpMJ=DWippppppQppppYpppnOUmpppoppLppppppnnpn]knnpdU", // W
    *b"^p`Pppnjpp_pfpZpppGp0njpppNPXXpahZRddd1Wak^EJCpW`0NOopmpgppHplppb_pIppZppp_jbpfmppopWnnanVpndKdI", // X
    *b"8pppLpppIjpppp2pppppOnppppKhapbpppfpcC=]BKaKQ]VpSF;Wpgpnppp6plm9ppDMlokppp^pol0pppgppnnDn>pnnL[U", // Y
    *b"Lppp0ppPWppoJpUlppcppMQpppZknd=TUpoippiVeppTSQhhGDGJpipppe_bklpppppkpcpppppppopbjpmppnnbn`endApD", // Z
    *b"pipHpppkppppkbpFjpplppppppghcZnkpjipoppppopppmppppml4Nppb^@PFbpY<_ZLlj8e@p2FSlppppVppnnYnS5XdifV", // !
    *b"VcTNX`eJQ_]UPV]OfUNTPMTSpgNCJP=ISJDpELNPiKlFKK]6Sppnp:OC;jRM>_TA;F=E=?^?^4baC`dPd]:phnnUnpGdpppC", // "
    *b"4d_>?jKn0phpHpppp]TpgkppppippppddpnppgpYpkpopplppppp[92WpkT[pp8IoYGJp]gX`pCpPpppHppp`nn^noMc]bp0", // #
    *b"`bSSmOXUUWa]ZobOC_MbjUappp^paeFVppagpg_ppOpMmfpHjpnpfWO@cpiRp^QMkPYReRlehYJKkpKp0jappnnenj0bbppK", // $
    *b"ZpQdppp[pdpppJpkpppp^clpppQp>H^mppppppnpeppplpppppppPpbp3mMOMppSWpIN?p]Qp[nd`KpppoKoinn;nX:ccppZ", // %
    *b"fpnLZghpLdpeTVBGjYMdldVpnpYB[aVkMp]pppNb^Vp@Upp`p]pp[pEmkOnjpY]@W^jafd`hpppkpfImnlWppnnNnX0cn]p]", // &
    *b"pNFDpVXpjokMZmBEYp=FpMpYpB]D:eZ^c;>po8^CcGpTPEjbp]ppp_O:po@f5RpIOJ?@=QWMpL^W5^T]]dE]pnnenpAbc@pp", // '
    *b"QVK@]W`AO^nZ?PMSVVILHP<eag7DH@Op[DjHpSOQNKpgDTp?]Up<B<ET]E8@>4ZWYSHCXKBbWO9BhHp0EEPVcnnUnQ0bcppp", // (
    *b"ipp]ppppCokpPXOEppRpp9nppppppppopppppQfpYpppoppppmpp^OabVT]_?[MB[MZ64apWIkGeA^aLXK]npnnOnpOcnppp", // )
    *b"Zf[piW[QIK_dC`pkjUWn;pU``MJoTTeldmppJpZp[lppjpmpkoppLcmGpJMn62pUP_0ppdEUfSmVppp]pnpnpnnNnh2cdbpp", // *
    *b"eE^RpdpPn]QSbApSp]p[pm]0=pEgBHpplppmpppppVj`SZPjbponpO<UppHK`p2KhXiJ^pDpjpQSKppojpYppnn`nl9bcpgK", // +
    *b"MDHLpLph=bODQSo_Hca`2Eppm3735pp0EpCp5]?Tp64fEp5p:bp2NAWMTe5M]nV@>h[]VNp^]J[ackXaNpg_hnn[npBcpkpo", // ,
    *b"YM?T]QY;MEpJVWp:pSLKLTJXgdJTYAWOT?`cfpVOZ`:MW`LPOC5@fTp;pYVI_Pp_1cikppEEcpTPYY_pdVYRpnnPn`;pcppO", // -
    *b">BF=<BH5J:d;AG=0<EB8E:;d^]0<G;AJE=pLp[0AG;p=>7PUZD>SeG_TlKEPZIN_F23pp5JWPXScMaXXGpeNcnnKnc:cbpph", // .
    *b"XWDEVKMIO?RCK<OJGIASHC?TUHApQ?UDpcpDmMXQP[AGJ>RF0p]EJIXK`8[]XDdHi<2pVXXJpIM_aUPpOpSfpnnPnS1cnppK", // /
    *b"U<^PWVbpae_hh^aWLac[`;[]iWS@]?UHX:EppGa[c]l]UF_c=[VpW5pc^Ac^`F[VBcF5pJpg<U9FPJjO0pOpRnnOnpAbnpp]", // :
    *b"`:_pOppmJpp``TpKpgp]LpnGpphponpppmpkppppppppaopppppppZp^p4cLkoiX@pMl4Opappof_pb]ppjopnnVnp1bSppp", // ;
    *b"]WS9p[pWTn_Y7UBgppIfSULppp2TJ@J0pUTIpH:dK2FE1^MBSpnp7iK]pFRSGpo]bnN]X8cWDmCpim=pppdppnnRnpGcnQpi", // <
    *b"ppVcdOB0BpL;BeCmUU@QVcpQdphjpKpfkppnpXWWp]iplGppQHplcCC7DV7clgkkQXPbip27P0DOOg^PVpk^pnnLnh^bcppp", // =
    *b"RXoTpemp_ppf_ppphoPpkKZpppUE@He]phXppVCRVGp^[=mlpph]oYLEpPQ?ObmG_XWY@@a8NEV]HpbK5EUppnnWnp?cnpSR", // >
    *b"ppgflpppbpKXWDpOJVd]kOcpppkpppppnppppppnpepphl_ppppoZ>GDpppR`ppNBP[j@apY8pIPZp]ekN8ppnn3np<bn]o2", // ?
    *b"pepl]hHpoppfZJpdpd?pdgYpppppipfpppgplmpp1ppplpmpppfp^npFonYVhpi[pNeOlpp`p8Dcpp_pkob`pnnTnX9bnKp_", // @
    *b"jZEHKNjeUbp`]PWGTSPVNP[fP]P>Hpc]R_pp]]]pd`pJLap_lJchpC]ZRl9W[_lI_JWUnepUY]Pn6I]5MmCgnnnZnaOccnmC", // [
    *b"Z;pWp[pppmpppmfonScTppQLp^pppnNppilpppJppppoKpppngln`:pX`pZ[`RTGlTZ][dbSNa6E_p[ea]gjpnnUnpGbnp_`", // \
    *b"ppppoppnppppppppppdppmpppppppmpppepppppkppppimpmbpplQUppGaiWFgCCOYPQBRS_KpEpOSQeXNGppnn]np?bn^pp", // ]
    *b"p^pppppppppomnppnpppnppppppnlnpappppppppipppnpnppppppppl]pEZQopeKpj]ldWpppXaS8VpElpppnn]n_gc]]pN", // ^
    *b"IM<@KDJ<O>M97?I:AC?BI3FopM>@G1N2J>Cp]>5LE8pCC;6>p`ppoppXhp^O:Wp<[pU@AdAVppPNgN2pE?pdpnn`nV6pnppp", // _
    *b"iVPPffpl]akebJpImpSYYp]pp]QfZ]6lgE`hnUPf[Cm]NVGpkppW`pnappdpGpp@pHS?IfSZipjZ=plKpl]_pnnTnW<dnipp", // `
    *b"pQIPccpSSphof`jGl]Rap9Kikp^kUXlblJnpppcfp]njn`olimp_d@_FYcGgKkp]^[SagppikfpEL`cn^MEdpnnVnp@pnZpp", // {
    *b"bpYeppnpmppppmknppdpfjpYppflnlplklpppppppfppfmjpgpYnpPopppO_]hnedanppp`bbnl`Vpepe@LppnnQni`cd_pN", // |
    *b"pppppppppppppYppppkpnppppppWpppppppTnppppp_ppppopoppY]o@`MET?p`BF_QV7K`NgBboJpX0_XOnnnnSn[<cejpZ", // }
    *b"oiUopppnpkpppppppo^pppnpppmpppnopo]nppfpp^phpmlpppippplppnnmnljE2U]ppoZpppppoppppon2pnn`nWKdnZpp", // ~
    *b"ppppppppppppppppppppppppppppppppppponpppopmmnpopppppphpmppmpppppppmppppppppkpp`pppmpnJnnnppZpppQ", // first digit of three
    *b"[_Zipj]VTXoif^pFQiZPXbpZodUTZ]X[F^^`<VLjp[PG[cDNSVMTpcphpWJIJISiX_M^ULHMIpc]QpHpfGG^nnDQnYfppPp?", // second digit
    *b";XNYXJ?]RMpJ^PGpSZpYKpM[OQFO<MJ?RLQG:LZMNMpARop<00pehG]pp_0p05UOPNEpDLn]MUZSE[1T[LBpCnnBnCM`d<5]", // third digit
    *b";=6PA>F=@@JF2F:8B3=<<A9apG;:7@7:8;9EK4A@3<M76@5K4VJWGNLWpRN[PLPGV]SVp]GcOPFADMfP=TDLpnnnQ][`pjML", // space
    *b"TJ?>STJVUBLYJGR@;:?HGOVf4XAXD;[KKpS]jDYGO6Y@7T]WJN:p;V_`pIE_9cnpp``SR]pf[=_`^fpLQUHTpnnn1p1ppppV", // more space
    *b"VQhe^aBTJ@pL<1?EM0_KMdPdcSpETIARFNKWZpphgZCpEp0pG7JC[ppp]ppRppppp^pp[pp^jppjjppVppp]pnnNn40Xpppf", // tab
    *b"pppppoppomnpppppppppoppppnnpjppppdnpppppkinpmd]pkpppnpTp]pjfgjpmjlXpnjpkpoimfpoelm^pinn`n^5AnbpL", // newline, or start of text
    *b"pcp^ja^nhbdh]cYieY]ijljp]hab`aaannnnnnnnnpnpnndnnnpn]Zbbcdcccbccbbdccdcccbcdcccdpdccpnnpnp0dpppi", // carriage return
    *b"cpnppbdZ^dd^nccan_apdkddnccp_p_Onbbnnnacc]_pnpndbnnnnpndnpnnndncc`ndn^ncdpncnnncfnnnpnnpnmpooppV", // control
    *b"NH0p0eb0pXGD96<D0^ki8Hpp:0pppl[ppppkpppk^fophppcp]pcppfYpppppep:XpppppWppmppppppeplppooMoppppooo", // Latin letter
    *b"ppppppppppJRXfppphpppppppppppppppbpopppfdpppVppfpXpppppSppppp]pppQpPp^fpppmlppZj_`^ppoo<oppppooo", // other letter
    *b"pUppphp^pppQCa]ppH=;nHppkppYLpNg]EgopppbTpapFpbpkpYppJSp]YFbppX2gAWppYp_mY?SpQpSpXMcpoo]onp[_ooo", // other character
];

/// Upper prices for `o200k_base` alone where ASCII meets another script, written as [`EXPECTED`] is:
/// three rows for entering it, by the symbol before, then three for leaving it, by the symbol after.
#[rustfmt::skip]
static EDGES: [[u8; SYMBOLS]; 6] = [
    *b"@>9C<000BQMO>77PlD0Q07pRM;apppn0l[pnpppempZpppappKLAipbpp]@ppbekpppppQpp]Knp^]piZ_jZpP<Cppbppooo", // Latin letter after
    *b"gpL9Wppp_pp00Y^ppg]RdMppU`epb^hpjlUph[=pkpY6Teppdd[pfXpppPppppgpMpflpilSopm_pp`piplppU50pppppooo", // other letter after
    *b"`V@N:8ApY[Idp70C]GTE?_3W2Dppk]Sp0b3pe^SppppppopNUIUDVC0KZ]pV2pKoOMK]pinR2_C`]NpppNZWQ?]LVfLiVooo", // other character after
    *b"NH0S0eb08XGD960D0HK98Hpp:0pppl[ppppkplpk^fophppcp]pcppf:pppppeb:Xgpmpp7pimppXpppeplppooMoppppooo", // after Latin letter
    *b"pp]]pppppo9RXSipp1p]pppppppppnpffbToppgfdap5VpifjXpppHpSLppp^]fppQm0p^fZppmlgp0j_E^bmoo<oppppooo", // after other letter
    *b"pUp`phH^pp`QCa]p]H=;THBpkPfYLdNg]EYcS]LbT?apFp1pPaYVpJSp]YFb[pX2gAWppYU_mY?ScQpSpXMcpoo]oTP[_ooo", // after other character
];

/// The Han and Hangul characters that `o200k_base` holds as one token, from its vocabulary.
static WHOLE: &str = "\
    一丁七万丈三上下不与专且世丘业东丝两严並丨个中丰串临丶丸丹为主丽举乃久么义之乌乎乐乔乗乘乙九也习\
    乡书买乱乳乾亂了予争事二于亏云互五井亚些亞亡交亦产亩享京亭亮亲人亿什仁仅今介仍从仓仔仕他付仙代令\
    以仪们仲件价任份企伊伍伏休众优伙会伝伟传伤伦伯估伴伸似但位低住佐体何余佛作你佣佩佳使來例供依侠価\
    侣侧侯侵便係促俄俊俗保信修俱俺個倍們倒候借倡値倫债值倾假偏做停健側偶偷偿傅備储催傳傷働像僕價億優\
    儿允元兄充兆先光克免児兑兒兔党入內全兩八公六兰共关兴兵其具典养兼兽内円冈冊册再冒写军农冠冬冰冲决\
    况冷冻净准凉凌减凝几凡凤処凭凯凰凸出击函刀分切刊刑划列刘则刚创初删判別利别到制刷券刺刻剂則削前剑\
    剤剧剩剪副割創劇力办功加务动助努励劲劳効势勇勒動務勝募勢勤勿包化北匙匹区医區十千升午半华协卒卓協\
    单卖南単博占卡卢卧卫印危即却卷卸厂厅历厉压厕厘厚原厦厨去县参參又叉及友双反収发叔取受变口古句另只\
    叫召可台史右叶号司吃各合吉吊同名后吐向吕吗君吞吟否吧吨含听启吴吸吹吻吾呀呈告员呢周味呵呻呼命咋和\
    咖咨咪品哈响員哥哦哪哭哲唐售唯唱商啊問啥啦啪善喊喘喜喝單営喷嗎嗯嘉嘎嘛嘴嘿噜器四回因团団园困囲図\
    围固国图圆圈國園圖團土圣在地圳场圾址坂均坊坏坐坑块坚坛坝坡坦坪垃型埃城埔域培基堂堡報場堵塑塔塘塞\
    填境墓増墙增墨壁壇士壮声売处备変复夏夕外多夜够夢大天太夫央失头夹夺奇奈奉奋奏契奔奖套奥女奴奶奷奸\
    她好如妇妈妓妖妙妞妮妹妻姆始姐姑姓委姚姜姨姿威娃娇娘娛娜娱婆婚婦婷媒媳媽嫁嫂嫌嫩嬉子孔孕字存孙孟\
    季孤学孩學宁它宅宇守安宋完宏宗官定宜宝实実宠审客宣室宫宮害宴家容宽宾宿寄密富寒寓寝察實寨寫寶寸对\
    寺寻导対寿封専射将將專尊尋對導小少尔尖尚尝尤就尸尺尼尽尾尿局屁层居届屋屏展属履屯山岁岗岛岡岩岭岳\
    岸峡峰島崎川州巡工左巧巨差己已巴巻币市布帅师希帐帖帝带師席帮帯帰帳帶常帽幅幕干平年并幸幻幼幽广広\
    庄庆床序库应底店府废度座庫庭康廉廣延廷建开异弃弄弊式引弗弘弟张弱張強弹强归当录形彦彩彰影役彻彼往\
    征径待很律後徐徒得從御復循微徳徴德徽心必忆忍志忘忙応忠忧快念忽怀态怎怒怕怖思怡急性怪总恋恐恒恢恩\
    息恶悉悟悠患悦您悪悲情惊惑惜惠惨惯想意愛感愿慈態慎慢慧慰懂應戀戏成我戒或战戦截戰戲戴戶户戸戻房所\
    手才扎扑扒打払托扣执扩扫扬扰扱扶批找承技把抓投抗折抜択抢护报披抱抵押抽担拆拉拍拒拓拔拖拘招拜拟拥\
    拨择括拳拼拾拿持挂指按挑挡挣挥振挺捕损换据捷掃授掉掌排掛採探接控推措掲揉描提插換握揭援搏搜搞搬搭\
    携摄摆摇摘摩摸撃撑撒撞撤播撮撸擊操據擦攝支收改攻放政故效敌敏救敗教敢散敦敬数整敵數文斗料斤断斯新\
    方於施旁旅旋族旗无既日旦旧旨早旬旭时旺昂昆昌明易昔星映春昨昭是昼显時晋晒晓晚晨普景晰晴晶智暂暇暑\
    暖暗暨暮暴曜曝曰曲更書曹曼曾替最會月有朋服朗望朝期木未末本札术朱机杀杂权杆杉李杏材村杜束条来杨杭\
    杯杰東松板极构析林枚果枝枪架柄柏某染柔柜查柱柳柴査标栋栏树栗校株样核根格桂桃框案桌桑档桥桶梁梅條\
    梦梨梯械检棋棒棚森植椒検楚業極楼楽概榜構様槽樂樓標模樣横橋機橹橾權欠次欢欣欧欲欺款歉歌歓歡止正此\
    步武歩歲歳歴歷死殊残殖段殺毁毅母毎每毒比毕毛毫氏民气気氣氧水永汁求汇汉汗江池污汤決汽沁沃沈沉沒沖\
    沙沟没沢沪河油治沿況泄泉泊法泛泡波泥注泰泳泽洁洋洗洛洞津洪洲活派流浅浆测济浓浜浦浩浪浮浴海消涉涓\
    涙涛润涨涩涯液涵淘淡淫深混添清済渐減渠渡温測港游湖湘湾湿満源準溪滋滑滚满滤滨滴滿漂漏演漢漫潔潘潜\
    潭潮澡澳激灣火灭灯灰灵灾炉炎炒炮炸点為炼烈烟烦烧热無焦然焼煌煙煤照熊熟熱燃燕營爆爰爱爵父爷爸爽片\
    版牌牙牛牡牢牧物牲特犬犯状狂狐狗狠独狸狼猎猛猜猪猫献猴獸玄率玉王玖玛玩环现玲玻珍珠班現球理琪琳琴\
    瑞璃環瓜瓣瓦瓶甘甚甜生產産用田由甲申电男甸町画畅界留略番畫異當疆疑疗疫疯疲疼疾病症痛療癌発登發白\
    百的皆皇皮盆盈益盐监盒盖盗盘盛盟監盤目直相盾省眉看県真眠眼着睛睡督瞬知矩短石矿码砂研砖破础硕硬确\
    碍碎碑碰確碼磁磨示礼社祖祝神祥票祭禁福禧离禽禾秀私秋种科秒秘租秦积称移程稍税種稱稳稿穆積穴究空穿\
    突窍窗窝窥立站竞竟章童端競竹笑笔符第筆等筋筑答策筛筹签简算管箭箱節篇築篮簡籍米类粉粒粗粤粮精糕糖\
    系紀約紅納純紙級素索紧紫累細紹終組経結絡給統絲絶經続維網総緒線締編縄縮總績繁續纠红约级纪纬纯纲纳\
    纵纷纸纹纽线练组细织终绍经绑结绕绘给络绝统继绩绪续维综绿缓编缘缩缴缺网罗罚罩罪置署羅羊美羞群義羽\
    翁翌習翔翠翻翼耀老考者而耐耗耳聊职联聘聚聞聪聯聲職肃肉肌肖股肤肥肩肯育肺胃胆背胎胖胜胞胡胶胸能脂\
    脑脚脱脸腐腕腰腳腹腾腿膜膽臀臣自臭至致臺與興舍舒舔舗舞舟航般舰船艇良色艳艷艺艾节芝芬芯花芳芸芽苍\
    苏苑苗若苦英范茶茸草荐荒荡荣药荷莉莎莓莞莫莱莲获菌菜華菲萄萌萝营萨萬落葉著葛葡董蒂蒙蒲蓝蔡蕉蕩薄\
    薦薪薬藏藝藤虎虐虑處虚號虫虹虽蛇蛋蛛蜂蜜蝶融血行術街衛衡衣补表袋袖袜被袭裁裂装裏裕裙補裝裤裸製襪\
    西要覆見規視覚覧親観覽觀见观规视览觉角解触言訂計訊討記訪設許訳診証評詞詢試話詳誉誌認誘語說説読誰\
    課調談請論講謝證識警議護讀變讓计订认讨让训议讯记讲许论设访诀证评识诈诉诊词译试诗诚话询该详语误诱\
    说请诸诺读课谁调谈谋谓谜谢谨谱谷豆豊象豪豹貌負財貨販責買貸費貼賀資賞質購贝负贡财责贤败账货质贫购\
    贯贴贵贷贸费赁资赋赌赏赔赖赚赛赞赠赢赤赫走赴赵赶起超越趋趣足跃跌跑距跟跨路跳践踏踩踪躁身車軍転軽\
    較載輪輯輸轉车轨轩转轮软轴轻载较辅辆辉辑输辖辛辞辣辦辨辰辱農边辺込辽达迁迅过迈迎运近返还这进远违\
    连迟迪迫述迷迹追退送适逃逆选逊透逐递途這通速造連週進逸逻逼遂遇遊運遍過道達違遗遠遣遥適遭遮遵選避\
    邀還邑那邦邪邮邻郎郑部郭郵都配酒酷酸醉醒醫采释里重野量金鉄鉴銀錄錯録鍵鏈鐘鑫针钟钢钥钮钱钻铁铃铜\
    铭银铺链销锁锅锋锐错锡锦键镇镜長长門閉開間関閱閲關门闪闭问闲间闻阁阅队阪防阳阴阵阶阻阿附际陆陈陌\
    降限院除险陪陰陵陶陷険陽隆隊階随隐隔際障难雀雄雅集雑雕雙雞離難雨雪零雷電需震霍霞露霸青靖静非靠面\
    革鞋韓韩音響頁頂頃項順須預領頭頻頼題額顔願類页顶项顺须顾顿预领频颖颗题颜额風风飛飞食飯飲養餐館饭\
    饮饰馆馈首香馨馬駅験驗马驰驱驶驻驾验骑骗骚骤骨骰體高鬼魂魅魏魔魚鱼鲁鲜鲸鳥鸟鸡鸣鸭鸿鹅鹏鹰鹿麗麟\
    麦麻麼黃黄黎黑黒默點鼎鼓鼠鼻齐齢龄龍龙가각간갈감갑값강같개객거건걸검겁것게겠겨격견결겼경계고곡곤\
    골곳공과관광괴교구국군굴궁권귀규균그극근글금급기긴길김까깔깨꺼께껴꽃꾸꿈끄끌끔끝끼낌나난날남납났\
    내낸낼냈냐냥너널넘네넷녀녁년념녕노논놀농높놓누눈뉴느는늘능니닉닌님닝다닥단닫달담답닷당대댓더덕던\
    덤데델도독돈돌동돼됐되된될됨됩두둘뒤드득든들듯등디딩따때떠떤또뜨뜻라락란람랍랑래랙랜램랩랫략량러\
    럭런럴럼럽렇레렉렌렛려력련렬렴렵렸령례로록론롤롭롯뢰료루룸룹류률르른를름리릭린릴림립릿링마막만많\
    말맛망맞매맥맨머먹먼멀메멘며면명몇모목몬몰몸못무문물뮤므미민밀밍및바박밖반받발밤방배백버번벌범법\
    베벤벨벽변별병보복본볼봉봐봤부북분불붙뷰브블비빈빌빙빛빠뿐쁘쁜사삭산살삼상새색생샵서석선설섭성세\
    센셀셔션셜셨소속손솔송쇄쇼수숙순술숨쉬쉽슈스슨슬슴습슷승시식신실심십싱싶싸써쓰쓴씀씨씩씬아악안않\
    알암압았앙앞애액앤앨야약양어억언얼엄업없엇었에엔엘여역연열염였영예오옥온올옵와완왔왕왜외요욕용우\
    욱운울움웃워원월웠웨웹위윈유육윤율융으은을음응의이익인일읽임입있자작잔잘잠잡장재쟁저적전절점접정\
    제젝젠져졌조족존좀종좋좌죄죠주죽준줄중줘즈즌즐즘증지직진질짐집짓징짜짝째쪽찌찍차착찬찮찰참창찾채\
    책처척천철첨첫청체쳐쳤초촉촌총최추축춘출춤충춰취츠측층치칙친칠침칭카칼캐커컨컬컴컵케켓켜코콘콜콩\
    쿠큐크큰클큼키킨킬킹타탁탄탈탕태택터턴털테텍텐텔템토톡톤통퇴투튀튜트특튼틀티틱틴팀팅파판팔패팩팬\
    퍼페펴편평폐포폭폰폴폼표푸풀품풍퓨프픈플피픽핀필핏핑하학한할함합항해했행향허헌험헤혀혁현혈협형혜\
    호혹혼홀홈홍화확환활황회획효후훈휘휴흡흥희히힌힘";

/// A bit for the [`hash`] of each pair that the message catalogues use often, for the scripts
/// between Greek and Katakana: per script the most frequent 98 % of pairs, 1,200 at most.
#[rustfmt::skip]
#[expect(clippy::unreadable_literal, reason = "a set of bits: there is no number to read")]
static WRITTEN: [u64; 1024] = [
    0x00180022cd44a0ca, 0x4064a02028480382, 0x22208800c4410001, 0xd0342828a4c00000, 0x102008e05975d008, 0xb428000004200101,
    0x206200401c100040, 0x0800465004800310, 0x0002420090080002, 0x024500908c80184c, 0x9082000090441014, 0x400107240bb00002,
    0xe04100400a420204, 0x1004022000210500, 0x50088040006a0008, 0x9462804840000088, 0x02000c22cc821e18, 0x9000002124014580,
    0x0240143204081500, 0x8022101647250020, 0x0001412000008408, 0x8031402002040085, 0x89006401410c1204, 0x001a518000400288,
    0x8451a80c000c0008, 0x0088a00100400111, 0x4052230820220000, 0x2041800000060800, 0x00110a22a90422b8, 0xa091097203004500,
    0x804c5c44d4824402, 0x0440820118826020, 0x1004110006802400, 0x2084209000002288, 0x100848a182001048, 0x0480009342148254,
    0xe000885800040204, 0x0018181001861884, 0x08a0150022052409, 0x0080680004000050, 0x028040a8b6a08008, 0x2c38412501000011,
    0x1240041a98000010, 0x020002a58000fc20, 0x0184920200042011, 0xd8102500c2340001, 0x020010041a594242, 0x48c0008008164000,
    0x0220408141402220, 0x0042488004393424, 0x802c80000221148c, 0x42c9400800987221, 0x400409aa80811200, 0x4014200092100400,
    0x0384000000104400, 0x041a210004802025, 0x30014007c80c0420, 0x00804040b4081b01, 0x0a050c04028088a0, 0x4613410254001103,
    0x5104010a00401010, 0x2004102018006023, 0x832d0000847c8ac0, 0x2044a26c00000202, 0x1180017480080409, 0x3042000205084003,
    0x148a910010002001, 0x3020442a2c8a1210, 0x410204040c451540, 0x402124111c081103, 0x4880001c081d0230, 0x2c00160109409a00,
    0x0400000009801984, 0x0470090408001840, 0xa0410018110e9114, 0x263c023308010ca8, 0x0118006b4002540a, 0x0850800089c06013,
    0x81002622b0000c0a, 0xc04446200042408b, 0xc800202084102008, 0x8223051102a2c881, 0x000802b200083028, 0x020302900c04400c,
    0x110002080392120c, 0xc112211002000001, 0x4410040000488025, 0x3020a0020000a0d0, 0x1680981102060083, 0x20412208282c4844,
    0x62c210500a00ca20, 0x02800d0209090802, 0x88913e2244025259, 0x5418216103905822, 0x1020101000124500, 0x004020012909008a,
    0x804235a61a020164, 0x00200182040a6200, 0x00021c7010404a04, 0x01c0011084804c00, 0x00a23a8012000284, 0x0200200008204000,
    0x140004b213a0964c, 0x45c26d0100200080, 0x40420a0800a88810, 0x1654428190004081, 0x365482000b264408, 0x0ac0214010068049,
    0x0241020808010800, 0x1090580480124418, 0x71244902d8000808, 0xe000408801296050, 0x002f0800c0020220, 0x40a00000a201020c,
    0x2a046d0040220ab0, 0x0040340018100644, 0x4100081389448902, 0x00044d00302703f4, 0x0000000700c89209, 0x4098821242000082,
    0x4204000040002000, 0x0808440004805281, 0x111800404005b000, 0x2440210200001701, 0x2500604040740100, 0x093000440b082897,
    0x800040300900800e, 0x080a0822a8b00041, 0x14008264a4400204, 0x1024400004c00010, 0x8004004c00000540, 0x0801441106410080,
    0x1800062000080006, 0x2005405800201024, 0x0200004120c00805, 0x0161114080102860, 0x0018048024029320, 0x5001022400004ca0,
    0x3116244102424000, 0x06c012010b118018, 0x300808001a00c00b, 0x8004910002204004, 0x051a085206506c58, 0x125630324702e480,
    0x1a4a940200800428, 0x0832007600000008, 0x8c457660a0480404, 0x1002203f10010024, 0x900028488004820a, 0x08928e8202004020,
    0x2003222400140804, 0x0700880c80050d04, 0x00f000c400200202, 0x0588810aa0001148, 0x00900400c8101203, 0x0655900402c84030,
    0x05c81110852b4882, 0x008ca4021001680e, 0x4804102010278020, 0x0001811500a04000, 0x1400000106030880, 0x90205a0942d00420,
    0x0424100500160624, 0x0881200500264804, 0x0412258396010644, 0x45084c2021004006, 0x4480040082010a80, 0x040000c020688842,
    0x0148a03801000110, 0x64c1110800200860, 0x04480043ca014410, 0x00c0d80080262010, 0x4201180848900560, 0xa800d58817101006,
    0x0280000048800004, 0x4e00040000010208, 0x0204418008052052, 0x2200018104311004, 0x0102054042004102, 0x34008d00230f21e2,
    0x4801200102100020, 0x002e120800242558, 0x0000001950402020, 0x2400614500001902, 0x2410214290000c00, 0x8e00200810621011,
    0x490182c010100000, 0x0811c4a200000800, 0x0201682848180040, 0x2360c8048c000001, 0xb4009a608088160a, 0x0104cf01a258080a,
    0x490240040809050a, 0x6280ac004a480820, 0x0340000880006133, 0x0080021808401102, 0x42840120a0b81002, 0x0402040c82581802,
    0x814007a500200220, 0x4491255810010049, 0x0200002702241022, 0x00f0a04002014002, 0x8100904230000103, 0xd018032c00006018,
    0xc008305024096010, 0x12513382002048b0, 0x01107b205c462635, 0x98240012a4010148, 0x0021004800d94400, 0x800254802619208d,
    0x9104002a02128008, 0xb398888200081048, 0x2040004002041022, 0x0307289c2005094c, 0x4000004001249210, 0x0840450000504088,
    0x80080640030240c0, 0x3400102402223280, 0x0040112100140928, 0x044420400a106484, 0x0c41885a40120118, 0x0623800003052050,
    0x0012080702000900, 0x11a8118048300046, 0x0408101200148a01, 0x0080804911200080, 0x8039003104090a00, 0x0391140000204004,
    0x08030164c9480400, 0x2084420000080102, 0x4002a21001600210, 0xa0100048100c2810, 0x4518041099200104, 0x0008108c00000100,
    0x4c06924908410101, 0x8904590007001900, 0x0645000009800888, 0x6890000c00090728, 0x106c48290a1a2014, 0x0000018a08010040,
    0x0144410920490200, 0xc084818108100064, 0x5404001112505a04, 0x6040a8081040a482, 0x0013404910640200, 0x808aa04810060822,
    0x2403044041650004, 0x0000200000201090, 0x0c250024431a1008, 0x4802384806246180, 0x000028200a800144, 0x241100a40cb01881,
    0x1234506441800400, 0x312a440608b20613, 0x09d20045c0810252, 0x0121088240101200, 0x011250c0098083f0, 0x0000000008803001,
    0xc1000400aa400108, 0x4305000103111b90, 0x981004a1a4010020, 0x5451040802004816, 0x0054020002001032, 0x04b022c400040100,
    0x200000002090c180, 0x0008022440b4400c, 0x81001214af804018, 0x4220224280614880, 0x380210a088042900, 0x1202210044080040,
    0x4f49300040580808, 0x1020458224900451, 0x8110400090420409, 0x9088092020409608, 0x8800040002802001, 0x86ac0204000680c4,
    0x0002100f408c8210, 0xac88408140050001, 0x0802021009c28a80, 0x0848b04000002840, 0x04008000a08b0821, 0x2380118588800500,
    0x4403100840720d87, 0x0401814200008b08, 0x8a06002084220000, 0x1104023444323008, 0x850d008002004869, 0x49008ca4022204a0,
    0xa0211530260c0001, 0x0890952000208040, 0x0010446082000600, 0x0802210200042408, 0xc898084882200210, 0xa053000003d08218,
    0x280820081a120110, 0xc24a804420000128, 0x4822021901050101, 0x200cc09144200006, 0xa008204c52a00908, 0x62d1000800b55780,
    0x0110992c0b410240, 0x40a0038015103204, 0xc080141b02834000, 0xc009009330342009, 0x0400091802008200, 0xa186000000051200,
    0x05811d0940010204, 0x94a8400000272600, 0x2c010440a0422005, 0x04101800340c2011, 0xc5805c0740001402, 0x50003041c2082884,
    0x0040204000410200, 0x2001203800080000, 0x4085442090860909, 0x509684111c910221, 0x0040006480200212, 0x0100180800330300,
    0x483088c50401a931, 0x00100044880b0020, 0x1022086400240080, 0x000600000351e704, 0x4404028088040080, 0x404d040200104802,
    0x0004016004001000, 0x1001a08800444080, 0x080a210090000810, 0x5018828400080881, 0x02c3a00480124006, 0x2820260350c70490,
    0x8014042440800512, 0xa1007006040000c1, 0x41443a40a2044102, 0x8302013f09820008, 0x00082000404f81a9, 0x122c082210841004,
    0x4100040000c00088, 0x12802812a0180029, 0x800038440c003020, 0x000180018c60c921, 0xad03428001284806, 0x08dc320010a0c880,
    0x060080008032000a, 0x06c452888082084c, 0xc2206309c0600001, 0x2c40814010200a00, 0x0a00411084440640, 0x180c410348a05022,
    0x0509002400101c0c, 0x1908022010100000, 0x01e10ca00a200004, 0x8082858148205c00, 0x4020110200080365, 0x5b80041400a04c10,
    0x10000c18000cc100, 0x8192601001808800, 0xa800240090180002, 0x2248010400054020, 0x4021080c8a060044, 0x0804520010901448,
    0x2001900000010a81, 0x0000800408200880, 0x11021c2012088450, 0x2481010042120a24, 0x0a80028b00020000, 0x708e0c25112411a8,
    0x4204049020083055, 0x0208000002011444, 0x8c97385700d59000, 0xf006412880222204, 0x4200a240d40a0005, 0x5601a0000460a506,
    0x4409c40001020010, 0x0c380400050000a4, 0x05400448800d0150, 0x600502c012808882, 0x048128049b986068, 0x01a20060889c2003,
    0x02040a0548004412, 0x3050008000910444, 0x0a2880004c818a10, 0x0042028108802001, 0x81a8001014800034, 0x2223c00086183c01,
    0x020014026d412210, 0x0000006000960a10, 0x00b41c6900910012, 0x4543040d010401a3, 0x0088600800010914, 0x0080140a9d088414,
    0x8080420548120240, 0x005420950404204c, 0x20893400a0004406, 0x83900104482380c0, 0x094810280800444b, 0x0802009808040440,
    0x9800200460852288, 0x900620a00e0c0482, 0x0920602e44490082, 0x00812800a5080500, 0x8100804500400090, 0x01800040800ec220,
    0x1800e2810000000e, 0x0880a68210001803, 0x01010060b0400a18, 0x1c0012001c0045d0, 0x0021320c28002020, 0x0c010206143204c2,
    0x4004001280680500, 0x061b4b0041400862, 0x807a195540011550, 0x8000a80810124000, 0xb411003828048405, 0x8840488244000426,
    0x00004034004a0404, 0xf302a180042a1042, 0xa000011020044308, 0xa201009403400204, 0x080c03042fa1414a, 0x02000084111500a1,
    0x00020a0210000112, 0x9208060111885081, 0x2011814001040006, 0x1460c00011020622, 0x01400c102280c042, 0x0430004808008200,
    0x0c0010e200622002, 0x44084000d1000208, 0x4400089041010443, 0x0801418231405041, 0x20c2000105018000, 0x40a00180002300e8,
    0x40081e4004030004, 0x4410818018240402, 0x2000045710109016, 0x6800220000588525, 0x0094840408000010, 0x0046026102005090,
    0x4643a24011004060, 0x212942520200e432, 0x0620220000800008, 0x0851440055005c41, 0x0006848041002032, 0x16429480c8a12000,
    0x110acc0441100121, 0x0002011001118e00, 0x0030800065800014, 0x1800001801804024, 0x010024e810100050, 0x410030100c813100,
    0x80028020330a0943, 0x0004400115000102, 0x80da006400010000, 0x00b0001094368404, 0x424190080084a072, 0x0020511200068803,
    0x4240316038860c52, 0x0446072129844881, 0x0108006010101518, 0x2035002400408060, 0x91400204404284a2, 0x8a00084705800424,
    0x8100261011420080, 0x01204441848ca320, 0x0211d00560990410, 0x5801000429ae0100, 0x02080c0010040021, 0x089210a00e604081,
    0x012090909c100080, 0x144140200484c886, 0x4410106400000441, 0x10108020c2024dc7, 0x0802088801128406, 0x020021101040a000,
    0x542c805804000050, 0x1140081040021049, 0xc08a0020012644c0, 0x3302011142c05000, 0x80021100e0084308, 0x200001000000a600,
    0x840811040200114a, 0x02d8104216401860, 0x001128820210012a, 0x0102020400000000, 0x0041284812040c04, 0x3278464010008030,
    0x031004491803c013, 0x5000010280002420, 0x0029104a28a22c00, 0x80a0858058080024, 0x400c008008802c0a, 0x424a500000000200,
    0x6c50000824020182, 0x0040428010000200, 0x0401444000420200, 0x6432c08070060400, 0x008584508248824a, 0x4320c800a5600004,
    0x0091028902400090, 0x6440810081084034, 0x44532e0000400140, 0x022042d014062400, 0x00c0040108a06803, 0x00612008500a4091,
    0x840a9049c4832003, 0x2002400108039080, 0x1020418141000000, 0x4200021020141600, 0x4200480146482062, 0x1008205000220224,
    0x2064258200410201, 0x01200042008de000, 0x8080a18801020194, 0x00c0000403090120, 0xa0220100100a024e, 0x0428000405020a20,
    0x0447a20600000910, 0x8080200800062200, 0x40414148c0280c80, 0x900108230a081485, 0x9000000483040520, 0x2a00128200050e21,
    0xba22a20200d04282, 0x1001080a000081c4, 0x8c41440420000901, 0x0038084914328000, 0x0402440100a01001, 0x4001000040808000,
    0x5e038c4068c00810, 0x841202010400a894, 0x0500b60081008b01, 0x402a220242052c94, 0x6210026001410628, 0x059801c000200105,
    0x94560010400d0005, 0x0a00a11441126000, 0xa019240002002a10, 0x80840c120b000044, 0x0000821140502240, 0x0c00218306000208,
    0x0078000018d44412, 0x0000014a06002082, 0x0018010a21000140, 0x8000408203115860, 0x0008808000a20540, 0xd587500460040091,
    0x02040d281c000a06, 0x0121062101326810, 0x100004821130820a, 0x0421b100c0061000, 0x040811228d090006, 0x84600500213c1202,
    0x1454011004321842, 0x00000090880212a0, 0x4d02001600801660, 0x006044a021515048, 0x0008540104030000, 0x41a0580300000500,
    0x0218048106045637, 0x4000810184492008, 0x00008945122000c0, 0x7000850098005000, 0x2440000001001100, 0x002308948a040600,
    0x07a4010002824122, 0x0448000c0120c010, 0x0087200842a1045a, 0x941000410c221002, 0x0028c00020880001, 0x00244a4c08400002,
    0x0324c00082882402, 0x0521000820303405, 0x2100290021000024, 0x0200200009993004, 0x2025d9ca0050022a, 0x0440400d0e420100,
    0x80602a2808288102, 0x00010080c400c912, 0x0440002c820080d2, 0x02002000900c0c80, 0x6608133c00a04880, 0xd104010407400001,
    0x1200802410010008, 0x0866810648880401, 0xda4a227400986c26, 0x0008000020089000, 0x0147001d00000000, 0x1208420404048108,
    0x2a00202060800810, 0x0b20004000200001, 0x601034c840000c10, 0x00020102e0110020, 0x40000082a1048ea2, 0x002800090a008370,
    0x2190306048004944, 0x1610046003020440, 0x240003310008a804, 0x007c080001822080, 0x8228001053120808, 0x888410244166e080,
    0x8010181000064441, 0x02508110200020cc, 0x18200180ad080100, 0x8040110800000264, 0x81289180a0020441, 0xc027086035550044,
    0x0081088008410008, 0x0281000090e1000c, 0x0400004000000880, 0x4c49181518004001, 0x44ad000a10024908, 0x0180000110101081,
    0x050c884118227400, 0x00011140a914409c, 0x6404801001c00b80, 0xc04a8c0410018204, 0x068811208a4000e0, 0x00804db6102020ab,
    0x85080020b4020080, 0x8100c02014002080, 0x020841380020804d, 0xc08080010003a10c, 0x080ad81030022594, 0x2c00010218242040,
    0x408400219a801800, 0x2408a2c042204002, 0x1010070d4005a022, 0x0610815800920890, 0x8003a90c01d64800, 0x2008000100080008,
    0x40888404dd0b2008, 0x1204c84e000e1090, 0x0a24484000890140, 0x0d24010001812840, 0x224a0b01c808a104, 0x0230451000000424,
    0x000a001a80a52220, 0x0420400804050002, 0x0682440000010130, 0x04c084d0a0400003, 0x0c09320120628808, 0x4003000484800d02,
    0x750824200901b098, 0x0000242c22460c24, 0x525000a4008024c1, 0x0040020404801c81, 0xa221465040901c82, 0x0020020400800041,
    0x1000482050002a08, 0x80141a0208080208, 0x1020002006720401, 0xc45102012480c201, 0x4233f4586440881a, 0x8000040006082140,
    0x400a609088001824, 0x02000088c4059000, 0x08a0000040030000, 0x0010024003168818, 0x2421b09100126400, 0x4018410c0100041b,
    0x00a802081404042d, 0x0800524104066ca0, 0x000cc80810020484, 0x0000001480433044, 0x9850888001240410, 0x0041011004401204,
    0x00080000002ac000, 0x081020a030c03504, 0x0095008020030888, 0x0280003a54440010, 0x008c404800020208, 0x4080400190380041,
    0x40400620010000a0, 0x2641000112825c41, 0x0440a08498004000, 0x071130c188860010, 0x00900180800281a8, 0x8461c000011008c3,
    0x8648000028400040, 0xa0c18526610a0020, 0x8001800464681048, 0x8040e18124011402, 0x0400001017662803, 0x40009c0320102280,
    0x002405010a000810, 0x4000600d106c0020, 0x5040600203c24105, 0x401842140908c000, 0x0000141400052328, 0x40c480180a100000,
    0x0431000d80040308, 0xb000004401a0202a, 0x04060888009028b2, 0x306c0a069a10e003, 0x14044002490a0403, 0x5000800008249103,
    0x01482d0000089248, 0x10324a1200a81434, 0x0002000801810005, 0x0970001000401001, 0x02446840842119a0, 0x09a00056144c0400,
    0x85440240c02000a0, 0x1000005000040200, 0x800201a089008010, 0x0401220204020400, 0x5801004088076d81, 0x20400124c6000049,
    0x8300040a5400a412, 0x0110128e01488430, 0x0001a1002e020488, 0x9005164000000030, 0x9104005346180889, 0x0410542008080081,
    0x403cc09600800210, 0x8000120400080000, 0x524c4800a0005030, 0x084006060a20d002, 0x00a4000001814504, 0x61c0026280248010,
    0x0115102100442a10, 0x0888024003086080, 0x04a0c2a000b00158, 0x1010204910066011, 0x2000980451801041, 0x0060002412042841,
    0x0230281220072201, 0x9064211044533445, 0x018204c4008000c0, 0x1090256540400020, 0x0190080081090300, 0x80c00240402000c4,
    0x8d81241220008000, 0x0911812113208431, 0x2083702000785920, 0x0d01228110209450, 0x8208018180826014, 0x0080600a58000000,
    0x0201e80014042081, 0x0e08800142700400, 0x046c244041878400, 0x6028010281682041, 0x0400041121000448, 0x2800004244388100,
    0x0001400410002111, 0x0000882001193241, 0x4004030000000100, 0x41083011a8000420, 0x780c030000002040, 0x4080201860004400,
    0xc00820000004c010, 0x24341a8008600900, 0x0227092811204022, 0x248800c8a8224004, 0x466a100801340100, 0x405c524002402000,
    0x020c54023202e202, 0x10400010bc810061, 0x2000011181883020, 0x08d41a08158e4402, 0x00200800c8812001, 0xa2224019080c9100,
    0x0000480282010a40, 0x4042003108502110, 0x00d4214800356884, 0x2008004800320002, 0x230010008022c022, 0x00896028801040a0,
    0x1602102000908800, 0x2040820191808408, 0x008406c080920483, 0x0c11284081404061, 0x1000808641004090, 0x013403020a1ce020,
    0x114601856242c009, 0x02000020801a6090, 0x0410080221048200, 0x12a0000444500aa8, 0x4600040000009105, 0x0060000600a14100,
    0x6191a00014408112, 0x40402800a8058b35, 0xc181c0b021624710, 0x8243c04b1a070003, 0x1404021299100c00, 0x001504194086c838,
    0x06051204110a4086, 0x20000a21b0404088, 0x02809820590e6d14, 0x7001010340001011, 0x8020408520145084, 0x9127090403940405,
    0x2180880c210c00d0, 0x0000021020904005, 0x10f84090004806a0, 0x000204137403912c, 0x141140a2025a1820, 0x000142c212048020,
    0x0000200100222000, 0x0d11304292205400, 0x2000408004221b20, 0x0e00020000000480, 0x024004e8c1050204, 0x4000839222246490,
    0x004c0208050b20a4, 0x8800c1101000210a, 0x8801402482200200, 0x41f0a80000436000, 0x01420a0081100104, 0x8081611560003222,
    0x6100d15001000070, 0x48280878a2201100, 0x4200000120023200, 0x00c800c802002400, 0x5308284020210102, 0x008110cc8b088001,
    0x000210c000200800, 0x700818d08b0a0022, 0x0a6084400181c204, 0x046011048d140801, 0x640224a410080044, 0x05e28808100922c3,
    0x2000482050080200, 0x8230105000081002, 0x0060450210080020, 0x014a010808800003, 0x0100c0e018012822, 0x048188c012104042,
    0x0081048480004880, 0x8431660888600034, 0xe012020032008d41, 0x30580c2008804000, 0x10c484c212008409, 0x0202000115280d7a,
    0x5178402000160440, 0x0161026508200000, 0x0260402800939088, 0x3000040280004581, 0x581202800140a440, 0x08020b008c002102,
    0x102800c000010088, 0x185048006208a000, 0x13a0008318081d52, 0x6b001b0802000000, 0x41031860907c1140, 0x0240804402000120,
    0x069190a004400882, 0x30402901f4e00a02, 0x0000104049200444, 0x60419210800520c3, 0x8200102880280280, 0x041a2508000030d1,
    0x1830000001024c02, 0x0859100200801083, 0xa0000011200020c2, 0x00801211446540c0, 0x1c700c3000440706, 0x4108020220008860,
    0x0600600000648088, 0x2002400c00000003, 0x0040122001612008, 0x4000510089041416, 0xd201100022020808, 0x2000050888084088,
    0x480b18801b004880, 0x081c806202700001, 0x00440018c2422ec8, 0x60100800a7962088, 0x0000003032000160, 0x204888000029a24c,
    0x0102413001400000, 0x000c8000605a0008, 0x08c0cc1007124240, 0x02001b102080a101, 0x40980c0001610050, 0xc400004858000042,
    0x05a8102012000420, 0x0089608c00600822, 0x0000500421010983, 0x004652c20c002800, 0x0055000b2400c207, 0x2461088008000100,
    0x2580902004600806, 0x12c5817084112083, 0x2002401880811020, 0x0000014208202042, 0x0020001a80080090, 0x8028500808485082,
    0x00c0801000081002, 0x0c1800148648002a, 0x08a0019400810c20, 0x4000200b02390115, 0x16c1048022000810, 0x2300612019144010,
    0x01c4804a0004c190, 0x20018000a828098b, 0x124018404a00c103, 0x2500000684200100, 0x1012204c0c024110, 0x01c0002e480011e1,
    0x4006800861481000, 0x8124076022194988, 0x014250c24048108c, 0x4a20441441a40280, 0x01080045148d1041, 0x4000240024028020,
    0x2000481104042050, 0x08002541120001a3, 0x0084440001080400, 0x400024000c000030, 0x1404000a02504091, 0x2100022090221108,
    0x4113012c0020012c, 0x1081214a062424a0, 0x190102208482c400, 0x3902100140000005, 0x033810f0c48044cb, 0x08011420102d0080,
    0x2070090808088000, 0x9003001027020800, 0x2c90002900805184, 0x0001033100a2848b, 0x40d4101041608908, 0x201b6018f004c810,
    0x4401041000024000, 0x40042da8054041d0, 0x0040210802104401, 0x2921006b03403842, 0x0220025087502e80, 0x4020080d05006280,
    0x484c099283128010, 0x3a200810000022c1, 0xc040480002004209, 0x91c43208e0100060, 0x000402104300e014, 0x004000100040a240,
    0x4a0338100400b004, 0x44008156110a0804, 0x0120010025155001, 0x0001840880284021, 0x0088300040110000, 0x0a081588c02a0200,
    0x5604080800800000, 0x9014004003342000, 0x21002200c9008a06, 0x384490401a054206, 0x2621181d09805211, 0xa064180008102000,
    0x2040090e080802c0, 0x8040480044019404, 0xa380004180002030, 0x04108f2020181000, 0x086d20800a111c00, 0x1412032830602114,
    0x40040000021a2010, 0x0e42200400180051, 0x4401100080009020, 0x24004c2401404086, 0x8248820010004410, 0x2402a80508440110,
    0x1540050d01e00000, 0x2180042204080000, 0x0c0022c814006100, 0xe140802200800b00, 0x0004141844190834, 0x99002c8404c00130,
    0x1126040c008b6208, 0x1480010240000230, 0x0000780000901000, 0xcc21600902080030, 0xc09a601000242d20, 0x145002010020ca00,
    0x00454000c8405560, 0x0404002001200010, 0x0c83a02140020700, 0x400021020c25902c, 0x0da2802080100c00, 0x824091c2142201d1,
    0x0000846041484a40, 0x00000202200100c0, 0x84d0000828685080, 0x1801008222090409, 0x0810642108c4040d, 0x080400210401b080,
    0x040020902254813c, 0xa018841000880808, 0x0451680800081224, 0x1000220084082300, 0x6a40008c12164409, 0x080500c2c0000902,
    0x000900240892a230, 0x0009680007102000, 0x0080050200220006, 0x0088800328980290, 0x180c08c20101003c, 0x20c800014011228c,
    0x0800091202006601, 0x0418802020462468, 0x602608112002a004, 0x1400d11200649446, 0x142000a007403280, 0x8001042022124a1b,
    0x3488002090220800, 0x0400600882084c20, 0x40e000188a090800, 0x009000021a2a400a, 0x008d104120a20a01, 0x1c20891088320019,
    0xa600480402030242, 0x280228100a20000a, 0x4122d0018003c021, 0x2000108010612450, 0x8020080082021414, 0x84100590008d0400,
    0x0110028008111682, 0x04049060001080a4, 0x40870c0081100030, 0x0000242caa802024, 0x4408000910884106, 0x0470226c61044608,
    0x001210020304a7a0, 0x02d5a146a4521208, 0x114044183010c100, 0x70400026000800a0,
];
