/** Starts the page. */
import { browser } from './browser.ts';
import { Page } from './page.ts';

const root = document.getElementById('page');
if (root !== null) new Page(browser, root).start();
