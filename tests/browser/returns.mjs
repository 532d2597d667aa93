// Opens a watch page while nobody publishes, and reports the page once it plays.
// Usage: node returns.mjs URL MARKER; MARKER is a file that is made when the page is waiting. Prints one line of JSON.
import { writeFileSync } from 'node:fs';
import { look, openPage, untilState } from './chromium.mjs';

const [url, marker] = process.argv.slice(2);
const { browser, page, problems } = await openPage(url);
try {
  await untilState(page, 'waiting', 15000);
  const waiting = await look(page);
  writeFileSync(marker, 'waiting');
  await untilState(page, 'playing', 45000);
  console.log(JSON.stringify({ waiting, playing: await look(page), problems }));
} catch (error) {
  console.error(error.message, problems);
  process.exitCode = 1;
} finally {
  await browser.close();
}
