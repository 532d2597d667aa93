// Opens a watch page and reports two looks at it, four seconds apart, once it plays.
// Usage: node plays.mjs URL; prints one line of JSON: {first, second, problems, elsewhere}.
import { look, openPage, untilState } from './chromium.mjs';

const { browser, page, problems, elsewhere } = await openPage(process.argv[2]);
try {
  await untilState(page, 'playing', 30000);
  const first = await look(page);
  await page.waitForTimeout(4000);
  console.log(JSON.stringify({ first, second: await look(page), problems, elsewhere }));
} catch (error) {
  console.error(error.message, problems);
  process.exitCode = 1;
} finally {
  await browser.close();
}
