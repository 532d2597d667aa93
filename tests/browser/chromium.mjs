// Headless Chromium for the page tests: Debian's, or the one CHROMIUM names.
import { chromium } from 'playwright-core';

export async function openPage(url) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    // Root has no sandbox; the pages are our own.
    args: ['--no-sandbox', '--disable-gpu', '--mute-audio'],
  });
  const page = await browser.newPage({ viewport: { width: 1024, height: 800 } });
  const problems = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (/Content.Security.Policy/i.test(message.text())) problems.push(message.text());
  });
  const elsewhere = [];
  page.on('request', (request) => {
    const to = new URL(request.url());
    if (/^(http|ws)/.test(to.protocol) && to.host !== new URL(url).host) elsewhere.push(request.url());
  });
  await page.goto(url);
  return { browser, page, problems, elsewhere };
}

/** What the page shows and how far the video is. */
export const look = (page) => page.evaluate(() => {
  const text = (id) => document.getElementById(id).textContent;
  const video = document.getElementById('video');
  return {
    state: document.body.dataset.state, player: document.body.dataset.player ?? null, title: text('notice-title'), detail: text('notice-detail'),
    badge: text('badge'), picture: text('fact-video'), sound: text('fact-audio'), bitrate: text('fact-bitrate'), latency: text('fact-latency'),
    viewers: text('fact-viewers'), time: video.currentTime, width: video.videoWidth, height: video.videoHeight, muted: video.muted,
    frames: video.getVideoPlaybackQuality().totalVideoFrames,
  };
});

/** Waits until the page is in a state. */
export async function untilState(page, state, ms) {
  try {
    await page.waitForFunction((wanted) => document.body.dataset.state === wanted, state, { timeout: ms, polling: 100 });
  } catch {
    throw new Error(`not ${state} within ${ms} ms: ${JSON.stringify(await look(page))}`);
  }
}
