/** All actors as a table: the first of them in the order of a column. */
import type { Change, Desk, Part } from './desk.ts';
import { el, icon, setIcon, setName, setText } from './element.ts';
import { count, duration, exact, rate } from './format.ts';
import { heat } from './heat.ts';
import { firstOrder, firstRows, type Column, type Order } from './order.ts';
import { signOf } from './signs.ts';
import type { ActorRow } from './wire.ts';

const COLUMNS: readonly (readonly [column: Column, label: string, figure: boolean])[] = [
  ['name', 'Actor', false],
  ['id', 'Id', false],
  ['type', 'Type', false],
  ['status', 'Status', false],
  ['mailbox', 'Mailbox', true],
  ['rate', 'In', true],
  ['out', 'Out', true],
  ['handled', 'Handled', true],
  ['dropped', 'Dropped', true],
  ['crashes', 'Crashes', true],
  ['restarts', 'Restarts', true],
  ['age', 'Up for', true],
];

const TOPS = [25, 50, 100, 500] as const;

/** Sorting follows the figures at most this often: a table that never stands still cannot be read. Milliseconds. */
const SETTLE = 1_000;

interface Line {
  readonly element: HTMLTableRowElement;
  readonly sign: SVGSVGElement;
  readonly cells: readonly HTMLElement[];
}

export class ActorsTab implements Part {
  readonly element: HTMLElement;
  readonly #desk: Desk;
  readonly #body = el('tbody');
  readonly #heads = new Map<Column, HTMLTableCellElement>();
  readonly #count = el('span', 'muted');
  readonly #busy = el('input');
  readonly #lines: Line[] = [];
  #shown: readonly string[] = [];
  #order: Order = firstOrder('mailbox');
  #top: number = TOPS[1];
  #sorted = 0;
  #later: (() => void) | undefined;

  constructor(desk: Desk) {
    this.#desk = desk;
    const heads = COLUMNS.map(([column, label, figure]) => {
      const sort = el('button', 'sort', label, el('span', 'arrow'));
      sort.type = 'button';
      sort.addEventListener('click', () => this.#by(column));
      const head = el('th', figure ? 'figure' : '', sort);
      head.scope = 'col';
      this.#heads.set(column, head);
      return head;
    });
    const top = el('select', 'input small');
    top.ariaLabel = 'How many';
    for (const each of TOPS) {
      const option = el('option', '', `first ${each}`);
      option.value = String(each);
      option.selected = each === this.#top;
      top.append(option);
    }
    top.addEventListener('change', () => {
      this.#top = Number(top.value);
      this.#sort();
    });
    this.#busy.type = 'checkbox';
    this.#busy.checked = true;
    this.#busy.addEventListener('change', () => this.#sort());
    const own = el('label', 'check', this.#busy, 'without the inspector');
    const head = el('header', 'tab-head row-head', el('h2', '', 'Actors'), this.#count, own, top);
    const table = el('table', 'table actors', el('thead', '', el('tr', '', ...heads)), this.#body);
    this.element = el('div', 'tab', head, el('div', 'table-box', table));
    this.#body.addEventListener('click', (event) => {
      const line = (event.target as Element).closest('tr');
      const id = this.#shown[this.#lines.findIndex(({ element }) => element === line)];
      if (id !== undefined) desk.select(id);
    });
    this.#body.addEventListener('keydown', (event) => this.#key(event));
  }

  focus(): void {
    this.#lines[0]?.element.focus();
  }

  show(): void {
    this.#sorted = 0;
  }

  hide(): void {
    this.#later?.();
    this.#later = undefined;
  }

  update(change: Change): void {
    const now = this.#desk.browser.now();
    if (change.selection || change.structure || now - this.#sorted >= SETTLE) {
      this.#sort();
      return;
    }
    for (const [index, id] of this.#shown.entries())
      if (change.touched.has(id)) this.#write(this.#lines[index], this.#desk.model.rows.get(id), now);
    this.#later ??= this.#desk.browser.after(SETTLE - (now - this.#sorted), () => this.#sort());
  }

  #by(column: Column): void {
    const { column: before, down } = this.#order;
    this.#order = before === column ? { column, down: !down } : firstOrder(column);
    this.#sort();
  }

  #sort(): void {
    const { model, test, browser, selected } = this.#desk;
    const now = browser.now();
    this.#sorted = now;
    this.#later?.();
    this.#later = undefined;
    const all: ActorRow[] = [];
    for (const row of model.rows.values()) {
      if (this.#busy.checked && row.busy === false) continue;
      if (test === undefined || test(row)) all.push(row);
    }
    const first = firstRows(all, this.#order, this.#top);
    this.#shown = first.map(({ id }) => id);
    setText(
      this.#count,
      first.length < all.length ? `first ${first.length} of ${exact(all.length)}` : exact(all.length),
    );
    while (this.#lines.length < first.length) this.#lines.push(this.#line());
    for (const line of this.#lines.splice(first.length)) line.element.remove();
    for (const [index, row] of first.entries()) {
      const line = this.#lines[index];
      this.#write(line, row, now);
      if (line !== undefined) line.element.ariaSelected = String(row.id === selected);
    }
    for (const [column, head] of this.#heads) {
      const chosen = column === this.#order.column;
      head.ariaSort = chosen ? (this.#order.down ? 'descending' : 'ascending') : 'none';
      const arrow = head.querySelector('.arrow');
      if (arrow !== null) setText(arrow, chosen ? (this.#order.down ? '▼' : '▲') : '');
    }
  }

  #line(): Line {
    const sign = icon('sign-worker', 'icon sign');
    const name = el('bdi', 'name');
    const cells = COLUMNS.map(([column, , figure]) =>
      column === 'name' ? el('td', 'actor-cell', sign, name) : el('td', figure ? 'figure' : ''),
    );
    const element = el('tr', 'actor', ...cells);
    element.tabIndex = -1;
    this.#body.append(element);
    return { element, sign, cells: [name, ...cells.slice(1)] };
  }

  #write(line: Line | undefined, row: ActorRow | undefined, now: number): void {
    if (line === undefined || row === undefined) return;
    setIcon(line.sign, signOf(row));
    line.element.dataset['heat'] = String(heat(row.mailbox.length, row.mailbox.max));
    line.element.dataset['status'] = row.status;
    const texts = [
      row.name,
      row.id,
      row.type,
      row.status,
      row.mailbox.length === 0 ? '' : count(row.mailbox.length),
      rate(row.rate.in),
      rate(row.rate.out),
      row.counters.handled === 0 ? '' : count(row.counters.handled),
      row.mailbox.dropped === 0 ? '' : count(row.mailbox.dropped),
      row.counters.crashes === 0 ? '' : count(row.counters.crashes),
      row.counters.restarts === 0 ? '' : count(row.counters.restarts),
      duration(Math.floor((now - row.startedAt) / 1_000) * 1_000),
    ];
    for (const [index, text] of texts.entries()) {
      const cell = line.cells[index];
      if (cell === undefined) continue;
      if (index <= 2) setName(cell, text);
      else setText(cell, text);
    }
  }

  #key(event: KeyboardEvent): void {
    const index = this.#lines.findIndex(({ element }) => element === event.target);
    if (index === -1) return;
    const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (event.key === 'Enter') this.#desk.toPanel();
    else if (by === 0) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(this.#lines.length - 1, index + by));
    const id = this.#shown[next];
    if (by === 0 || id === undefined) return;
    this.#lines[next]?.element.focus();
    this.#desk.select(id);
  }
}
