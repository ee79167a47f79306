/** One cell, drawn; what has not changed is not touched. */
import { el, fill, nameEl } from './element.ts';
import { countdown, exact } from './format.ts';
import { cleanName } from './names.ts';
import type { Cell, Chip, Look } from './sections.ts';

/** Characters of a title. */
const TITLE = 1_000;

export class CellView {
  readonly #into: HTMLElement;
  readonly #lead: HTMLElement | undefined;
  #drawn = '';

  /** @param lead stands before the content, and stays. */
  constructor(into: HTMLElement, lead?: HTMLElement) {
    this.#into = into;
    this.#lead = lead;
  }

  update(cell: Cell): void {
    const now = JSON.stringify(cell);
    if (now === this.#drawn) return;
    this.#drawn = now;
    fill(this.#into, this.#lead, content(cell));
    const title = cell.title ?? (cell.text.length > 24 ? cell.text : '');
    if (title === '') this.#into.removeAttribute('title');
    else this.#into.title = cleanName(title, TITLE);
  }
}

function content(cell: Cell): HTMLElement {
  const { look } = cell;
  const said = nameEl(cell.text, `cell-${cell.kind}`);
  switch (look?.tag) {
    case undefined:
      return said;
    case 'badge':
      return toned(el('span', 'chip', said), look.tone);
    case 'chips':
      return el('span', 'chips', ...look.chips.map(chip));
    case 'split':
      return look.parts.length === 0 ? said : el('span', 'split-cell', split(look.parts), said);
    case 'track':
      return el('span', 'look', track(look), said);
    case 'countdown':
      return timer(look, said);
    case 'lane':
      return el('span', 'look', lane(look), said);
    case 'meter':
      return el('span', 'look', meter(look.part, look.tone), said);
    case 'indent': {
      const branch = el('span', 'indent', look.level === 0 ? '' : '└ ', said);
      branch.style.paddingInlineStart = `${14 * Math.max(0, look.level - 1)}px`;
      return branch;
    }
  }
}

function toned(element: HTMLElement, tone: string): HTMLElement {
  element.dataset['tone'] = tone;
  return element;
}

function chip({ text, tone, title }: Chip): HTMLElement {
  const element = toned(el('span', 'chip', nameEl(text)), tone);
  if (title !== undefined) element.title = cleanName(title, TITLE);
  return element;
}

/** Its words stand beside it. */
function hidden(className: string, ...parts: readonly HTMLElement[]): HTMLElement {
  const element = el('span', className, ...parts);
  element.ariaHidden = 'true';
  return element;
}

function track({ states, at, tone }: Extract<Look, { tag: 'track' }>): HTMLElement {
  const dots = states.map((state, index) => {
    const dot = el('span', index < at ? 'dot past' : index === at ? 'dot here' : 'dot');
    dot.title = state;
    return dot;
  });
  return toned(hidden('track', ...dots), tone);
}

function lane({ from, to, tone }: Extract<Look, { tag: 'lane' }>): HTMLElement {
  const bar = el('span', from === to ? 'lane-bar moment' : 'lane-bar');
  bar.style.insetInlineStart = `${100 * within(from)}%`;
  bar.style.width = `${100 * Math.max(0, within(to) - within(from))}%`;
  return toned(hidden('lane', bar), tone);
}

function meter(part: number, tone: string): HTMLElement {
  const full = el('span', 'meter-fill');
  full.style.transform = `scaleX(${within(part)})`;
  return toned(hidden('meter', full), tone);
}

const within = (part: number): number => (Number.isFinite(part) ? Math.min(1, Math.max(0, part)) : 0);

function timer({ ends, whole }: Extract<Look, { tag: 'countdown' }>, said: HTMLElement): HTMLElement {
  said.dataset['ends'] = String(ends);
  if (whole === undefined || whole <= 0) return said;
  const bar = meter(0, 'plain');
  bar.dataset['whole'] = String(whole);
  return el('span', 'look', bar, said);
}

/** Moves every countdown below to `now`, milliseconds since 1970. */
export function tickBelow(root: HTMLElement, now: number): void {
  for (const said of root.querySelectorAll<HTMLElement>('[data-ends]')) {
    const left = Number(said.dataset['ends']) - now;
    const text = countdown(left);
    if (said.textContent !== text) said.textContent = text;
    const bar = said.previousElementSibling;
    if (!(bar instanceof HTMLElement) || bar.dataset['whole'] === undefined) continue;
    const full = bar.firstElementChild;
    if (full instanceof HTMLElement)
      full.style.transform = `scaleX(${within(left / Number(bar.dataset['whole']))})`;
  }
}

/** Ways of a call, neither good nor bad. Of all else that is split, `ok` is good. */
const ROUTES: ReadonlySet<string> = new Set(['local', 'cache', 'dht', 'direct', 'none']);

function split(parts: Extract<Look, { tag: 'split' }>['parts']): HTMLElement {
  const all = parts.reduce((sum, part) => sum + part.count, 0);
  const outcomes = !parts.every(({ label }) => ROUTES.has(label));
  const bar = el('span', outcomes ? 'split' : 'split plain');
  for (const [index, { label, count }] of parts.entries()) {
    const part = el('span', label === 'ok' ? 'split-part good' : 'split-part');
    part.style.flexGrow = String(count / all);
    part.dataset['index'] = String(index % 5);
    part.title = cleanName(`${label} ${exact(count)}`);
    bar.append(part);
  }
  return bar;
}
