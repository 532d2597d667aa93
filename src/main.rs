//! The `synctv` binary: server and command line in one.

use std::process::ExitCode;

fn main() -> ExitCode {
    synctv::cli::run(|config| {
        anyhow::bail!("the gateway is not part of this build; it would work in {}", config.data_dir.display())
    })
}
