//! Token rulers: how many tokens a text takes, measured without a tokenizer.
//!
//! A budget must never let a request through that is too long, and it must not load megabytes of
//! vocabulary to decide. So a ruler gives two figures: what the text most likely takes, and an
//! upper figure that the exact count all but never passes.
//!
//! How [`Utf8Ruler`] works. Byte-pair encoders cut a text into words, groups of three digits and
//! runs of marks or spaces, then join the frequent neighbours inside each piece. Both steps look
//! only at neighbours, so a *pair* of adjacent characters already says most of it: `t` then `h`
//! almost never starts a token, `q` then `x` mostly does. The ruler adds up the price of every pair
//! in the text, in 1/64 token. Prices of ASCII pairs stand in a table; characters of other scripts
//! pay by script, and less where the pair is one that the script's written language uses.
use std::fmt;

use crate::message::TokenCount;

mod encoding;
#[cfg(feature = "bpe")]
mod exact;
mod script;

pub use self::encoding::Encoding;
#[cfg(feature = "bpe")]
pub use self::exact::ExactRuler;

/// Measures how many tokens a text takes.
///
/// Implement it to count with a real tokenizer, or to measure for a model family that
/// [`Utf8Ruler`] was not fitted to. A budget measures each message once, when it is added, and adds
/// the counts up; so `measure` gives the same count whenever it is given the same text.
///
/// ```
/// use runlet::budget::Ruler;
/// use runlet::message::TokenCount;
///
/// /// The coarsest sound ruler: no token is shorter than one byte.
/// #[derive(Debug)]
/// struct Bytes;
///
/// impl Ruler for Bytes {
///     fn name(&self) -> &str {
///         "bytes"
///     }
///
///     fn measure(&self, text: &str) -> TokenCount {
///         let bytes = text.len() as u64;
///         TokenCount { expected: bytes / 4, upper: bytes }
///     }
/// }
///
/// assert_eq!(Bytes.measure("four words of text").upper, 18);
/// ```
pub trait Ruler: Send + Sync + fmt::Debug {
    /// The ruler's name, for logs and for the message of a refused request.
    fn name(&self) -> &str;

    /// Counts the tokens of `text`: the likely count, and one that the exact count stays under.
    ///
    /// Text only: what a chat format adds around each message is the caller's to add.
    fn measure(&self, text: &str) -> TokenCount;
}

/// The default ruler: measures any UTF-8 text in one pass, with no vocabulary and no allocation.
///
/// `expected` aims at the `o200k_base` encoding (GPT-4o and later). `upper` stays above the exact
/// count of `o200k_base`, and of `cl100k_base` (GPT-4, GPT-3.5) too unless [`Utf8Ruler::o200k`]
/// was chosen. It never passes the number of bytes, which no byte-level encoder can.
///
/// On 1,000,000 generated texts of 50 classes, from prose and code to random code points, 99.98 % of
/// the upper figures held. They were 1.2 times the exact count on English prose and on code. The
/// test `ruler` draws those texts and prints the figures by class.
///
/// ```
/// use runlet::budget::{Ruler, Utf8Ruler};
///
/// let count = Utf8Ruler::default().measure("The quick brown fox jumps over the lazy dog.");
/// // The exact count is 10 in both encodings.
/// assert_eq!((count.expected, count.upper), (11, 18));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Utf8Ruler {
    family: Family,
}

/// The encodings whose exact counts the upper figure must cover.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Family {
    #[default]
    Any,
    O200k,
}

impl Utf8Ruler {
    /// The ruler for any model; the same as [`Utf8Ruler::default`].
    ///
    /// Its upper figure covers `o200k_base` and `cl100k_base`. For scripts that the older encoding
    /// splits into bytes (Georgian, Armenian, the scripts of India) that is three to five times the
    /// newer one's exact count, so choose [`Utf8Ruler::o200k`] where the model is known.
    ///
    /// ```
    /// use runlet::budget::{Ruler, Utf8Ruler};
    ///
    /// assert_eq!(Utf8Ruler::conservative(), Utf8Ruler::default());
    /// assert_eq!(Utf8Ruler::conservative().measure("").upper, 0);
    /// ```
    pub const fn conservative() -> Self {
        Self { family: Family::Any }
    }

    /// The ruler for models that encode with `o200k_base` (GPT-4o, the o-series, GPT-4.1, GPT-5).
    ///
    /// The same as the conservative one on ASCII, and tighter on every other script.
    ///
    /// ```
    /// use runlet::budget::{Ruler, Utf8Ruler};
    ///
    /// let georgian = "გამარჯობა, როგორ ხარ? დღეს კარგი ამინდია.";
    /// let any = Utf8Ruler::conservative().measure(georgian);
    /// let new = Utf8Ruler::o200k().measure(georgian);
    /// assert!(new.upper < any.upper);
    /// assert_eq!(new.expected, any.expected);
    /// ```
    pub const fn o200k() -> Self {
        Self { family: Family::O200k }
    }
}

impl Ruler for Utf8Ruler {
    fn name(&self) -> &str {
        match self.family {
            Family::Any => "utf8",
            Family::O200k => "utf8-o200k",
        }
    }

    fn measure(&self, text: &str) -> TokenCount {
        match self.family {
            Family::Any => Walk::<ANY>::over(text),
            Family::O200k => Walk::<O200K>::over(text),
        }
    }
}

/// The places of the upper prices among the three of a pair.
const ANY: usize = 1;
const O200K: usize = 2;

/// What is known of a text up to one of its characters. `UPPER` is the place of the upper price: known to the compiler, so
/// that it leaves out the one that is not asked for.
struct Walk<const UPPER: usize> {
    /// The character before, and its symbol. A text starts as a line does.
    before: char,
    symbol: usize,
    /// How many letters of the same word came before.
    letters: usize,
    /// The two sums, in 1/64 token: fixed point, so that every machine agrees.
    expected: u64,
    upper: u64,
    /// One bit for every kind of pair met so far, and how many bits there are; two kinds share a bit now and then.
    kinds: [u64; KINDS],
    count: u64,
}

/// The words of [`Walk::kinds`]: 8192 bits, more than the kinds in a long message of mixed content.
const KINDS: usize = 128;

impl<const UPPER: usize> Walk<UPPER> {
    fn over(text: &str) -> TokenCount {
        let mut walk = Self {
            before: '\n',
            symbol: script::NEWLINE,
            letters: 0,
            expected: 0,
            upper: 0,
            kinds: [0; KINDS],
            count: 0,
        };
        for c in text.chars() {
            walk.step(c);
        }
        walk.finish(text.len())
    }

    /// Adds the price of the pair that ends in `c`.
    fn step(&mut self, c: char) {
        let pair = script::hash(self.before, c);
        // The top 13 of the hash's 16 bits: six choose the bit, the others the word.
        if let Some(word) = self.kinds.get_mut(pair >> 9) {
            let place = pair >> 3 & 63;
            self.count += !*word >> place & 1;
            *word |= 1 << place;
        }
        match u8::try_from(c) {
            Ok(ascii) if ascii.is_ascii() => self.ascii(ascii),
            _ => self.foreign(c, pair),
        }
        self.before = c;
    }

    fn ascii(&mut self, ascii: u8) {
        let symbol = script::symbol(ascii);
        let symbol = if symbol < script::DIGIT { symbol } else { self.in_run(symbol) };
        self.add(script::pair(self.symbol, symbol));
        if symbol < script::LETTERS && self.symbol < script::LETTERS {
            // A capital after a small letter starts a word: camelCase.
            let starts = self.symbol < script::CAPITALS && symbol >= script::CAPITALS;
            self.letters = if starts { 0 } else { self.letters + 1 };
            let [expected, upper] = script::nth_letter(self.letters);
            self.add([expected, upper, upper]);
        } else {
            self.letters = 0;
        }
        self.symbol = symbol;
    }

    /// The symbol of a digit or a space by its place among others.
    fn in_run(&self, symbol: usize) -> usize {
        match symbol {
            // Encoders cut digits into groups of three, and any such group is one token.
            script::DIGIT if (script::DIGIT..script::DIGIT + 2).contains(&self.symbol) => self.symbol + 1,
            // The first space of a run may join the next word; the others are a piece of their own.
            script::SPACE if matches!(self.symbol, script::SPACE | script::MORE_SPACE) => script::MORE_SPACE,
            symbol => symbol,
        }
    }

    fn foreign(&mut self, c: char, pair: usize) {
        let script = script::of(c);
        let symbol = script.kind as usize;
        if self.before.is_ascii() {
            self.add(script::pair(self.symbol, symbol));
        }
        let [first, written, unwritten] = script.prices;
        let prices = if self.symbol != symbol {
            first
        } else if script::is_written(pair) {
            written
        } else {
            unwritten
        };
        self.add(prices.map(u64::from));
        self.symbol = symbol;
        self.letters = 0;
    }

    /// Adds prices: expected, upper for any encoding, upper for `o200k_base`.
    fn add(&mut self, prices: [u64; 3]) {
        let [expected, ..] = prices;
        self.expected += expected;
        self.upper += prices.get(UPPER).copied().unwrap_or(script::TOKEN);
    }

    /// Turns the sums into a count for a text of `bytes` bytes.
    fn finish(self, bytes: usize) -> TokenCount {
        let bytes = bytes as u64;
        // Each price is off by a little. Over many kinds of pairs the errors cancel; over one pair
        // repeated a thousand times they add up. So the margin falls with the number of kinds, by
        // its square root as the errors of independent prices do, and faster where kinds are few.
        let kinds = self.count.max(1);
        let share = script::MARGIN * self.upper;
        let margin = (share << 6) / (kinds << 12).isqrt() + share / kinds;
        let upper = (self.upper + margin).div_ceil(script::TOKEN) + script::SHORT;
        let expected = (self.expected + script::TOKEN / 2) / script::TOKEN;
        // No token is shorter than a byte, and a text that is not empty has at least one.
        TokenCount { expected: expected.max(1).min(bytes), upper: upper.min(bytes) }
    }
}
