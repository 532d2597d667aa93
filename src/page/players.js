// One shape for three players: start(video, url, onEnd) -> {latency(), stop()}.
// onEnd(reason) is called once, when the media is over or cannot go on; the page then asks for the status and starts anew.

const asset = (path) => new URL(path, import.meta.url).href;

let mpegtsLoading;

// mpegts.js is a classic script: it leaves a global, and is fetched only by a viewer who needs it.
function loadMpegts() {
  mpegtsLoading ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = asset('vendor/mpegts.js/mpegts.js');
    script.onload = () => resolve(globalThis.mpegts);
    script.onerror = () => { mpegtsLoading = undefined; reject(new Error('mpegts.js did not load')); };
    document.head.append(script);
  });
  return mpegtsLoading;
}

function once(callback) {
  let called = false;
  return (reason) => { if (!called) { called = true; callback(reason); } };
}

const bufferedAhead = (video) => (video.buffered.length ? video.buffered.end(video.buffered.length - 1) - video.currentTime : undefined);

async function startFlv(video, url, tracks, onEnd) {
  const mpegts = await loadMpegts();
  const end = once(onEnd);
  mpegts.LoggingControl.enableVerbose = false;
  mpegts.LoggingControl.enableDebug = false;
  mpegts.LoggingControl.enableInfo = false;
  const source = {
    type: 'flv', isLive: true, url,
    hasAudio: tracks.some((track) => track.kind === 'audio'), hasVideo: tracks.some((track) => track.kind === 'video'),
  };
  const player = mpegts.createPlayer(source, {
    isLive: true, enableWorker: false, enableStashBuffer: false, lazyLoad: false, deferLoadAfterSourceOpen: false,
    autoCleanupSourceBuffer: true, autoCleanupMaxBackwardDuration: 30, autoCleanupMinBackwardDuration: 15,
    // Small lags are caught up by playing a little faster, large ones by a jump.
    liveSync: true, liveSyncMaxLatency: 1.5, liveSyncTargetLatency: 0.8, liveSyncPlaybackRate: 1.1,
    liveBufferLatencyChasing: true, liveBufferLatencyMaxLatency: 3, liveBufferLatencyMinRemain: 0.7,
  });
  player.on(mpegts.Events.ERROR, (kind, detail, info) => end(`${kind}: ${detail} ${info?.msg ?? ''}`));
  player.on(mpegts.Events.LOADING_COMPLETE, () => end('the stream ended'));
  player.attachMediaElement(video);
  player.load();
  return { latency: () => bufferedAhead(video), stop: () => { end('stopped'); player.destroy(); video.playbackRate = 1; } };
}

async function startHls(video, url, tracks, onEnd) {
  const { default: Hls } = await import('./vendor/hls.js/hls.light.min.mjs');
  const end = once(onEnd);
  const hls = new Hls({
    enableWorker: false, lowLatencyMode: true, backBufferLength: 30, liveSyncDurationCount: 3, maxLiveSyncPlaybackRate: 1.1,
    liveDurationInfinity: true,
  });
  hls.on(Hls.Events.ERROR, (_, error) => {
    if (!error.fatal) return;
    if (error.type === Hls.ErrorTypes.MEDIA_ERROR && !hls.recovered) {
      hls.recovered = true;
      hls.recoverMediaError();
    } else {
      end(`${error.type}: ${error.details}`);
    }
  });
  video.addEventListener('ended', () => end('the stream ended'), { once: true });
  hls.loadSource(url);
  hls.attachMedia(video);
  return { latency: () => (hls.latency > 0 ? hls.latency : bufferedAhead(video)), stop: () => { end('stopped'); hls.destroy(); } };
}

async function startNative(video, url, tracks, onEnd) {
  const end = once(onEnd);
  const listening = new AbortController();
  video.addEventListener('ended', () => end('the stream ended'), { signal: listening.signal });
  video.addEventListener('error', () => end(video.error?.message || 'the media element failed'), { signal: listening.signal });
  video.src = url;
  return {
    latency: () => (video.seekable.length ? video.seekable.end(video.seekable.length - 1) - video.currentTime : undefined),
    stop: () => { end('stopped'); listening.abort(); video.removeAttribute('src'); video.load(); },
  };
}

/** How each player is shown, and which of the stream's addresses it opens. */
export const PLAYERS = {
  flv: { label: 'HTTP-FLV', url: 'flv', start: startFlv },
  ws: { label: 'WebSocket-FLV', url: 'ws', start: startFlv },
  hls: { label: 'HLS', url: 'hls', start: startHls },
  native: { label: 'HLS (native)', url: 'hls', start: startNative },
};
