//! What generated code may touch. Nothing here is for people: it changes without notice.
