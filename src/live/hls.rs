//! stub
use super::stream::Stream;
use bytes::Bytes;
use std::sync::Arc;
/// stub
#[derive(Debug)]
pub struct Hls;
/// stub
pub enum HlsAnswer { /// p
Playlist{ /// b
body: Bytes, /// m
max_age_s: u32}, /// m
Media{ /// b
body: Bytes, /// c
content_type: &'static str}, /// m
Missing(&'static str), /// n
NotYet }
impl Hls {
 /// s
 pub fn of(_: &Arc<Stream>) -> Option<Arc<Self>> { None }
 /// s
 pub fn seen(&self, _: u64) {}
 /// s
 pub async fn get(&self, _: &str, _: Option<&str>) -> HlsAnswer { HlsAnswer::NotYet }
 /// s
 pub fn count_out(&self, _: usize) {}
 /// s
 pub fn bytes_out(&self) -> u64 {0}
 /// s
 pub fn viewers(&self) -> u64 {0}
}
