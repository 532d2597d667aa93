//! What every backend must do, told as tests. A backend's test file calls [`behaviour_suite!`](crate::behaviour_suite)
//! with an async function that gives a fresh, empty store.

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
