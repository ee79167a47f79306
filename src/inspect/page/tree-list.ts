/**
 * The tree as a list: one line per actor, keys as in every tree view (WAI-ARIA), and above 2,000 lines only those in
 * the document that are seen (INSPECTOR §3).
 */
import type { Change, Desk, Part } from './desk.ts';
import { el, icon, setIcon, setName, setText } from './element.ts';
import { count, rate } from './format.ts';
import { heat } from './heat.ts';
import { rowWindow, scrollTo } from './row-window.ts';
import { signOf, strategyOf } from './signs.ts';
import { step, type VisibleRow } from './visible-rows.ts';
import type { ActorRow } from './wire.ts';

/** Pixels; style.css has the same. */
const ROW_HEIGHT = 26;

/** How long a restart shows. Milliseconds. */
const FLASH = 2_000;

interface Line {
  readonly element: HTMLElement;
  readonly sign: SVGSVGElement;
  readonly name: HTMLElement;
  readonly note: HTMLElement;
  readonly mailbox: HTMLElement;
  readonly fill: HTMLElement;
  readonly rate: HTMLElement;
  readonly restarts: HTMLElement;
  id: string;
  top: number;
  row: ActorRow | undefined;
  place: VisibleRow | undefined;
  calm: (() => void) | undefined;
}

export class TreeList implements Part {
  readonly element: HTMLElement;
  readonly #desk: Desk;
  readonly #scroller = el('div', 'tree');
  readonly #body = el('div', 'tree-body');
  readonly #empty = el('p', 'tree-none');
  readonly #lines = new Map<string, Line>();
  readonly #free: Line[] = [];
  #number = 0;
  #waiting = false;
  #shownSelection: string | undefined;

  constructor(desk: Desk) {
    this.#desk = desk;
    const scroller = this.#scroller;
    scroller.role = 'tree';
    scroller.tabIndex = 0;
    scroller.ariaLabel = 'Supervision tree';
    this.#body.role = 'presentation';
    scroller.append(this.#body, this.#empty);
    const head = el(
      'div',
      'tree-head',
      el('span', 'cell-name', 'Actor'),
      el('span', 'cell-mailbox', 'Mailbox'),
      el('span', 'cell-rate', 'In'),
      el('span', 'cell-restarts', 'Restarts'),
    );
    head.ariaHidden = 'true';
    this.element = el('div', 'tree-list', head, scroller);
    scroller.addEventListener('scroll', () => this.#soon(), { passive: true });
    scroller.addEventListener('keydown', (event) => this.#key(event));
    this.#body.addEventListener('click', (event) => this.#click(event));
    new ResizeObserver(() => this.#soon()).observe(scroller);
  }

  focus(): void {
    this.#scroller.focus();
    if (this.#desk.selected === undefined) this.#desk.select(this.#desk.rows[0]?.id);
  }

  update(change: Change): void {
    const { model, rows, selected } = this.#desk;
    if (change.structure) {
      this.#body.style.height = `${rows.length * ROW_HEIGHT}px`;
      const none = rows.length === 0 && this.#desk.known;
      this.#empty.hidden = !none;
      if (none) setText(this.#empty, `No actor matches “${this.#desk.typed}”.`);
    }
    if (change.selection || (change.structure && this.#shownSelection !== selected)) this.#follow();
    if (change.structure || change.selection) this.#draw();
    else for (const id of change.touched) this.#write(this.#lines.get(id), model.rows.get(id));
    for (const id of change.restarted) this.#flash(this.#lines.get(id));
  }

  /** Scrolls to the chosen line. */
  #follow(): void {
    const { rows, selected } = this.#desk;
    this.#shownSelection = selected;
    const index = rows.findIndex(({ id }) => id === selected);
    if (index === -1) return;
    const scroller = this.#scroller;
    const top = scrollTo(index, scroller.scrollTop, scroller.clientHeight, ROW_HEIGHT);
    if (top !== undefined) scroller.scrollTop = top;
  }

  #soon(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    this.#desk.browser.frame(() => {
      this.#waiting = false;
      this.#draw();
    });
  }

  #draw(): void {
    const { model, rows, selected } = this.#desk;
    const { scrollTop, clientHeight } = this.#scroller;
    const { first, end } = rowWindow(rows.length, scrollTop, clientHeight, ROW_HEIGHT);
    const seen = new Set<string>();
    for (let index = first; index < end; index += 1) seen.add(rows[index]?.id ?? '');
    for (const [id, line] of this.#lines) if (!seen.has(id)) this.#drop(id, line);
    let active = '';
    for (let index = first; index < end; index += 1) {
      const place = rows[index];
      const row = place === undefined ? undefined : model.rows.get(place.id);
      if (place === undefined || row === undefined) continue;
      const line = this.#lines.get(place.id) ?? this.#line(place.id);
      const top = index * ROW_HEIGHT;
      if (line.top !== top) {
        line.top = top;
        line.element.style.transform = `translateY(${top}px)`;
      }
      this.#place(line, place);
      this.#write(line, row);
      const chosen = place.id === selected;
      if (line.element.ariaSelected !== String(chosen)) line.element.ariaSelected = String(chosen);
      if (chosen) active = line.element.id;
    }
    if (active === '') this.#scroller.removeAttribute('aria-activedescendant');
    else this.#scroller.setAttribute('aria-activedescendant', active);
  }

  #line(id: string): Line {
    const line = this.#free.pop() ?? this.#make();
    line.id = id;
    this.#lines.set(id, line);
    this.#body.append(line.element);
    return line;
  }

  #drop(id: string, line: Line): void {
    this.#lines.delete(id);
    line.element.remove();
    line.calm?.();
    if (this.#free.length < 200) this.#free.push(line);
  }

  #make(): Line {
    const sign = icon('sign-worker', 'icon sign');
    const name = el('bdi', 'name');
    const note = el('span', 'note');
    const mailbox = el('span', 'figure');
    const full = el('span', 'heat-fill');
    const bar = el('span', 'heat', full);
    const perSecond = el('span', 'cell-rate');
    const restarts = el('span', 'cell-restarts');
    const twisty = icon('sign-twisty', 'icon twisty');
    const element = el(
      'div',
      'row',
      el('span', 'cell-name', twisty, sign, name, note),
      el('span', 'cell-mailbox', bar, mailbox),
      perSecond,
      restarts,
    );
    element.role = 'treeitem';
    this.#number += 1;
    element.id = `actor-${this.#number}`;
    const blank = { id: '', top: -1, row: undefined, place: undefined, calm: undefined };
    return { element, sign, name, note, mailbox, fill: full, rate: perSecond, restarts, ...blank };
  }

  #place(line: Line, place: VisibleRow): void {
    if (line.place === place) return;
    line.place = place;
    const { element } = line;
    element.ariaLevel = String(place.level);
    element.ariaPosInSet = String(place.position);
    element.ariaSetSize = String(place.siblings);
    if (place.parent) element.ariaExpanded = String(place.open);
    else element.removeAttribute('aria-expanded');
    element.style.setProperty('--level', String(Math.min(place.level, 40)));
    element.classList.toggle('beside', !place.match);
  }

  #write(line: Line | undefined, row: ActorRow | undefined): void {
    if (line === undefined || row === undefined || line.row === row) return;
    line.row = row;
    const { element } = line;
    const children = this.#desk.model.childrenOf(row.id).length;
    setIcon(line.sign, signOf(row));
    setName(line.name, row.name);
    const facts = [strategyOf(row) || (row.type === 'GenServer' ? '' : row.type)];
    if (row.status !== 'running') facts.unshift(row.status);
    if (children > 0 && this.#desk.folded.has(row.id)) facts.push(`${count(children)} folded`);
    setText(line.note, facts.filter(Boolean).join(' · '));
    element.dataset['status'] = row.status;
    const level = heat(row.mailbox.length, row.mailbox.max);
    element.dataset['heat'] = String(level);
    setText(line.mailbox, row.mailbox.length === 0 ? '' : count(row.mailbox.length));
    line.fill.style.transform = `scaleX(${level / 4})`;
    setText(line.rate, rate(row.rate.in));
    setText(line.restarts, row.counters.restarts === 0 ? '' : count(row.counters.restarts));
  }

  #flash(line: Line | undefined): void {
    if (line === undefined) return;
    line.calm?.();
    line.element.classList.add('flash');
    const stop = this.#desk.browser.after(FLASH, () => line.calm?.());
    line.calm = () => {
      stop();
      line.element.classList.remove('flash');
      line.calm = undefined;
    };
  }

  #click(event: MouseEvent): void {
    const target = event.target as Element;
    const element = target.closest('.row');
    const line = [...this.#lines.values()].find((one) => one.element === element);
    if (line === undefined) return;
    const twisty = target.closest('.twisty') !== null;
    if (twisty && line.place?.parent === true) this.#desk.fold(line.id, line.place.open);
    else this.#desk.select(line.id);
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const { rows, selected } = this.#desk;
    if (event.key === 'Enter') {
      this.#desk.toPanel();
      event.preventDefault();
      return;
    }
    const next = step(rows, selected, event.key);
    if (next.tag === 'stay') return;
    event.preventDefault();
    if (next.tag === 'choose') this.#desk.select(next.id);
    else this.#desk.fold(next.id, next.tag === 'fold');
  }
}
