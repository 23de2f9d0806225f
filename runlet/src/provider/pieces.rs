//! A request's body as it comes together.

use std::ops::Deref;

use bytes::Bytes;

/// Up to so many bytes a piece is copied: handing it on by itself costs more.
pub(crate) const SMALL: usize = 16 << 10;

/// The pieces of a body, in their order. What messages keep is only borrowed.
pub(crate) struct Pieces<'a>(Vec<Piece<'a>>);

enum Piece<'a> {
    Own(Vec<u8>),
    Fixed(&'static [u8]),
    /// What is kept, and what of it is sent.
    Kept(&'a Bytes, &'a [u8]),
}

impl<'a> Pieces<'a> {
    /// Makes room for so many pieces.
    pub(crate) fn with_capacity(pieces: usize) -> Self {
        Self(Vec::with_capacity(pieces))
    }

    pub(crate) fn own(&mut self, bytes: Vec<u8>) {
        self.0.push(Piece::Own(bytes));
    }

    pub(crate) fn fixed(&mut self, bytes: &'static [u8]) {
        self.0.push(Piece::Fixed(bytes));
    }

    /// Adds what a message keeps, but for its first bytes.
    pub(crate) fn kept(&mut self, bytes: &'a Bytes, from: usize) {
        self.0.push(Piece::Kept(bytes, bytes.get(from..).unwrap_or_default()));
    }

    /// Takes the last bytes from the last piece, where a message keeps it.
    #[cfg(any(feature = "anthropic", test))]
    pub(crate) fn cut_end(&mut self, bytes: usize) {
        if let Some(Piece::Kept(_, sent)) = self.0.last_mut() {
            *sent = sent.get(..sent.len().saturating_sub(bytes)).unwrap_or_default();
        }
    }

    #[cfg(feature = "anthropic")]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[cfg(feature = "anthropic")]
    pub(crate) fn append(&mut self, mut others: Self) {
        self.0.append(&mut others.0);
    }

    /// The body: small pieces that stand side by side are one, and large ones, such as an image, stay shared.
    pub(crate) fn join(mut self) -> RequestBody {
        let mut body = RequestBody::Whole(Bytes::new());
        // What follows own bytes is added to them.
        let may_follow = |piece: &Piece<'_>| piece.bytes().len() <= SMALL;
        let may_be_followed = |piece: &Piece<'_>| matches!(piece, Piece::Own(_)) || may_follow(piece);
        for run in self.0.chunk_by_mut(|left, right| may_be_followed(left) && may_follow(right)) {
            let length = run.iter().map(|piece| piece.bytes().len()).sum();
            body.push(match run {
                [Piece::Kept(bytes, sent)] => bytes.slice_ref(sent),
                [Piece::Own(begun), rest @ ..] => joined(std::mem::take(begun), rest, length),
                run => joined(Vec::new(), run, length),
            });
        }
        body
    }
}

/// A body in as few pieces as it needs: most often one.
#[derive(Clone, Debug)]
pub(crate) enum RequestBody {
    Whole(Bytes),
    Pieces(Vec<Bytes>),
}

impl RequestBody {
    /// Adds a piece at the end.
    pub(crate) fn push(&mut self, piece: Bytes) {
        match self {
            Self::Whole(whole) if whole.is_empty() => *whole = piece,
            Self::Whole(whole) => *self = Self::Pieces(vec![std::mem::take(whole), piece]),
            Self::Pieces(pieces) => pieces.push(piece),
        }
    }
}

impl From<Vec<u8>> for RequestBody {
    fn from(whole: Vec<u8>) -> Self {
        Self::Whole(whole.into())
    }
}

impl Deref for RequestBody {
    type Target = [Bytes];

    fn deref(&self) -> &[Bytes] {
        match self {
            Self::Whole(whole) => std::slice::from_ref(whole),
            Self::Pieces(pieces) => pieces,
        }
    }
}

/// Writes pieces after what is there already, up to a length that is known.
fn joined(mut begun: Vec<u8>, pieces: &[Piece<'_>], length: usize) -> Bytes {
    if length > begun.capacity() {
        begun.reserve_exact(length.saturating_sub(begun.len()));
    }
    for piece in pieces {
        begun.extend_from_slice(piece.bytes());
    }
    begun.into()
}

impl Piece<'_> {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Own(bytes) => bytes,
            Self::Fixed(bytes) => bytes,
            Self::Kept(_, sent) => sent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sizes: &[usize], expected: &[usize]) {
        let kept: Vec<Bytes> = sizes.iter().map(|size| vec![b'a'; *size].into()).collect();
        let mut pieces = Pieces::with_capacity(0);
        for bytes in &kept {
            pieces.kept(bytes, 0);
        }
        let body = pieces.join();
        assert_eq!(body.iter().map(Bytes::len).collect::<Vec<_>>(), expected, "{sizes:?}");
        for large in body.iter().filter(|piece| piece.len() > SMALL) {
            assert!(kept.iter().any(|bytes| bytes.as_ptr() == large.as_ptr()), "a large piece is not copied");
        }
    }

    #[test]
    fn small_pieces_are_joined_and_large_ones_are_shared() {
        check(&[], &[0]);
        check(&[1, 2, 3], &[6]);
        check(&[1, SMALL + 1, 2, 3], &[1, SMALL + 1, 5]);
        check(&[SMALL + 1, SMALL + 2], &[SMALL + 1, SMALL + 2]);
    }

    #[test]
    fn a_piece_is_cut_at_both_ends() {
        let kept = Bytes::from_static(b",{..]}");
        let mut pieces = Pieces::with_capacity(3);
        pieces.fixed(b"[");
        pieces.kept(&kept, 1);
        pieces.cut_end(2);
        pieces.own(b"]".to_vec());
        assert_eq!(&*pieces.join(), ["[{..]"]);
    }
}
