// Opens a watch page and reports what it shows in the state it is waited for.
// Usage: node shows.mjs URL STATE; prints one line of JSON: {look, problems}.
import { look, openPage, untilState } from './chromium.mjs';

const [url, state] = process.argv.slice(2);
const { browser, page, problems } = await openPage(url);
try {
  await untilState(page, state, 30000);
  console.log(JSON.stringify({ look: await look(page), problems }));
} catch (error) {
  console.error(error.message, problems);
  process.exitCode = 1;
} finally {
  await browser.close();
}
