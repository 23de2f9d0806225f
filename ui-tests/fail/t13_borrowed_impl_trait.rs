use runlet::tool;

trait Mailer {}

#[tool]
async fn show(mailer: &impl Mailer) {
    let _ = mailer;
}

fn main() {}
