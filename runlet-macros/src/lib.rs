//! The macros of Runlet.
