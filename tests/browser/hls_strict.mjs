// Parses a multivariant playlist and its media playlists with hls-parser in strict mode, and fetches every segment and map.
// Usage: node hls_strict.mjs URL; prints one line of JSON: {variants, media}; exits 1 when anything is malformed.
import hlsParser from 'hls-parser';

hlsParser.setOptions({ strictMode: true });

async function playlist(url) {
  const reply = await fetch(url);
  if (reply.status !== 200) throw new Error(`${url}: ${reply.status}`);
  const type = reply.headers.get('content-type');
  if (!type?.startsWith('application/vnd.apple.mpegurl')) throw new Error(`${url}: Content-Type ${type}`);
  const text = await reply.text();
  try {
    return hlsParser.parse(text);
  } catch (error) {
    throw new Error(`${url}: ${error.message}\n${text}`);
  }
}

async function exists(url, seen) {
  if (!seen.has(url)) {
    const reply = await fetch(url);
    const body = await reply.arrayBuffer();
    seen.set(url, reply.status === 200 && body.byteLength === 0 ? 'empty' : reply.status);
  }
  return seen.get(url);
}

async function media(url) {
  const parsed = await playlist(url);
  const seen = new Map();
  const segments = [];
  for (const segment of parsed.segments) {
    const at = new URL(segment.uri, url).href;
    const map = segment.map?.uri ? new URL(segment.map.uri, url).href : null;
    if (map && (await exists(map, seen)) !== 200) throw new Error(`${map}: ${seen.get(map)}`);
    segments.push({
      uri: segment.uri, url: at, map, duration: segment.duration, discontinuity: Boolean(segment.discontinuity),
      programDateTime: segment.programDateTime ?? null, status: await exists(at, seen),
    });
  }
  return {
    url, version: parsed.version ?? 1, targetDuration: parsed.targetDuration, mediaSequence: parsed.mediaSequenceBase ?? 0,
    discontinuitySequence: parsed.discontinuitySequenceBase ?? 0, endlist: Boolean(parsed.endlist), segments,
  };
}

try {
  const url = process.argv[2];
  const master = await playlist(url);
  if (!master.isMasterPlaylist) throw new Error(`${url} is not a multivariant playlist`);
  const variants = master.variants.map(({ uri, codecs, resolution, frameRate, bandwidth, averageBandwidth }) => (
    { uri, codecs: codecs ?? null, resolution: resolution ?? null, frameRate: frameRate ?? null, bandwidth, averageBandwidth: averageBandwidth ?? null }));
  const playlists = [];
  for (const variant of variants) playlists.push(await media(new URL(variant.uri, url).href));
  console.log(JSON.stringify({ variants, media: playlists }));
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
