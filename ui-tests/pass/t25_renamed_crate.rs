#![no_implicit_prelude]

extern crate runlet as kit;

mod inner {
    pub(crate) use ::kit as tools;
}

#[kit::tool(crate = crate::inner::tools)]
async fn find(id: u32) -> u32 {
    id
}

#[derive(kit::Deps)]
#[deps(crate = ::kit)]
struct Shop {
    name: u8,
}

macro_rules! declare {
    ($name:ident) => {
        #[kit::tool(crate = $crate::inner::tools)]
        async fn $name($name: u8) -> u8 {
            $name
        }
    };
}

declare!(echo);

struct Files;

#[kit::toolset(crate = ::kit)]
impl Files {
    #[tool]
    async fn read(&self, name: &u8) -> u8 {
        *name
    }
}

fn main() {
    let _ = (find {}, echo {}, Files::tools::<Shop>(Files), Shop { name: 1 }.name);
}
