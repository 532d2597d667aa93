// Which player can play these tracks in this browser, and what to say when none can.

// What mpegts.js demuxes from FLV and Enhanced RTMP; the rest goes over HLS.
const FLV_CODECS = new Set(['h264', 'hevc', 'av1', 'aac', 'mp3', 'opus']);

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

// Browsers take MP3 as a bare stream, in MP4, or both.
const mimes = (track) => (track.codec === 'mp3' ? ['audio/mpeg', 'audio/mp4; codecs="mp3"', 'audio/mp4; codecs="mp4a.6B"', mime(track)] : [mime(track)]);

const mediaSource = () => globalThis.ManagedMediaSource ?? globalThis.MediaSource;

const byMediaSource = (track) => mimes(track).some((type) => mediaSource()?.isTypeSupported(type) ?? false);

const byElement = (track) => mimes(track).some((type) => document.createElement('video').canPlayType(type) !== '');

const elementTakesHls = () => document.createElement('video').canPlayType('application/vnd.apple.mpegurl') !== '';

/**
 * Picks the player for a stream's tracks: {player: 'flv'|'ws'|'hls'|'native'} or {cannot: track}.
 * `forced` is the page's `player` parameter: the transport is then given, the decoding test is not skipped.
 */
export function choose(tracks, forced) {
  const cannot = tracks.find((track) => !byMediaSource(track) && !(elementTakesHls() && byElement(track)));
  if (cannot) return { cannot };
  const mse = Boolean(mediaSource()) && tracks.every(byMediaSource);
  const flv = mse && Boolean(globalThis.MediaSource) && tracks.every((track) => FLV_CODECS.has(track.codec));
  if ((forced === 'flv' || forced === 'ws') && flv) return { player: forced };
  if (flv && forced !== 'hls') return { player: 'flv' };
  if (mse) return { player: 'hls' };
  return { player: 'native' };
}

/** Title and detail for a track that this browser cannot decode. */
export function cannotDecode(track) {
  return {
    title: `This browser cannot decode ${codecName(track.codec)} ${track.kind}.`,
    detail: `The stream carries ${track.codec_string}. ${WHO_CAN[track.codec] ?? ''} VLC, mpv or ffplay can open the addresses below.`,
  };
}
