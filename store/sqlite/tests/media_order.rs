//! The order of media against a plain list, and how long long playlists take.

use std::time::Instant;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use synctv_store::behaviour::sample::{new_media, order, room};
use synctv_store::{Playlists, Rooms};
use synctv_store_sqlite::SqliteStore;
use tempfile::TempDir;

#[derive(Debug, Clone)]
enum Step {
    Add(usize),
    Move(usize, u64),
    Remove(usize),
    /// The last one to the second place, until no rank is left between the first two.
    Knead,
}

fn step() -> impl Strategy<Value = Step> {
    // Few places, so that the same neighbours are parted again and again.
    prop_oneof![
        2 => (1..4usize).prop_map(Step::Add),
        8 => (0..64usize, 0..12u64).prop_map(|(which, position)| Step::Move(which, position)),
        1 => (0..64usize).prop_map(Step::Remove),
        1 => Just(Step::Knead),
    ]
}

async fn fresh() -> (TempDir, SqliteStore) {
    let dir = tempfile::tempdir().expect("temp dir");
    let store = SqliteStore::open(&dir.path().join("synctv.db")).await.expect("open");
    (dir, store)
}

/// Carries out the steps on a store and on a list, and compares after each.
async fn follows_a_list(store: &SqliteStore, steps: Vec<Step>) -> Result<(), TestCaseError> {
    store.delete_room("r_demo").await.ok();
    room(store, "demo", 1).await;
    let (mut list, mut made) = (Vec::<String>::new(), 0);
    for step in steps {
        match step {
            Step::Add(count) => {
                let ids: Vec<_> = (made..made + count).map(|n| format!("m_{n}")).collect();
                made += count;
                let media: Vec<_> = ids.iter().map(|id| new_media(id)).collect();
                let first = store.add_media("r_demo", "p_demo", &media).await.expect("add");
                prop_assert_eq!(first, list.len() as u64 + 1);
                list.extend(ids);
            }
            Step::Move(which, position) if !list.is_empty() => {
                let id = list.remove(which % list.len());
                let index = (position.max(1) as usize - 1).min(list.len());
                let moved = store.move_media("r_demo", &id, position).await.expect("move");
                prop_assert_eq!(moved.position, index as u64 + 1);
                list.insert(index, id);
            }
            Step::Remove(which) if !list.is_empty() => {
                let id = list.remove(which % list.len());
                store.remove_media("r_demo", &id).await.expect("remove");
            }
            Step::Knead if list.len() > 1 => {
                for _ in 0..25 {
                    let id = list.pop().expect("not empty");
                    store.move_media("r_demo", &id, 2).await.expect("move");
                    list.insert(1.min(list.len()), id);
                }
            }
            Step::Move(..) | Step::Remove(_) | Step::Knead => {}
        }
        let found = order(store, "demo").await;
        prop_assert_eq!(&found, &list);
    }
    Ok(())
}

#[test]
fn any_adds_moves_and_removes_leave_the_order_of_a_list() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (_dir, store) = runtime.block_on(fresh());
    let config = Config { cases: 40, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&prop::collection::vec(step(), 1..80), |steps| runtime.block_on(follows_a_list(&store, steps)))
        .unwrap();
}

#[tokio::test]
async fn a_page_far_into_ten_thousand_media_is_read_without_reading_them_all() {
    let (_dir, store) = fresh().await;
    room(&store, "demo", 1).await;
    let media: Vec<_> = (0..10_000).map(|n| new_media(&format!("m_{n}"))).collect();
    let began = Instant::now();
    store.add_media("r_demo", "p_demo", &media).await.unwrap();
    println!("10 000 media added in {:?}", began.elapsed());
    let began = Instant::now();
    for _ in 0..100 {
        store.media_page("r_demo", "p_demo", 9_900, 100).await.unwrap();
    }
    println!("a page at 9 900 read in {:?}", began.elapsed() / 100);
    // Ten times what it takes without optimisation: it is to notice a scan of everything, not a slow machine.
    assert!(began.elapsed() / 100 < std::time::Duration::from_millis(100), "{:?}", began.elapsed() / 100);
    let began = Instant::now();
    for n in 0..100 {
        store.move_media("r_demo", &format!("m_{n}"), 5_000).await.unwrap();
    }
    println!("a move took {:?}", began.elapsed() / 100);
}
