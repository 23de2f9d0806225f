#![no_implicit_prelude]

#[::runlet::tool(timeout = "1s", effect = read, retries = 1)]
async fn find(
    db: &u8,
    #[arg(default = 3, min = 1)] limit: u32,
    #[arg(pattern = "x", default = "x")] text: ::std::string::String,
    note: ::std::option::Option<u8>,
) -> ::std::result::Result<::std::string::String, ::std::fmt::Error> {
    let _ = (db, limit, note);
    ::std::result::Result::Ok(text)
}

#[derive(::runlet::Deps)]
struct Shop {
    name: u8,
    boxed: ::std::boxed::Box<u16>,
}

struct Files;

#[::runlet::toolset]
impl Files {
    #[tool]
    async fn read(&self, name: &u8) -> u8 {
        *name
    }
}

fn main() {
    let shop = Shop { name: 1, boxed: ::std::boxed::Box::new(2) };
    let _ = (find {}, Files::tools::<Shop>(Files), shop.name, shop.boxed);
}
