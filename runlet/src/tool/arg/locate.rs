//! Finds the value that a parse error is about, from the error's position alone.
//!
//! `serde_json` says at which byte it gave up. Walking the text up to that byte gives the JSON pointer, for every type
//! and without a wrapper around its deserializer: generated code stays small.

/// A value inside JSON text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Located<'a> {
    /// The JSON pointer, from the text's root.
    pub(super) pointer: String,
    /// The value's own text.
    pub(super) text: &'a str,
}

/// The value that ends or begins at a byte of well-formed JSON text, or else the innermost one around it.
pub(super) fn locate(json: &str, offset: usize) -> Located<'_> {
    let mut walk = Walk { json, at: 0, open: Vec::new() };
    walk.run(offset)
}

/// The byte offset of a position as `serde_json` counts it: lines from 1, bytes within the line.
pub(super) fn offset(json: &str, line: usize, column: usize) -> usize {
    let before: usize = json.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (before + column).min(json.len())
}

/// How many items an array or entries an object has, in well-formed JSON text.
pub(super) fn count(json: &str) -> usize {
    let mut walk = Walk { json, at: 0, open: Vec::new() };
    let mut count = 0;
    while let Some(token) = walk.next() {
        match (token, walk.open.len()) {
            (Token::Value { .. }, 1) | (Token::Open { .. }, 2) => count += 1,
            _ => {}
        }
    }
    count
}

/// How deep arrays and objects nest in well-formed JSON text.
#[cfg(feature = "json-schema")]
pub(super) fn depth(json: &str) -> usize {
    let mut walk = Walk { json, at: 0, open: Vec::new() };
    let mut depth = 0;
    while walk.next().is_some() {
        depth = depth.max(walk.open.len());
    }
    depth
}

/// Whether any number in well-formed JSON text is one of those asked for. Digits inside strings are no numbers.
pub(super) fn any_number(json: &str, matches: impl Fn(&str) -> bool) -> bool {
    let mut walk = Walk { json, at: 0, open: Vec::new() };
    while let Some(token) = walk.next() {
        if let Token::Value { start } = token
            && let Some(text) = json.get(start..walk.at)
            && text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
            && matches(text)
        {
            return true;
        }
    }
    false
}

/// The first entry, at any depth of well-formed JSON text, whose object has an entry of the same key before it.
#[cfg(feature = "json-schema")]
pub(super) fn repeated(json: &str) -> Option<Located<'_>> {
    use std::collections::HashSet;

    let mut walk = Walk { json, at: 0, open: Vec::new() };
    let mut seen: Vec<HashSet<String>> = Vec::new();
    while let Some(token) = walk.next() {
        match token {
            Token::Open { .. } => seen.push(HashSet::new()),
            Token::Close { .. } => drop(seen.pop()),
            Token::Key => {
                let Some(Open { place: Place::Entry(Some(key)), .. }) = walk.open.last() else { continue };
                if seen.last_mut().is_some_and(|keys| !keys.insert(unquoted(key))) {
                    let depth = walk.open.len();
                    return match walk.next()? {
                        Token::Open { start } => Some(walk.located_open(start, depth)),
                        Token::Value { start } => Some(walk.located(start, depth, walk.at)),
                        _ => None,
                    };
                }
            }
            Token::Value { .. } | Token::Separator => {}
        }
    }
    None
}

struct Walk<'a> {
    json: &'a str,
    at: usize,
    open: Vec<Open<'a>>,
}

/// An array or object that has begun and not ended.
struct Open<'a> {
    start: usize,
    place: Place<'a>,
}

enum Place<'a> {
    /// The index of the current item.
    Item(usize),
    /// The current key, still escaped and quoted; `None` before it came.
    Entry(Option<&'a str>),
}

enum Token {
    Open { start: usize },
    Close { start: usize },
    Key,
    Value { start: usize },
    Separator,
}

impl<'a> Walk<'a> {
    fn run(&mut self, offset: usize) -> Located<'a> {
        while let Some(token) = self.next() {
            let depth = self.open.len();
            match token {
                Token::Open { start } if start >= offset => return self.located_open(start, depth - 1),
                Token::Close { start } if self.at >= offset => return self.located(start, depth, self.at),
                Token::Value { start } if self.at == offset || start == offset => {
                    return self.located(start, depth, self.at);
                }
                _ => {}
            }
            if self.at > offset {
                let start = self.open.last().map_or(0, |innermost| innermost.start);
                return self.located_open(start, depth.saturating_sub(1));
            }
        }
        self.located(0, 0, self.json.len())
    }

    /// The array or object that began at `start` and has not ended, inside the `depth` outermost open ones.
    fn located_open(&mut self, start: usize, depth: usize) -> Located<'a> {
        let pointer = self.located(start, depth, start).pointer;
        while self.open.len() > depth && self.next().is_some() {}
        Located { pointer, text: self.json.get(start..self.at).unwrap_or_default() }
    }

    /// The value that begins at `start` inside the `depth` outermost open ones.
    fn located(&self, start: usize, depth: usize, end: usize) -> Located<'a> {
        let mut pointer = String::new();
        for open in self.open.iter().take(depth) {
            pointer.push('/');
            match &open.place {
                Place::Item(index) => pointer.push_str(&index.to_string()),
                Place::Entry(key) => push_escaped(&mut pointer, &unquoted(key.unwrap_or_default())),
            }
        }
        Located { pointer, text: self.json.get(start..end).unwrap_or_default() }
    }

    /// Moves behind the next token.
    fn next(&mut self) -> Option<Token> {
        let bytes = self.json.as_bytes();
        while matches!(bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r' | b':')) {
            self.at += 1;
        }
        let start = self.at;
        match bytes.get(start)? {
            b'{' | b'[' => {
                let place = if bytes.get(start) == Some(&b'{') { Place::Entry(None) } else { Place::Item(0) };
                self.at += 1;
                self.open.push(Open { start, place });
                Some(Token::Open { start })
            }
            b'}' | b']' => {
                self.at += 1;
                let open = self.open.pop()?;
                Some(Token::Close { start: open.start })
            }
            b',' => {
                self.at += 1;
                match &mut self.open.last_mut()?.place {
                    Place::Item(index) => *index += 1,
                    Place::Entry(key) => *key = None,
                }
                Some(Token::Separator)
            }
            b'"' => {
                self.at = string_end(bytes, start);
                let text = self.json.get(start..self.at);
                if let Some(Open { place: Place::Entry(key @ None), .. }) = self.open.last_mut() {
                    *key = text;
                    return Some(Token::Key);
                }
                Some(Token::Value { start })
            }
            _ => {
                let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
                let rest = bytes.get(start..)?;
                self.at = start + rest.iter().position(ends).unwrap_or(rest.len());
                Some(Token::Value { start })
            }
        }
    }
}

/// The end of the string that begins at `start`.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn unquoted(key: &str) -> String {
    serde_json::from_str(key).unwrap_or_else(|_| key.to_owned())
}

/// Appends a key to a JSON pointer (RFC 6901 escapes `~` and `/`).
pub(super) fn push_escaped(pointer: &mut String, key: &str) {
    for character in key.chars() {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{count, locate, offset};

    fn check(json: &str, offset: usize, pointer: &str) {
        assert_eq!(locate(json, offset).pointer, pointer, "{json} at {offset}");
    }

    #[test]
    fn a_value_is_found_by_its_end_or_its_beginning() {
        check("12", 2, "");
        check(r#"{"a": 12}"#, 8, "/a");
        check(r#"{"a": [1, "x", {}]}"#, 8, "/a/0");
        check(r#"{"a": [1, "x", {}]}"#, 13, "/a/1");
        check(r#"{"a": [1, "x", {}]}"#, 15, "/a/2");
        check(r#"{"a": [1, "x", {}]}"#, 17, "/a/2");
        check(r#"{"a": [1, "x", {}]}"#, 18, "/a");
        check(r#"{"a": [1, "x", {}]}"#, 6, "/a");
    }

    #[test]
    fn a_position_between_values_gives_the_one_around_them() {
        check(r#"{"a": {"b": 1}}"#, 10, "/a");
        check("[1 , 2]", 3, "");
    }

    #[test]
    fn keys_are_unescaped_and_escaped_for_the_pointer() {
        check(r#"{"a\"/~": {"\u00e9": 1}}"#, 21, "/a\"~1~0/é");
    }

    #[test]
    fn the_position_is_counted_in_lines_and_bytes() {
        assert_eq!(offset("{\n\"é\": 1}", 2, 6), 8);
        assert_eq!(offset("1", 1, 99), 1);
    }

    #[test]
    fn items_and_entries_are_counted_at_the_first_level() {
        for (json, expected) in [
            ("[]", 0),
            ("[ [ ] ]", 1),
            ("[1,[2,3],{\"a\":[4,5]}]", 3),
            ("{}", 0),
            (r#"{"a":[],"b":{}}"#, 2),
            ("[{}]", 1),
        ] {
            assert_eq!(count(json), expected, "{json}");
        }
    }
}
