//! How arguments are read.

use super::*;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    read(Cli::command().try_get_matches_from(line.split_whitespace())?)
}

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn json_and_server_stand_in_any_position() {
    for line in [
        "synctv --json --server http://h:1 --token t key list",
        "synctv key --json --server http://h:1 --token t list",
        "synctv key list --token t --server http://h:1 --json",
    ] {
        let cli = parse(line).unwrap();
        assert!(cli.common.json, "{line}");
        assert_eq!(cli.common.server.as_deref(), Some("http://h:1"), "{line}");
        assert!(cli.common.token.unwrap().matches("t"), "{line}");
    }
}

#[test]
fn the_operators_commands_are_understood() {
    for line in [
        "synctv serve --data-dir d --http 127.0.0.1:0 --rtmp 127.0.0.1:0 --database-url sqlite:x --config c --demo --open-publish",
        "synctv key create demo --label studio --expires 30d",
        "synctv key list demo",
        "synctv key revoke k_1",
        "synctv key rotate k_1 --overlap 10m",
        "synctv stream list",
        "synctv cache stats --json",
        "synctv cache purge",
        "synctv cache purge --url https://cdn.example/films/",
        "synctv cache purge --host cdn.example",
        "synctv stream show demo --json",
        "synctv stream kick demo",
        "synctv stream create demo --private",
        "synctv stream set demo --public",
        "synctv stream delete demo",
        "synctv stream url demo --expires 2h",
        "synctv room create Movies --password --mode repeat_all --advance-delay 5s --control viewer",
        "synctv room create Movies --password-file f",
        "synctv room list --json",
        "synctv room show Movies",
        "synctv room set Movies --name Films --no-password",
        "synctv room delete r_0123456789",
        "synctv room token Movies --role viewer --label guest --expires 2h",
        "synctv room tokens Movies",
        "synctv room revoke Movies t_0123456789",
        "synctv room members Movies",
        "synctv room kick Movies c_0123456789",
        "synctv room history Movies --limit 5",
        "synctv room watch Movies --name me --positions 0.5 --json --server http://h --token rt_x",
        "synctv playlist create Movies evening",
        "synctv playlist list Movies",
        "synctv playlist rename Movies evening late",
        "synctv playlist delete Movies late",
        "synctv media add Movies --url http://h/a.mp4 --name A --duration 90s --playlist evening --json",
        "synctv media add Movies --url http://h/a.mp4 --url http://h/b.mp4",
        "synctv media add Movies --file -",
        "synctv media list Movies --playlist evening --offset 100 --limit 50",
        "synctv media list Movies --all",
        "synctv media move Movies m_1 3",
        "synctv media remove Movies m_1",
        "synctv playback get Movies --json",
        "synctv playback start Movies m_1 --version 7",
        "synctv playback play Movies --version 7",
        "synctv playback pause Movies",
        "synctv playback seek Movies 1:30 --version 7",
        "synctv playback speed Movies 1.5",
        "synctv playback next Movies",
        "synctv playback prev Movies",
        "synctv playback stop Movies",
        "synctv status --json",
        "synctv config check",
        "synctv completions bash",
    ] {
        parse(line).unwrap_or_else(|err| panic!("{line}: {err}"));
    }
}

#[test]
fn usage_errors_exit_with_two() {
    for line in [
        "synctv",
        "synctv nonsense",
        "synctv key create",
        "synctv key create demo --expires soon",
        "synctv stream set demo",
        "synctv stream set demo --private --public",
        "synctv room create",
        "synctv room create Movies --mode backwards",
        "synctv room create Movies --password hunter2",
        "synctv room create Movies --password --password-file f",
        "synctv room set Movies --password --no-password",
        "synctv room set Movies",
        "synctv room token Movies",
        "synctv room token Movies --role king",
        "synctv room watch Movies --positions 0",
        "synctv media add Movies",
        "synctv media add Movies --file f --name A",
        "synctv media add Movies --url http://h/a --url http://h/b --name A",
        "synctv media add Movies --url http://h/a --url http://h/b --duration 5s",
        "synctv media move Movies m_1 first",
        "synctv media list Movies --all --limit 5",
        "synctv playback seek Movies 1:99",
        "synctv playback speed Movies fast",
        "synctv playback speed Movies NaN",
        "synctv playback start Movies",
        "synctv serve --nonsense",
        "synctv serve --server http://h",
        "synctv serve --token t",
        "synctv status --server http://h --data-dir d",
        "synctv --data-dir d status --server http://h",
    ] {
        assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
    }
}

#[test]
fn a_token_is_not_printed_with_the_arguments() {
    let cli = parse("synctv status --server http://h --token hush").unwrap();
    assert!(!format!("{cli:?}").contains("hush"));
}

#[test]
fn every_shell_gets_a_completion_script() {
    assert!(completions(Shell::Bash).contains("_synctv"));
    assert!(completions(Shell::Zsh).contains("#compdef synctv"));
}

#[test]
fn serve_flags_become_settings() {
    let cli = parse("synctv serve --data-dir d --http 127.0.0.1:0 --rtmp 127.0.0.1:0 --demo --open-publish").unwrap();
    let Command::Serve(args) = cli.command else { panic!("not serve") };
    let config = serve::config(&cli.common, &args).unwrap();
    assert_eq!((config.http.listen.port(), config.rtmp.listen.port()), (0, 0));
    assert!(config.demo && config.live.open_publish);
    assert_eq!(config.data_dir, PathBuf::from("d"));
    let row = config.in_force.iter().find(|row| row.key == "data_dir").unwrap();
    assert_eq!(row.source, "flag --data-dir");
}
