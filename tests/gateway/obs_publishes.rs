//! OBS Studio, started with a profile of its own under a virtual display.

use crate::harness::*;
use std::{fs, path::Path, process::Command};

/// Writes the configuration that lets OBS stream at once: first-run questions answered, one profile, one scene.
fn configure(config: &Path, server: &str, stream_key: &str) {
    let studio = config.join("obs-studio");
    let profile = studio.join("basic/profiles/Test");
    let scenes = studio.join("basic/scenes");
    fs::create_dir_all(&profile).unwrap();
    fs::create_dir_all(&scenes).unwrap();
    let global = "[General]\nFirstRun=true\nInfoIncrement=1000\nEnableAutoUpdates=false\nLastVersion=486539266\n\
         [Basic]\nProfile=Test\nProfileDir=Test\nSceneCollection=Test\nSceneCollectionFile=Test\nConfigOnNewProfile=false\n";
    fs::write(studio.join("global.ini"), global).unwrap();
    let basic = "[General]\nName=Test\n[Output]\nMode=Simple\nReconnect=false\n\
         [SimpleOutput]\nVBitrate=800\nABitrate=96\nStreamEncoder=x264\nPreset=ultrafast\nUseAdvanced=true\n\
         [Video]\nBaseCX=640\nBaseCY=360\nOutputCX=640\nOutputCY=360\nFPSType=0\nFPSCommon=20\n\
         [Audio]\nSampleRate=48000\nChannelSetup=Stereo\n";
    fs::write(profile.join("basic.ini"), basic).unwrap();
    let service = serde_json::json!({
        "type": "rtmp_custom", "settings": {"server": server, "key": stream_key, "use_auth": false, "bwtest": false},
    });
    fs::write(profile.join("service.json"), service.to_string()).unwrap();
    let scene = serde_json::json!({
        "name": "Test", "current_scene": "Scene", "current_program_scene": "Scene", "scene_order": [{"name": "Scene"}],
        "sources": [{"id": "scene", "name": "Scene", "settings": {"items": []}}],
    });
    fs::write(scenes.join("Test.json"), scene.to_string()).unwrap();
}

#[test]
fn obs_publishes_and_its_picture_decodes() {
    let gateway = Gateway::start();
    let key = gateway.key("demo");
    let home = TempDir::new();
    configure(home.path(), &key.server_url, &key.stream_key);
    let mut command = Command::new("xvfb-run");
    command.args(["-a", "-s", "-screen 0 1024x768x24", "obs", "--startstreaming", "--multi", "--minimize-to-tray"]);
    command.args(["--profile", "Test", "--collection", "Test", "--disable-updater", "--disable-missing-files-check"]);
    command.env("HOME", home.path()).env("XDG_CONFIG_HOME", home.path()).env("XDG_RUNTIME_DIR", home.path());
    command.env("QT_QPA_PLATFORM", "xcb").env("LIBGL_ALWAYS_SOFTWARE", "1");
    let mut obs = Publisher::run("obs", &mut command);
    let show = gateway.wait_for("demo", "is live", s(60), |show| {
        show["state"] == "live" && show["tracks"].as_array().is_some_and(|tracks| tracks.len() == 2)
    });
    assert_eq!((&show["tracks"][0]["codec"], &show["tracks"][0]["width"]), (&"h264".into(), &640.into()), "{show}");
    assert_decodes("ffmpeg", &key.flv, 4, &["Video: h264", "640x360", "Audio: aac"]);
    obs.assert_running();
}
