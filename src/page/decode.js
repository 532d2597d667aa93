// Which player can play these tracks in this browser, and what to say when none can.

// What mpegts.js demuxes from FLV and Enhanced RTMP; the rest goes over HLS. It claims AV1 too, but 1.8.2 misreads the sequence
// headers of SVT-AV1 (a width of 8900, then "bits exceeded max 32bits").
const FLV_CODECS = new Set(['h264', 'hevc', 'aac', 'mp3', 'opus']);

const NAMES = { h264: 'H.264', hevc: 'HEVC (H.265)', av1: 'AV1', vp9: 'VP9', aac: 'AAC', mp3: 'MP3', opus: 'Opus' };

const WHO_CAN = {
  h264: 'Chrome, Edge, Safari and Firefox can (a Chromium build without proprietary codecs cannot).',
  hevc: 'Safari can, and Chrome or Edge on a machine with a hardware HEVC decoder. Or let the publisher send H.264.',
  av1: 'Current Chrome, Edge and Firefox can, and Safari on hardware with an AV1 decoder. Or let the publisher send H.264.',
  vp9: 'Current Chrome, Edge and Firefox can. Or let the publisher send H.264.',
  aac: 'Chrome, Edge, Safari and Firefox can (a Chromium build without proprietary codecs cannot).',
  mp3: 'Chrome, Edge, Safari and Firefox can.',
  opus: 'Current Chrome, Edge and Firefox can, and Safari 17 or later. Or let the publisher send AAC.',
};

/** The name people use for a codec. */
export const codecName = (codec) => NAMES[codec] ?? codec;

const mime = (track) => `${track.kind}/mp4; codecs="${track.codec_string}"`;

const mediaSource = () => globalThis.ManagedMediaSource ?? globalThis.MediaSource;

const mseTakes = (type) => mediaSource()?.isTypeSupported(type) ?? false;

// Firefox and Safari take MP3 in MP4, Chrome only the bare stream: mpegts.js feeds either, HLS segments are MP4.
const inMp4 = (track) => (track.codec === 'mp3' ? ['mp3', 'mp4a.6B'].some((name) => mseTakes(`audio/mp4; codecs="${name}"`)) : mseTakes(mime(track)));

const byMediaSource = (track) => inMp4(track) || (track.codec === 'mp3' && mseTakes('audio/mpeg'));

const byElement = (track) => document.createElement('video').canPlayType(track.codec === 'mp3' ? 'audio/mpeg' : mime(track)) !== '';

const elementTakesHls = () => document.createElement('video').canPlayType('application/vnd.apple.mpegurl') !== '';

/**
 * Picks the player for a stream's tracks: {player: 'flv'|'ws'|'hls'|'native'} or {cannot: track}.
 * `forced` is the page's `player` parameter; it is honoured where that player can play the tracks. `flvFails` says that FLV was
 * tried with these tracks and did not play: HLS is next, where it can.
 */
export function choose(tracks, forced, flvFails = false) {
  const cannot = tracks.find((track) => !byMediaSource(track) && !(elementTakesHls() && byElement(track)));
  if (cannot) return { cannot };
  const flv = Boolean(globalThis.MediaSource) && tracks.every((track) => FLV_CODECS.has(track.codec) && byMediaSource(track));
  const hls = tracks.every(inMp4) ? 'hls' : elementTakesHls() && tracks.every(byElement) ? 'native' : undefined;
  if (flv && (forced === 'flv' || forced === 'ws')) return { player: forced };
  if (hls && (forced === 'hls' || flvFails || !flv)) return { player: hls };
  if (flv) return { player: 'flv' };
  // Each track plays somewhere, but no transport carries them all: name the one that only FLV or only HLS takes.
  return { cannot: tracks.find((track) => !FLV_CODECS.has(track.codec)) ?? tracks[0] };
}

/** Title and detail for a track that this browser cannot decode. */
export function cannotDecode(track) {
  return {
    title: `This browser cannot decode ${codecName(track.codec)} ${track.kind}.`,
    detail: `The stream carries ${track.codec_string}. ${WHO_CAN[track.codec] ?? ''} VLC, mpv or ffplay can open the addresses below.`,
  };
}
