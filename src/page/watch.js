// The watch page: asks what the stream is, picks a player, and begins again whenever the media ends or stands still.

import { choose, cannotDecode, codecName } from './decode.js';
import { PLAYERS } from './players.js';

const STATUS_EVERY_MS = 3000;
const STALLED_AFTER_MS = 10000;
const PAUSED_TOO_LONG_MS = 20000;
const FLV_TRIES = 3;
const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 8000;

// What a player is started for: another codec, or a track more or less, needs a new one. Sizes and rates may change inline.
const kindsOf = (tracks) => tracks.map((track) => `${track.kind}:${track.codec}`).join();

const byId = (id) => document.getElementById(id);
const video = byId('video');

// The last path segment is kept as it came, so that whatever was escaped stays escaped in every URL made from it.
const segment = location.pathname.replace(/\/+$/, '').split('/').pop();
const query = new URLSearchParams(location.search);
const forced = query.get('player');
query.delete('player');
const search = query.size ? `?${query}` : '';
const at = (path) => new URL(`../live/${path}${search}`, location.href);
const urls = { status: at(`${segment}/status`).href, flv: at(`${segment}.flv`).href, hls: at(`${segment}/index.m3u8`).href };
urls.ws = urls.flv.replace(/^http/, 'ws');

let playing; // {name, handle, tracks}: what is on the screen
let status; // the last StreamStatus
let advancedAt = 0; // when currentTime last moved, performance.now()
let lastTime = 0;
let retryMs = RETRY_FIRST_MS;
let timer;
let flvFailures = { epoch: undefined, count: 0 }; // players of one publication that ended with an error before they played for long
let beganAt = 0; // when the current player was started, performance.now()
let starting = 0; // grows with each start and stop, so that a late answer knows that it is late

function show(state, badge, title = '', detail = '') {
  document.body.dataset.state = state;
  byId('badge').textContent = badge;
  // Rewriting the same words would make a screen reader say them again.
  if (byId('notice-title').textContent !== title) byId('notice-title').textContent = title;
  if (byId('notice-detail').textContent !== detail) byId('notice-detail').textContent = detail;
  byId('resume').hidden = state !== 'paused';
}

function stop() {
  starting += 1;
  playing?.handle.stop();
  playing = undefined;
  delete document.body.dataset.player;
  byId('unmute').hidden = true;
  byId('fact-latency').textContent = '–';
  byId('fact-player').textContent = '–';
}

function again(delay) {
  clearTimeout(timer);
  timer = setTimeout(step, delay);
}

// Grows from half a second to eight, with jitter, so that a thousand pages do not ask in step when a publisher returns.
function againLater() {
  again(retryMs * (0.75 + Math.random() / 2));
  retryMs = Math.min(retryMs * 1.6, RETRY_MAX_MS);
}

async function ask() {
  const reply = await fetch(urls.status, { cache: 'no-store', headers: { accept: 'application/json' } });
  if (reply.ok) return reply.json();
  if (reply.status === 404) return { state: 'offline', tracks: [], warnings: [] };
  if (reply.status === 401 || reply.status === 403) return { refused: true };
  throw new Error(`the server answered ${reply.status}`);
}

async function step() {
  try {
    status = await ask();
  } catch (error) {
    if (!playing) show('unreachable', 'no connection', 'The server cannot be reached.', `Trying again. (${error.message})`);
    return againLater();
  }
  if (document.body.dataset.state === 'paused') return again(STATUS_EVERY_MS);
  if (status.refused) {
    stop();
    show('refused', 'private', 'This link is not valid, or it has expired.', 'Ask whoever shared the stream for a new one.');
    return againLater();
  }
  describe();
  if (playing) {
    if (status.state === 'live' && status.tracks.length > 0 && kindsOf(status.tracks) !== playing.tracks) return changed();
    watchProgress();
    return again(STATUS_EVERY_MS);
  }
  if (status.state !== 'live') {
    // What cannot be played here is not fetched for this page again.
    if (document.body.dataset.state === 'unsupported') return againLater();
    if (status.pull) return pull();
    show('waiting', 'offline', 'Waiting for the publisher …', 'The stream is offline. This page starts by itself when it comes.');
    return againLater();
  }
  if (status.tracks.length === 0) {
    show('waiting', 'starting', 'The stream is starting …');
    return again(RETRY_FIRST_MS);
  }
  return begin();
}

// A pull stream is fetched while somebody wants it: whoever asks for its head starts it, and is answered when there is something to play.
async function pull() {
  if (document.body.dataset.state !== 'waiting') show('waiting', 'starting', 'The stream is starting …', 'It is fetched from its source.');
  try {
    await fetch(urls.flv, { method: 'HEAD', cache: 'no-store' });
    status = await ask();
  } catch { /* asked again */ }
  if (playing || document.body.dataset.state === 'paused') return again(STATUS_EVERY_MS);
  if (status.state === 'live' && status.tracks.length > 0) {
    describe();
    return begin();
  }
  show('waiting', 'offline', 'Waiting for the source …', 'It does not send. This page starts by itself when it does.');
  return againLater();
}

async function begin() {
  const flvFails = !forced && flvFailures.epoch === status.epoch && flvFailures.count >= FLV_TRIES;
  const choice = choose(status.tracks, forced, flvFails);
  if (choice.cannot) {
    const { title, detail } = cannotDecode(choice.cannot);
    show('unsupported', 'cannot play', title, detail);
    return againLater();
  }
  const player = PLAYERS[choice.player];
  const { tracks } = status;
  show('loading', 'connecting', 'Connecting …');
  starting += 1;
  const mine = starting;
  lastTime = video.currentTime;
  advancedAt = performance.now();
  beganAt = advancedAt;
  try {
    const handle = await player.start(video, urls[player.url], tracks, (reason) => { if (mine === starting) ended(reason); });
    if (mine !== starting) return handle.stop();
    playing = { name: choice.player, handle, tracks: kindsOf(tracks) };
  } catch (error) {
    show('unreachable', 'failed', 'The player could not start.', error.message);
    return againLater();
  }
  document.body.dataset.player = choice.player;
  byId('fact-player').textContent = player.label;
  // Refused only where the browser blocks even muted autoplay; the button is then the gesture it asks for.
  video.play().catch((error) => { if (error.name === 'NotAllowedError') pausedByBrowser(); });
  return again(STATUS_EVERY_MS);
}

function changed() {
  stop();
  return begin();
}

function ended(reason) {
  console.info(`synctv: ${reason}`);
  if (playing?.name === 'flv' && status.state === 'live' && performance.now() - beganAt < STALLED_AFTER_MS + STATUS_EVERY_MS) {
    flvFailures = { epoch: status.epoch, count: flvFailures.epoch === status.epoch ? flvFailures.count + 1 : 1 };
  }
  stop();
  show('waiting', 'reconnecting', 'The stream was interrupted.', 'Reconnecting …');
  againLater();
}

// A held viewer (publisher gone, within its grace) stands still on purpose: only a live stream that stands still is a stall.
function watchProgress() {
  if (video.paused || performance.now() - advancedAt < STALLED_AFTER_MS) return;
  if (status.state === 'live') ended('nothing arrived while the stream is live');
  else show('waiting', 'offline', 'The publisher is gone. Waiting …', 'Playback continues by itself when it returns.');
}

function onTime() {
  if (!playing || video.currentTime === lastTime) return;
  lastTime = video.currentTime;
  advancedAt = performance.now();
  if (video.paused) return;
  retryMs = RETRY_FIRST_MS;
  if (document.body.dataset.state !== 'playing') show('playing', 'live');
  byId('unmute').hidden = !video.muted || !status.tracks?.some((track) => track.kind === 'audio');
  const latency = playing.handle.latency();
  byId('fact-latency').textContent = latency === undefined ? '–' : `${Math.max(latency, 0).toFixed(1)} s`;
}

function pausedByBrowser() {
  stop();
  show('paused', 'paused', 'Paused');
}

function describe() {
  const of = (kind) => status.tracks.find((track) => track.kind === kind);
  const [picture, sound] = [of('video'), of('audio')];
  const parts = (...list) => list.filter(Boolean).join(', ') || '–';
  byId('fact-video').textContent = picture
    ? parts(codecName(picture.codec), picture.width && `${picture.width}×${picture.height}`, picture.fps && `${+picture.fps.toFixed(2)} fps`) : '–';
  byId('fact-video').title = picture?.codec_string ?? '';
  byId('fact-audio').textContent = sound
    ? parts(codecName(sound.codec), sound.sample_rate && `${sound.sample_rate / 1000} kHz`, sound.channels && `${sound.channels} ch`) : '–';
  byId('fact-audio').title = sound?.codec_string ?? '';
  byId('fact-bitrate').textContent = status.bitrate_bps ? `${(status.bitrate_bps / 1e6).toFixed(2)} Mbit/s` : '–';
  byId('fact-viewers').textContent = status.viewers ?? '–';
  byId('warnings').hidden = !status.warnings?.length;
  byId('warnings').replaceChildren(...(status.warnings ?? []).map((text) => Object.assign(document.createElement('li'), { textContent: text })));
}

function displayName() {
  try { return decodeURIComponent(segment); } catch { return segment; }
}

video.muted = true;
video.addEventListener('timeupdate', onTime);
video.addEventListener('volumechange', () => { if (!video.muted) byId('unmute').hidden = true; });
// A paused live stream would fill memory and the server's queue: let go of it, and rejoin the live edge on play.
let pauseTimer;
video.addEventListener('pause', () => { pauseTimer = setTimeout(() => { if (playing && video.paused) pausedByBrowser(); }, PAUSED_TOO_LONG_MS); });
video.addEventListener('play', () => { clearTimeout(pauseTimer); advancedAt = performance.now(); });
byId('unmute').addEventListener('click', () => { video.muted = false; byId('unmute').hidden = true; video.focus(); });
byId('resume').addEventListener('click', () => { show('loading', 'connecting', 'Connecting …'); step(); });
addEventListener('pagehide', stop);
addEventListener('pageshow', (event) => { if (event.persisted) step(); });
addEventListener('online', () => { if (!playing) step(); });

byId('name').textContent = displayName();
document.title = `${displayName()} – synctv`;
for (const kind of ['flv', 'ws', 'hls']) byId(`url-${kind}`).textContent = urls[kind];
step();
