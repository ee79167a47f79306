/** A real Chromium for the tests of the page, and a page of its own for each. */
import { mkdirSync } from 'node:fs';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { FakeInspector, type Script } from './fake-inspector.ts';

const PICTURES = 'build/ui';

/** Nothing beyond loopback is looked up (TOOLS §11). */
export const FLAGS: readonly string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--no-first-run',
  '--disable-dev-shm-usage',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

export const launch = (): Promise<Browser> =>
  chromium.launch({ executablePath: '/usr/bin/chromium', args: [...FLAGS] });

export interface Seen {
  readonly page: Page;
  readonly fake: FakeInspector;
  /** What the page complained of: errors, and what its policy refused. */
  readonly complaints: string[];
  close(): Promise<void>;
}

/** The page of a scripted inspector, when it is live. */
export async function see(
  browser: Browser,
  script: Script,
  options: BrowserContextOptions = {},
): Promise<Seen> {
  const fake = new FakeInspector(script);
  await fake.start();
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  await page.goto(fake.url);
  await page.locator('.line-state[data-state=live]').waitFor();
  await painted(page);
  const close = async (): Promise<void> => {
    await context.close();
    await fake.stop();
  };
  return { page, fake, complaints, close };
}

/** When two frames have been drawn, what came before is seen. */
export const painted = (page: Page): Promise<void> =>
  page.evaluate(
    () => new Promise<void>((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve()))),
  );

export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  await painted(page);
  await page.screenshot({ path: `${PICTURES}/${name}.png` });
}
