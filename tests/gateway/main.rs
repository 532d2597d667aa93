//! The gateway from outside: the built binary, real publishers, real players. One file a behaviour.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod harness;

mod a_joiner_gets_the_whole_state;
mod a_stuck_reader_delays_nobody;
mod another_key_is_refused_while_live;
mod bad_http_requests_end_alone;
mod broken_media_harms_nobody;
mod completions_parse_in_every_shell;
mod deaf_viewers_are_closed;
mod demo_serves_itself;
mod disks_that_take_nothing_are_named;
mod enhanced_rtmp_codecs_play;
mod ffmpeg_publishes_and_flv_decodes;
mod gstreamer_publishes;
mod half_open_connections_starve_nobody;
mod hls_playlists_are_valid_and_segments_decode;
mod hostile_names_harm_nobody;
mod http_connections_are_capped;
mod http_methods_and_headers;
mod interleaved_chunks_give_identical_media;
mod json_has_the_promised_shape;
mod keys_open_and_close_the_door;
mod kick_and_delete_close_who_is_there;
mod logs_name_stream_and_connection_but_no_key;
mod media_doctor_finds_nothing;
mod members_are_closed_when_they_must_be;
mod metrics_are_prometheus_text;
mod nodes_share_rooms;
mod nothing_acknowledged_is_lost;
mod obs_publishes;
mod odd_room_names_survive;
mod one_track_alone_plays;
mod origins_lie_as_scripted;
mod private_streams_need_a_signature;
mod publisher_returns_within_grace_and_viewers_stay;
mod remote_commands_need_the_token;
mod room_tokens_open_their_room_only;
mod rooms_advance_once_when_an_item_is_over;
mod rooms_are_kept_from_the_command_line;
mod rooms_find_durations_out;
mod rotated_and_expired_keys_close_their_publisher;
mod rtmp_bombs_end_alone;
mod rude_members_end_alone;
mod same_key_takes_over_and_viewers_stay;
mod sigterm_ends_flv_on_a_tag_boundary;
mod silent_publisher_goes_offline;
mod slow_viewer_disturbs_nobody;
mod start_fails_with_one_clear_line;
mod ten_thousand_media_are_paged;
mod watch_page_plays_in_chromium;
mod watchers_see_what_happens;
mod websocket_breaches_end_alone;
mod websocket_flv_carries_the_same_media;
