/** How the line to the node is: a word in the header, and a banner when nothing comes. */
import type { Browser } from './browser.ts';
import { button, el, fill, setText } from './element.ts';
import { duration } from './format.ts';
import type { LineState } from './stream.ts';

export class Banner {
  readonly element: HTMLElement = el('div', 'banner');
  readonly word: HTMLElement = el('span', 'line-state');
  readonly #browser: Browser;
  readonly #again: () => void;
  readonly #text = el('span');
  #state: LineState = { tag: 'connecting' };

  constructor(browser: Browser, again: () => void) {
    this.#browser = browser;
    this.#again = again;
    this.element.role = 'status';
    this.word.dataset['state'] = 'connecting';
    setText(this.word, 'connecting');
  }

  show(state: LineState): void {
    // between two tries the banner stays: it must not flicker
    const trying = state.tag === 'connecting' && this.#state.tag === 'lost';
    this.#state = state;
    this.word.dataset['state'] = state.tag;
    setText(this.word, WORDS[state.tag]);
    if (trying) return;
    this.element.classList.toggle('shown', state.tag !== 'live' && state.tag !== 'connecting');
    this.element.dataset['state'] = state.tag;
    switch (state.tag) {
      case 'lost':
        fill(this.element, this.#text, button('Try now', 'button small', this.#again));
        break;
      case 'paused':
        fill(this.element, this.#text, button('Go on', 'button small', this.#again));
        setText(this.#text, 'Paused: the node is not asked for anything. Press p to go on.');
        break;
      case 'refused':
        fill(this.element, this.#text, button('Try again', 'button small', this.#again));
        setText(this.#text, refusal(state.status, state.error));
        break;
      default:
        break;
    }
    this.tick();
  }

  /** Each second. */
  tick(): void {
    if (this.#state.tag !== 'lost') return;
    const { full } = this.#state;
    if (full !== undefined) {
      setText(this.#text, `The node has no room for this page: ${full}. Close one that you do not need.`);
      return;
    }
    const now = this.#browser.now();
    const gone = duration(Math.max(0, Math.floor((now - this.#state.since) / 1_000) * 1_000));
    setText(
      this.#text,
      `The node has been out of reach for ${gone}. What you see is the last that was known.`,
    );
  }
}

const WORDS: Readonly<Record<LineState['tag'], string>> = {
  connecting: 'connecting',
  live: 'live',
  paused: 'paused',
  lost: 'reconnecting',
  refused: 'refused',
};

function refusal(status: number, error: string): string {
  return status === 401
    ? 'This page is not let in: it was opened at an earlier start, or long ago. Open the link that the node prints when it starts, in any tab: this one then goes on.'
    : `The node refuses this page (${status} ${error}).`;
}
