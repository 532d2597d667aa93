//! The `synctv` binary.

fn main() {
    println!("synctv {}", env!("CARGO_PKG_VERSION"));
}
