//! JSON that is still being written: what stands there so far, closed so that it can be read.

/// Closes the beginning of a JSON text: open strings, lists and objects end where the text does. What cannot be read yet is
/// left out: a number or word at the end that may go on, a key without its value, half an escape. `None` where no value
/// has begun.
///
/// It is for showing an answer while it arrives. What is acted on is read from the whole text only.
pub(crate) fn close(text: &str) -> Option<String> {
    let mut open = Vec::new();
    // Up to where the text can be kept, and whether a string is open there.
    let mut kept = None;
    let mut expects_key = false;
    let mut at = 0;
    while let Some(byte) = text.as_bytes().get(at) {
        let begins = at;
        at += 1;
        match byte {
            b'{' | b'[' => {
                open.push(if *byte == b'{' { '}' } else { ']' });
                expects_key = *byte == b'{';
                kept = Some((at, false));
            }
            b'}' | b']' => {
                open.pop();
                expects_key = false;
                kept = Some((at, false));
            }
            b',' => expects_key = open.last() == Some(&'}'),
            b':' => expects_key = false,
            b'"' => match read_string(text, begins) {
                Ok(end) => {
                    // A key counts with its value.
                    kept = if expects_key { kept } else { Some((end, false)) };
                    at = end;
                }
                Err(end) => {
                    kept = if expects_key { kept } else { Some((end, true)) };
                    break;
                }
            },
            b' ' | b'\t' | b'\n' | b'\r' => {}
            // A number or a word: it is whole where something follows it.
            _ => {
                let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
                let rest = text.as_bytes().get(at..).unwrap_or_default();
                let Some(length) = rest.iter().position(ends) else { break };
                at += length;
                kept = Some((at, false));
            }
        }
    }
    let (end, in_string) = kept?;
    let mut closed = text.get(..end)?.to_owned();
    closed.extend(in_string.then_some('"'));
    closed.extend(open.iter().rev());
    Some(closed)
}

/// Reads the string that begins at `start`: where it ends, behind its quote; or up to where it can be kept, where it does
/// not end.
fn read_string(text: &str, start: usize) -> Result<usize, usize> {
    let mut chars = text.char_indices().skip_while(|(at, _)| *at <= start);
    let mut kept = start + 1;
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Ok(at + 1),
            '\\' => match chars.next() {
                Some((at, 'u')) => {
                    let digits = text.get(at + 1..at + 5).ok_or(kept)?;
                    // The second half of a pair makes the first one readable.
                    let is_first_half = digits.get(..2).is_some_and(|byte| is_between(byte, 0xd8, 0xdb));
                    let end = at + 5;
                    chars.nth(3).ok_or(kept)?;
                    if is_first_half {
                        text.get(end..end + 6).ok_or(kept)?;
                        chars.nth(5).ok_or(kept)?;
                        kept = end + 6;
                    } else {
                        kept = end;
                    }
                }
                Some((at, char)) => kept = at + char.len_utf8(),
                None => return Err(kept),
            },
            char => kept = at + char.len_utf8(),
        }
    }
    Err(kept)
}

fn is_between(hex: &str, low: u8, high: u8) -> bool {
    u8::from_str_radix(hex, 16).is_ok_and(|byte| (low..=high).contains(&byte))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(close(text).as_deref(), expected, "{text}");
    }

    #[test]
    fn what_is_open_is_closed_and_what_is_half_is_left_out() {
        check("", None);
        check("  ", None);
        check("tr", None);
        check("{", Some("{}"));
        check(r#"{"a"#, Some("{}"));
        check(r#"{"a":"#, Some("{}"));
        check(r#"{"a":1"#, Some("{}"));
        check(r#"{"a":1,"#, Some(r#"{"a":1}"#));
        check(r#"{"a":1,"b"#, Some(r#"{"a":1}"#));
        check(r#"{"a": true , "b": ["x", "y"#, Some(r#"{"a": true , "b": ["x", "y"]}"#));
        check(r#"{"a":"x\"#, Some(r#"{"a":"x"}"#));
        check(r#"{"a":"x\u00"#, Some(r#"{"a":"x"}"#));
        check(r#"{"a":"\ud83d\ude"#, Some(r#"{"a":""}"#));
        check(r#"{"a":"\ud83d\ude00"#, Some(r#"{"a":"\ud83d\ude00"}"#));
        check("[[1,2],[3", Some("[[1,2],[]]"));
        check(r#""as"#, Some(r#""as""#));
    }

    /// Whether a value is the other one with something missing at the end of it.
    fn is_beginning(of: &Value, part: &Value) -> bool {
        match (of, part) {
            (Value::String(of), Value::String(part)) => of.starts_with(part),
            (Value::Array(of), Value::Array(part)) => {
                part.len() <= of.len() && part.iter().zip(of).all(|(part, of)| is_beginning(of, part))
            }
            (Value::Object(of), Value::Object(part)) => {
                part.iter().all(|(name, part)| of.get(name).is_some_and(|of| is_beginning(of, part)))
            }
            (of, part) => of == part,
        }
    }

    #[test]
    fn every_beginning_can_be_read_and_grows_to_the_whole() {
        let whole = json!({
            "text": "a \"quoted\" line\n\\ é 😀 \u{7}",
            "numbers": [0, -1.5e3, 12345, null, true, false],
            "deep": { "list": [[], {}, [{ "x": "" }]], "é": "y" },
            "last": 7,
        });
        let ascii = r#"{"text": "\u00e9 \ud83d\ude00 \\u12 \"", "n": [1 , 2 ]}"#;
        for text in [whole.to_string(), serde_json::to_string_pretty(&whole).expect("JSON"), ascii.to_owned()] {
            let whole: Value = serde_json::from_str(&text).expect("JSON");
            for end in (1..=text.len()).filter(|end| text.is_char_boundary(*end)) {
                let closed = close(&text[..end]).expect("a value has begun");
                let part: Value = serde_json::from_str(&closed).unwrap_or_else(|error| panic!("{closed}: {error}"));
                assert!(is_beginning(&whole, &part), "{part} of {whole}");
            }
            assert_eq!(close(&text).as_deref(), Some(text.as_str()));
        }
    }
}
