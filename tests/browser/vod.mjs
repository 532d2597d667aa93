// Plays a file or manifest on a page of another origin: several seconds from the start, then from near the end to the end.
// Usage: node vod.mjs hls|dash|plain|readable URL [CAPTIONS]; prints one line of JSON: {begun, sought, page, problems, requests}.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { openPage } from './chromium.mjs';

const near = (path) => readFileSync(new URL(path, import.meta.url));
const files = {
  '/': ['text/html', near('vod.html')],
  '/hls.js': ['text/javascript', near('../node_modules/hls.js/dist/hls.min.js')],
  '/dash.js': ['text/javascript', near('../node_modules/dashjs/dist/modern/umd/dash.all.min.js')],
  '/favicon.ico': ['image/png', ''],
};

/** A server of the page alone, on a port of its own: another origin than that of the media. */
async function serve() {
  const server = createServer((request, response) => {
    const [type, body] = files[request.url] ?? [];
    response.writeHead(type ? 200 : 404, { 'Content-Type': type ?? 'text/plain' }).end(body);
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return server;
}

const [player, url, captions] = process.argv.slice(2);
const server = await serve();
const { browser, page, problems } = await openPage(`http://127.0.0.1:${server.address().port}/`);
const look = () => page.evaluate(() => look());
const until = async (what, test, argument) => {
  try {
    await page.waitForFunction(test, argument, { timeout: 30000, polling: 100 });
  } catch {
    throw new Error(`not within 30 s: ${what}`);
  }
};

// The page is there: all that is asked for from here on is asked for by the player.
const answers = [];
page.on('response', (response) => {
  // A worker's script is a blob of the page itself.
  if (!response.url().startsWith('blob:')) answers.push(response);
});
page.on('console', (message) => {
  if (message.type() === 'error') problems.push(message.text());
});

try {
  await page.evaluate(([player, url, captions]) => play(player, url, captions), [player, url, captions]);
  await until('it plays for 3 s', () => video.currentTime > 3);
  const begun = await look();
  await page.evaluate(() => { video.currentTime = video.duration - 2; });
  // dash.js has an end of its own, the manifest's: when that is before the element's, it goes back half a second and stops.
  const last = player === 'dash' ? 0.6 : 0;
  await until('it plays to its end', (last) => video.ended || (!video.seeking && last > 0 && video.currentTime > video.duration - last), last);
  const sought = await look();
  const requests = await Promise.all(answers.map(async (answer) => ({
    url: answer.url(), status: answer.status(), type: (await answer.headerValue('content-type')) ?? '',
    part: (await answer.headerValue('content-range')) ?? '',
  })));
  console.log(JSON.stringify({ begun, sought, page: page.url(), problems, requests }));
} catch (error) {
  console.error(error.message, JSON.stringify(await look(), null, 1), problems, answers.map((answer) => `${answer.status()} ${answer.url()}`));
  process.exitCode = 1;
} finally {
  await browser.close();
  server.close();
}
