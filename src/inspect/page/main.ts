/** Starts the page. */
import { browser } from './browser.ts';
import { takeKey } from './key.ts';
import { Page } from './page.ts';

takeKey();
const root = document.getElementById('page');
if (root !== null) new Page(browser, root).start();
