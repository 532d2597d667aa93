// Opens the watch page of a stream without a picture, makes a file when it plays, and reports the page once it shows a picture.
// Usage: node follows.mjs URL MARKER; prints one line of JSON: {before, after, problems}.
import { writeFileSync } from 'node:fs';
import { look, openPage, untilState } from './chromium.mjs';

const [url, marker] = process.argv.slice(2);
const { browser, page, problems } = await openPage(url);
try {
  await untilState(page, 'playing', 30000);
  const before = await look(page);
  writeFileSync(marker, 'playing');
  await page.waitForFunction(() => document.getElementById('video').videoWidth > 0 && document.body.dataset.state === 'playing', undefined, { timeout: 30000 });
  console.log(JSON.stringify({ before, after: await look(page), problems }));
} catch (error) {
  console.error(error.message, JSON.stringify(await look(page)), problems);
  process.exitCode = 1;
} finally {
  await browser.close();
}
