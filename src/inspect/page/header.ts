/** The top of the page: which node this is and how it is, the filter, the tabs. */
import type { Change, Desk } from './desk.ts';
import { button, el, icon, nameEl, setName, setText } from './element.ts';
import { count, duration, exact } from './format.ts';
import { TABS, type TabName } from './keys.ts';
import { toggleHelp } from './dialog.ts';

const LABELS: Readonly<Record<TabName, string>> = {
  tree: 'Tree',
  actors: 'Actors',
  crashes: 'Crashes',
  rpc: 'RPC',
  dht: 'DHT',
  peers: 'Peers',
  relay: 'Relay',
  dist: 'Dist',
  trace: 'Trace',
  logs: 'Logs',
};

/** Between two deltas. Milliseconds. */
const INTERVALS = [250, 500, 1_000, 5_000] as const;

export interface HeaderDoes {
  readonly pause: () => void;
  readonly tab: (name: TabName) => void;
  readonly interval: (ms: number) => void;
  /** The filter is left with Enter or an arrow. */
  readonly leave: () => void;
}

export class Header {
  readonly element: HTMLElement = el('header', 'top');
  readonly #desk: Desk;
  readonly #node = nameEl('…', 'node-name');
  readonly #role = el('span', 'chip');
  readonly #up = el('span', 'muted');
  readonly #figures = el('span', 'muted figures');
  readonly #filter = el('input', 'input filter');
  readonly #pause: HTMLButtonElement;
  readonly #badge = el('span', 'badge');
  readonly #buttons = new Map<TabName, HTMLButtonElement>();

  constructor(desk: Desk, line: HTMLElement, does: HeaderDoes) {
    this.#desk = desk;
    this.#role.hidden = true;
    this.#pause = button('Pause', 'button small', does.pause);
    this.#pause.title = 'p';
    this.#filter.type = 'search';
    this.#filter.placeholder = 'Filter actors   /';
    this.#filter.ariaLabel = 'Filter actors';
    this.#filter.spellcheck = false;
    this.#filter.autocomplete = 'off';
    this.#filter.maxLength = 200;
    this.#filter.addEventListener('input', () => desk.filter(this.#filter.value));
    this.#filter.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' && event.key !== 'ArrowDown') return;
      event.preventDefault();
      const first = desk.rows.find(({ match }) => match);
      if (first !== undefined) desk.select(first.id);
      does.leave();
    });
    const interval = el('select', 'input small');
    interval.ariaLabel = 'How often';
    for (const ms of INTERVALS) {
      const option = el('option', '', `every ${ms / 1_000} s`);
      option.value = String(ms);
      option.selected = ms === 500;
      interval.append(option);
    }
    interval.addEventListener('change', () => does.interval(Number(interval.value)));
    const help = button('?', 'button small round', toggleHelp);
    help.ariaLabel = 'Keys';
    const brand = el('span', 'brand', icon('logo', 'icon logo'), el('h1', '', 'Espalier'));
    const facts = el('span', 'node-facts', line, this.#node, this.#role, this.#up, this.#figures);
    const tools = el('span', 'tools', this.#filter, interval, this.#pause, help);
    this.element.append(el('div', 'top-row', brand, facts, tools), this.#tabs(does));
  }

  update(change: Change): void {
    const { node, model } = this.#desk;
    if (change.node && node !== undefined) {
      setName(this.#node, node.node);
      this.#node.title = `id ${node.id.slice(0, 80)}, pid ${node.pid}, espalier ${node.version}, Node.js ${node.nodeVersion}`;
      this.#role.hidden = false;
      setText(this.#role, node.role);
      document.title = `${this.#node.textContent} · Espalier`;
      this.tick();
    }
    if (change.structure) {
      if (this.#filter.value !== this.#desk.typed) this.#filter.value = this.#desk.typed;
      const left = model.left > 0 ? ` (${count(model.left)} left out)` : '';
      setText(this.#figures, this.#desk.known ? `${exact(model.rows.size)} actors${left}` : '');
    }
  }

  tick(): void {
    const { node, browser } = this.#desk;
    if (node !== undefined) setText(this.#up, `up ${duration(Math.max(0, browser.now() - node.startedAt))}`);
  }

  paused(paused: boolean): void {
    setText(this.#pause, paused ? 'Go on' : 'Pause');
    this.#pause.ariaPressed = String(paused);
  }

  /** Not yet looked at. */
  crashes(unseen: number): void {
    this.#badge.hidden = unseen === 0;
    setText(this.#badge, unseen > 99 ? '99+' : String(unseen));
  }

  chosen(name: TabName): void {
    for (const [each, tab] of this.#buttons) {
      tab.ariaSelected = String(each === name);
      tab.tabIndex = each === name ? 0 : -1;
    }
  }

  focusFilter(): void {
    this.#filter.focus();
    this.#filter.select();
  }

  clearFilter(): void {
    this.#filter.value = '';
    this.#desk.filter('');
  }

  #tabs(does: HeaderDoes): HTMLElement {
    const tabs = el('div', 'tabs');
    tabs.role = 'tablist';
    tabs.ariaLabel = 'Views';
    for (const [index, name] of TABS.entries()) {
      const tab = button(LABELS[name], 'tab-button', () => does.tab(name));
      tab.role = 'tab';
      tab.dataset['label'] = LABELS[name];
      tab.id = `tab-button-${name}`;
      tab.title = String((index + 1) % 10);
      tab.setAttribute('aria-controls', `tab-${name}`);
      if (name === 'crashes') tab.append(this.#badge);
      this.#buttons.set(name, tab);
      tabs.append(tab);
    }
    this.#badge.hidden = true;
    this.#badge.ariaLabel = 'new crashes';
    tabs.addEventListener('keydown', (event) => {
      const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
      if (by === 0) return;
      event.preventDefault();
      const index = TABS.findIndex((name) => this.#buttons.get(name) === document.activeElement);
      const name = TABS[(index + by + TABS.length) % TABS.length] ?? 'tree';
      does.tab(name);
      this.#buttons.get(name)?.focus();
    });
    return tabs;
  }
}
