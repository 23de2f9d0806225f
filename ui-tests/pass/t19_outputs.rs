use runlet::{Json, ToolOutput, tool};

macro_rules! tools {
    ($($name:ident: $type:ty = $value:expr;)*) => {$(
        #[tool]
        async fn $name() -> $type {
            $value
        }
    )*};
}

tools! {
    text: String = String::new();
    literal: &'static str = "x";
    nothing: () = ();
    flag: bool = true;
    number: u64 = 1;
    float: f32 = 1.5;
    value: serde_json::Value = serde_json::json!({});
    list: Json<Vec<u8>> = Json(vec![1]);
    parts: ToolOutput = ToolOutput::text("x");
    never: Result<Json<()>, String> = Err("no".to_owned());
}

fn main() {}
