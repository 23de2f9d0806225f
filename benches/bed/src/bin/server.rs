//! The scripted server as a program of its own.

#[tokio::main(flavor = "current_thread")]
async fn main() {
    bed::server::serve().await;
}
