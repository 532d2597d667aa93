//! What every backend must do, told as tests. A backend's test file calls [`behaviour_suite!`](crate::behaviour_suite)
//! with an async function that gives a fresh, empty store.

pub mod events;
pub mod nodes;
pub mod playbacks;
pub mod playlists;
pub mod probes;
pub mod proxy_keys;
pub mod pulls;
pub mod rooms;
pub mod sample;
mod stage;
pub mod streams;

/// Makes one `#[tokio::test]` of each behaviour. `$fresh` gives `(keep_alive, store)`.
#[macro_export]
macro_rules! behaviour_suite {
    ($fresh:ident) => {
        $crate::behaviour_suite!($fresh; streams:
            a_stream_is_made_once_and_keeps_its_visibility,
            a_bad_stream_name_is_refused,
            streams_are_listed_by_name_and_deleting_one_takes_its_keys,
            what_does_not_exist_is_not_found,
            a_key_is_found_by_its_hash_only,
            a_key_needs_its_stream_and_its_own_hash,
            expiry_is_judged_when_the_key_is_read,
            a_revoked_key_stays_revoked_since_the_first_time,
            rotation_makes_a_successor_and_ends_the_old_key_after_the_overlap,
            rotation_never_prolongs_the_old_key,
            rotation_keeps_label_and_length_of_life,
            only_a_current_key_is_rotated,
            last_use_is_noted_and_missing_keys_are_passed_over,
            expiring_keys_are_announced,
            the_signing_key_is_made_once,
            the_store_answers_a_ping,
        );
        $crate::behaviour_suite!($fresh; playbacks:
            a_room_begins_with_nothing_selected,
            items_are_found_by_id_and_by_place,
            a_swap_is_read_back_with_its_event,
            a_swap_on_another_version_writes_nothing,
            a_swap_to_a_deleted_media_writes_nothing,
            due_is_what_has_come_to_its_end,
            due_counts_position_speed_and_delay,
            the_next_due_time_is_told,
            an_advance_is_written_once_with_its_history,
            history_has_what_began_anew,
            an_advance_needs_what_was_judged,
            an_advance_is_refused_after_the_playlist_changed,
            the_end_is_stored_once,
            of_many_advances_one_is_true,
            of_swap_and_advance_one_is_true,
            a_duration_belongs_to_its_target,
        );
        $crate::behaviour_suite!($fresh; probes:
            only_what_is_selected_in_an_active_room_is_claimed,
            what_is_no_longer_selected_is_not_claimed,
            claims_are_exclusive_under_many_claimers,
            the_fence_refuses_the_holder_before,
            a_result_is_told_while_its_target_is_selected,
            a_failure_waits_for_its_time,
            selecting_again_probes_again,
            a_replay_never_erases_a_known_duration,
            live_is_never_due,
            a_probed_duration_makes_an_item_due,
            the_next_probe_time_is_told,
            a_released_claim_is_free_at_once,
            a_node_that_leaves_frees_its_claims,
            a_result_without_its_room_or_media_is_passed_over,
        );
        $crate::behaviour_suite!($fresh; pulls:
            a_pull_stream_is_made_with_its_media,
            a_taken_name_adds_nothing,
            a_pull_stream_goes_with_its_media,
            playing_pulls_are_those_of_active_rooms_that_play,
        );
        $crate::behaviour_suite!($fresh; proxy_keys:
            the_first_proxy_key_is_made_once,
            a_proxy_key_is_followed_when_it_is_old,
            a_proxy_key_goes_when_what_it_signed_has_ended,
        );
        $crate::behaviour_suite!($fresh; nodes:
            a_heartbeat_tells_the_databases_clock,
            presence_is_replaced_room_by_room,
            hot_rooms_are_counted_over_all_nodes,
            presence_is_hinted,
            a_lease_has_one_holder_and_a_growing_fence,
            a_node_that_leaves_gives_everything_up,
            dead_nodes_are_removed,
            old_events_go_in_portions_and_the_newest_stays,
            spent_tokens_go,
            housekeeping_leaves_what_is_young,
        );
        $crate::behaviour_suite!($fresh; rooms:
            a_room_is_made_whole,
            a_room_that_cannot_be_made_leaves_nothing,
            a_room_has_a_name_of_its_own_in_any_script,
            a_room_is_found_by_id_or_name,
            rooms_are_listed_by_name_in_pages_with_counts,
            a_change_is_stored_and_told,
            a_bad_change_changes_nothing,
            a_deleted_room_takes_everything_and_is_gone,
            what_is_in_no_room_is_not_found,
            a_token_is_found_by_its_hash_until_its_time_comes,
            a_revoked_token_stays_revoked_and_is_told_once,
            a_token_of_another_room_is_not_found,
        );
        $crate::behaviour_suite!($fresh; playlists:
            the_first_playlist_is_the_oldest,
            a_playlist_has_a_name_of_its_own_in_its_room,
            the_last_and_the_selected_playlist_stay,
            a_deleted_playlist_takes_its_media,
            media_are_appended_in_order_all_or_nothing,
            every_change_of_a_playlist_raises_its_revision_and_is_told,
            a_move_puts_one_media_where_it_was_asked,
            moves_between_the_same_neighbours_never_run_out_of_places,
            the_selected_media_stays,
            a_given_duration_is_known_at_once,
            another_rooms_media_are_not_found,
            moves_at_the_same_time_keep_every_media_once,
            ten_thousand_media_are_paged_in_order,
        );
        $crate::behaviour_suite!($fresh; events:
            events_are_numbered_without_gaps_under_many_posters,
            an_event_needs_its_room,
            events_after_marks_come_by_room_and_number,
            the_newest_events_of_a_kind_come_oldest_first,
            heads_leave_out_rooms_that_are_gone,
            every_event_is_hinted_when_it_can_be_read,
        );
    };
    ($fresh:ident; $module:ident: $($name:ident),* $(,)?) => {
        mod $module {
            $(
                #[tokio::test]
                async fn $name() {
                    let (_keep_alive, store) = super::$fresh().await;
                    $crate::behaviour::$module::$name(&store).await;
                }
            )*
        }
    };
}
