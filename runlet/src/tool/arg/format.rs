//! The string formats that are enforced. Each check accepts what its RFC calls valid and stays small: it tells a model
//! that a value has the wrong form, it does not prove that a host or an address exists.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The formats that are enforced.
#[cfg(feature = "json-schema")]
pub(super) const ENFORCED: [&str; 9] =
    ["date-time", "date", "time", "email", "hostname", "uri", "uuid", "ipv4", "ipv6"];

/// Whether a text has a format. Every text has a format that is not enforced.
pub(super) fn accepts(format: &str, text: &str) -> bool {
    match format {
        "date-time" => date_time(text),
        "date" => date(text),
        "time" => time(text),
        "email" => email(text),
        "hostname" => hostname(text),
        "uri" => uri(text),
        "uuid" => uuid(text),
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<Ipv6Addr>().is_ok(),
        _ => true,
    }
}

/// RFC 3339: a date and a time with offset, separated by `T`, `t` or a space.
fn date_time(text: &str) -> bool {
    let Some((day, rest)) = text.split_at_checked(10) else { return false };
    let separated = rest.starts_with(['T', 't', ' ']);
    separated && date(day) && rest.get(1..).is_some_and(time)
}

/// RFC 3339 `full-date`, with the days of each month and leap years.
fn date(text: &str) -> bool {
    let mut parts = text.split('-');
    let (Some(year), Some(month), Some(day), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let (Some(year), Some(month), Some(day)) = (digits(year, 4), digits(month, 2), digits(day, 2)) else {
        return false;
    };
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// RFC 3339 `full-time`: with an offset, a fraction and a leap second allowed.
fn time(text: &str) -> bool {
    let Some((clock, mut rest)) = text.split_at_checked(8) else { return false };
    let mut parts = clock.split(':');
    let mut part = |max| parts.next().and_then(|part| digits(part, 2)).is_some_and(|value| value <= max);
    if !(part(23) && part(59) && part(60)) {
        return false;
    }
    if let Some(fraction) = rest.strip_prefix('.') {
        let end = fraction.find(|character: char| !character.is_ascii_digit()).unwrap_or(fraction.len());
        if end == 0 {
            return false;
        }
        rest = fraction.get(end..).unwrap_or_default();
    }
    match rest.strip_prefix(['+', '-']) {
        Some(offset) => {
            let Some((hours, minutes)) = offset.split_once(':') else { return false };
            digits(hours, 2).is_some_and(|value| value <= 23) && digits(minutes, 2).is_some_and(|value| value <= 59)
        }
        None => rest.eq_ignore_ascii_case("z"),
    }
}

/// RFC 5321 `Dot-string "@" Domain`; the quoted and literal forms that nobody writes are left out.
fn email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte) || byte >= 0x80;
    local.len() <= 64 && local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(legal)) && hostname(domain)
}

/// RFC 1123: labels of 1 to 63 letters, digits and inner hyphens, 253 characters in all.
fn hostname(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// RFC 3986: a scheme, a colon, and only characters that a URI may hold.
fn uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let named = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let mut bytes = rest.bytes();
    while let Some(byte) = bytes.next() {
        let legal = match byte {
            b'%' => [bytes.next(), bytes.next()].iter().all(|hex| hex.is_some_and(|hex| hex.is_ascii_hexdigit())),
            _ => byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=".contains(&byte),
        };
        if !legal {
            return false;
        }
    }
    named && !rest.is_empty()
}

/// RFC 9562: 32 hexadecimal digits in groups of 8-4-4-4-12.
fn uuid(text: &str) -> bool {
    let hexadecimal = |group: &str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && text.split('-').all(hexadecimal)
}

/// A number of exactly `count` ASCII digits.
fn digits(text: &str, count: usize) -> Option<u32> {
    let exact = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    if exact { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::accepts;

    fn check(format: &str, valid: &[&str], invalid: &[&str]) {
        for text in valid {
            assert!(accepts(format, text), "{format} should accept {text:?}");
        }
        for text in invalid {
            assert!(!accepts(format, text), "{format} should refuse {text:?}");
        }
    }

    #[test]
    fn dates_and_times() {
        check(
            "date",
            &["2024-02-29", "2000-02-29", "1999-12-31"],
            &[
                "2023-02-29",
                "1900-02-29",
                "2024-13-01",
                "2024-00-10",
                "2024-1-01",
                "2024-04-31",
                "24-01-01",
                "",
                "２０24-01-01",
            ],
        );
        check(
            "time",
            &["00:00:00Z", "23:59:60z", "12:30:00.5+02:00"],
            &["24:00:00Z", "12:60:00Z", "12:30:00", "12:30Z", "12:30:00.Z", "12:30:00+2:00", "12:30:00+24:00"],
        );
        check(
            "date-time",
            &["2024-02-29T12:30:00Z", "2024-02-29 12:30:00-01:30"],
            &["2024-02-29", "2024-02-29T12:30:00", "2024-02-30T12:30:00Z", "2024-02-29x12:30:00Z", "éééééééé"],
        );
    }

    #[test]
    fn addresses_of_all_kinds() {
        check("email", &["a@b", "a.b+c@example.com", "ü@example.com"], &["a", "@b", "a@", "a..b@c", "a b@c", "a@b_c"]);
        check("hostname", &["localhost", "a-b.example.com"], &["", "-a", "a-", "a..b", "a_b", "é.com"]);
        check("ipv4", &["127.0.0.1"], &["256.0.0.1", "1.2.3", "01.2.3.4"]);
        check("ipv6", &["::1", "2001:db8::ff"], &[":::", "1::2::3", "::1%eth0"]);
        check(
            "uri",
            &["https://a.b/c?d=e#f", "mailto:x@y", "urn:a%20b"],
            &["//a", "1a:b", "http://a b", "a:%2", "a:é", "a:"],
        );
        check(
            "uuid",
            &["123e4567-e89b-12d3-a456-426614174000"],
            &["123e4567e89b12d3a456426614174000", "", "g23e4567-e89b-12d3-a456-426614174000"],
        );
    }
}
