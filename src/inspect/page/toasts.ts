/** Short words at the edge of the page: a crash, the outcome of an action. They go by themselves. */
import type { Browser } from './browser.ts';
import { button, el } from './element.ts';

const STAY = 6_000;
const MAX = 3;

export class Toasts {
  readonly element: HTMLElement = el('div', 'toasts');
  readonly #browser: Browser;

  constructor(browser: Browser) {
    this.#browser = browser;
    this.element.role = 'status';
    this.element.ariaLive = 'polite';
  }

  say(text: string, grave: boolean = false, press?: () => void): void {
    const toast = el('div', grave ? 'toast grave' : 'toast');
    if (press === undefined) toast.append(el('bdi', '', text));
    else {
      const show = button('', 'link', () => {
        toast.remove();
        press();
      });
      show.append(el('bdi', '', text));
      toast.append(show);
    }
    this.element.append(toast);
    while (this.element.childElementCount > MAX) this.element.firstElementChild?.remove();
    this.#browser.after(STAY, () => toast.remove());
  }
}
