#![allow(dead_code, non_camel_case_types)]

use runlet::tool;

type Result<T> = ::std::result::Result<T, ()>;
type Option<T> = ::std::vec::Vec<T>;
struct Box;
struct String;
struct Arc;
struct Send;
struct Sync;
struct Default;
struct Clone;
struct Copy;
struct Into;
struct From;
struct Tool;
struct Context;
struct Arg;
struct str;
struct usize;
mod std {}
mod core {}
mod serde {}
mod schemars {}
fn Some() {}
fn None() {}
fn Ok() {}
fn Err() {}

#[tool(timeout = "1s", effect = read, retries = 1, title = "x", max_output = 1)]
/// Finds.
async fn find(
    db: &u8,
    #[arg(default = 3, min = 1, example = 4)] limit: u32,
    #[arg(pattern = "x", default = "x", min_len = 1)] text: ::std::string::String,
) -> ::std::string::String {
    let _ = (db, limit);
    text
}

struct Files;

#[runlet::toolset]
impl Files {
    #[tool]
    async fn read(&self, name: u8) -> u8 {
        name
    }
}

#[derive(runlet::Deps)]
struct Shop {
    name: u8,
}

fn main() {}
