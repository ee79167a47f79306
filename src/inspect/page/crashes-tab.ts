/** The last crashes: a list, and beside it all that is known of one. */
import { decisionOf, isGrave, storyOf, whoCrashed } from './crash-story.ts';
import type { Change, Desk, Part } from './desk.ts';
import { el, emptyState, fill, nameEl, setText } from './element.ts';
import { ago, clockTime, count, dayTime, typeAndSize } from './format.ts';
import type { Crash } from './wire.ts';

export class CrashesTab implements Part {
  readonly element: HTMLElement;
  readonly #desk: Desk;
  readonly #list = el('ol', 'crash-list');
  readonly #detail = el('article', 'crash-detail');
  readonly #count = el('span', 'muted');
  readonly #some: HTMLElement;
  readonly #none: HTMLElement;
  #chosen: string | undefined;
  #drawn = '';

  constructor(desk: Desk) {
    this.#desk = desk;
    this.#none = emptyState(
      'sign-calm',
      'No crashes',
      'The last 200 crashes are kept. A new one shows here within a quarter of a second.',
    );
    this.#some = el('div', 'crash-split', this.#list, this.#detail);
    const head = el('header', 'tab-head row-head', el('h2', '', 'Crashes'), this.#count);
    this.element = el('div', 'tab', head, this.#none, this.#some);
    this.#list.addEventListener('keydown', (event) => this.#key(event));
    this.#list.role = 'listbox';
    this.#list.ariaLabel = 'Crashes, newest first';
    this.#list.tabIndex = 0;
  }

  focus(): void {
    this.#list.focus();
  }

  /** Shows this one. */
  choose(id: string): void {
    this.#chosen = id;
    this.#draw();
  }

  update(change: Change): void {
    if (change.crashes || change.structure) this.#draw();
  }

  #draw(): void {
    const { crashes } = this.#desk;
    this.#none.hidden = crashes.length > 0;
    this.#some.hidden = crashes.length === 0;
    setText(this.#count, crashes.length === 0 ? '' : `last ${count(crashes.length)}, newest first`);
    this.#chosen = crashes.some(({ id }) => id === this.#chosen) ? this.#chosen : crashes[0]?.id;
    fill(this.#list, ...crashes.map((crash) => this.#item(crash)));
    this.#list.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' });
    const crash = crashes.find(({ id }) => id === this.#chosen);
    const key = `${JSON.stringify(crash)}${this.#successor(crash)}`;
    if (crash === undefined || key === this.#drawn) return;
    this.#drawn = key;
    this.#show(crash);
  }

  #item(crash: Crash): HTMLElement {
    const time = el('time', '', clockTime(crash.at).slice(0, 8));
    time.title = dayTime(crash.at);
    const item = el(
      'li',
      'crash',
      el('div', 'crash-top', nameEl(whoCrashed(crash)), time),
      el('div', 'crash-reason', nameEl(firstLine(crash.reason))),
      el('div', 'crash-foot', chip(crash)),
    );
    item.role = 'option';
    item.id = `crash-${crash.id.replace(/[^\w-]/g, '').slice(0, 40)}`;
    item.ariaSelected = String(crash.id === this.#chosen);
    if (crash.id === this.#chosen) this.#list.setAttribute('aria-activedescendant', item.id);
    item.addEventListener('click', () => this.choose(crash.id));
    return item;
  }

  #show(crash: Crash): void {
    const path = el('p', 'path crash-path', ...crash.path.slice(0, 64).map((name) => nameEl(name)));
    const successor = this.#successor(crash);
    const now = this.#desk.browser.now();
    const lines = crash.stack.slice(0, 100).map((line) => el('li', '', nameEl(line.slice(0, 500))));
    const causes = (crash.cause ?? []).slice(0, 20);
    const message = crash.lastMessage;
    fill(
      this.#detail,
      path,
      el('h2', '', nameEl(whoCrashed(crash)), ' ', chip(crash)),
      el('pre', 'shown bad', crash.reason),
      el('p', isGrave(crash) ? 'story grave' : 'story', storyOf(crash)),
      successor === undefined ? undefined : this.#jump(successor),
      el(
        'dl',
        'facts',
        fact('when', `${dayTime(crash.at)} (${ago(crash.at, now)})`),
        fact('process', `${crash.pid} ${crash.type}`),
        fact('crash id', crash.id),
        message === undefined ? undefined : fact('last message', typeAndSize(message)),
        crash.restarts === undefined ? undefined : fact('restarts in window', String(crash.restarts)),
      ),
      causes.length === 0 ? undefined : el('h3', '', 'caused by'),
      causes.length === 0
        ? undefined
        : el('ol', 'causes', ...causes.map((cause) => el('li', '', nameEl(cause.slice(0, 500))))),
      el('h3', '', 'stack'),
      lines.length === 0 ? el('p', 'muted', 'Nothing with a stack was thrown.') : el('ol', 'stack', ...lines),
    );
  }

  /** Who has its place now. */
  #successor(crash: Crash | undefined): string | undefined {
    if (crash === undefined) return undefined;
    const { model } = this.#desk;
    if (model.rows.has(crash.pid)) return crash.pid;
    for (const row of model.rows.values()) {
      if (row.name !== crash.label) continue;
      const path = model.pathOf(row.id);
      if (path.length === crash.path.length && path.every(({ name }, at) => name === crash.path[at])) {
        return row.id;
      }
    }
    return undefined;
  }

  #jump(id: string): HTMLElement {
    const jump = el('button', 'button small', 'Show it in the tree ', el('span', 'muted', id));
    jump.type = 'button';
    jump.addEventListener('click', () => {
      this.#desk.open('tree');
      this.#desk.reveal(id);
    });
    return jump;
  }

  #key(event: KeyboardEvent): void {
    const { crashes } = this.#desk;
    const index = crashes.findIndex(({ id }) => id === this.#chosen);
    const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    const next = crashes[Math.max(0, Math.min(crashes.length - 1, index + by))];
    if (by === 0 || next === undefined) return;
    event.preventDefault();
    this.choose(next.id);
  }
}

function chip(crash: Crash): HTMLElement {
  const element = el('span', 'chip', decisionOf(crash));
  element.dataset['decision'] = crash.decision ?? '';
  return element;
}

const fact = (name: string, value: string): HTMLElement =>
  el('div', 'fact', el('dt', '', name), el('dd', '', nameEl(value)));

const firstLine = (text: string): string => text.slice(0, 400).split('\n')[0] ?? '';
