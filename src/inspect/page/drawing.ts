/** The supervision tree as a drawing beside the list: what is folded or filtered there is so here. */
import type { Change, Desk, Part } from './desk.ts';
import { button, el, icon, svg } from './element.ts';
import { count } from './format.ts';
import { cleanName } from './names.ts';
import { layout, ROW, shortLabel, type Drawing as Plan, type Mark } from './drawing-layout.ts';
import { heat } from './heat.ts';
import { signOf, strategyOf } from './signs.ts';

const FLASH = 2_000;
const ZOOM = { least: 0.4, most: 2, step: 1.2 } as const;
/** Smaller than this a name cannot be read: then it is better to scroll. */
const FIT_LEAST = 0.85;
/** Further apart than this, rows are no longer a picture. */
const MOST_ROW = 32;

interface Drawn {
  readonly element: SVGGElement;
  readonly use: SVGUseElement;
  readonly label: SVGTextElement;
  readonly title: SVGTitleElement;
}

export class Drawing implements Part {
  readonly element: HTMLElement;
  readonly #desk: Desk;
  readonly #scroller = el('div', 'drawing-scroller');
  readonly #svg = svg('svg', { class: 'drawing-svg', role: 'img', 'aria-label': 'Drawing of the tree' });
  readonly #edges = svg('g', { class: 'edges' });
  readonly #marks = svg('g', { class: 'marks' });
  readonly #drawn = new Map<string, Drawn>();
  readonly #paths = new Map<string, SVGPathElement>();
  #plan: Plan = { marks: [], edges: [], width: 0, height: 0 };
  #byId = new Map<string, Mark>();
  /** Undefined: as large as there is room, found at the next drawing; then it stays, whatever comes and goes. */
  #zoom: number | undefined;
  /** Between two leaves; found together with the zoom. */
  #row: number = ROW;

  constructor(desk: Desk) {
    this.#desk = desk;
    this.#svg.append(this.#edges, this.#marks);
    this.#scroller.append(this.#svg);
    const tools = el(
      'div',
      'drawing-tools',
      this.#tool('sign-minus', 'Smaller', () => this.#by(1 / ZOOM.step)),
      this.#tool('sign-fit', 'Fit', () => this.#by(undefined)),
      this.#tool('sign-plus', 'Larger', () => this.#by(ZOOM.step)),
    );
    this.element = el('div', 'drawing', this.#scroller, tools);
    this.#marks.addEventListener('click', (event) => {
      const { id } = ((event.target as Element).closest('.mark') as SVGElement | null)?.dataset ?? {};
      if (id !== undefined) this.#desk.select(id);
    });
    this.#marks.addEventListener('dblclick', (event) => {
      const { id } = ((event.target as Element).closest('.mark') as SVGElement | null)?.dataset ?? {};
      if (id !== undefined) this.#desk.fold(id, !this.#desk.folded.has(id));
    });
    new ResizeObserver(() => this.#by(undefined)).observe(this.#scroller);
  }

  update(change: Change): void {
    if (change.structure) this.#arrange();
    else {
      for (const id of change.touched) {
        const mark = this.#byId.get(id);
        const drawn = this.#drawn.get(id);
        if (mark !== undefined && drawn !== undefined) this.#write(mark, drawn);
      }
    }
    if (change.selection || change.structure) this.#choose(change.selection);
    for (const id of change.restarted) this.#flash(id);
  }

  #tool(sign: string, label: string, press: () => void): HTMLButtonElement {
    const tool = button('', 'tool', press);
    tool.append(icon(sign));
    tool.ariaLabel = label;
    tool.title = label;
    return tool;
  }

  #arrange(): void {
    this.#plan = layout(this.#desk.model, this.#desk.rows, this.#row);
    if (this.#zoom === undefined && this.#spread()) {
      this.#plan = layout(this.#desk.model, this.#desk.rows, this.#row);
    }
    this.#byId = new Map(this.#plan.marks.map((mark) => [mark.key, mark]));
    for (const [key, { element }] of this.#drawn) {
      if (this.#byId.has(key)) continue;
      element.remove();
      this.#drawn.delete(key);
    }
    for (const mark of this.#plan.marks) {
      let drawn = this.#drawn.get(mark.key);
      if (drawn === undefined) {
        drawn = this.#mark(mark);
        this.#drawn.set(mark.key, drawn);
        this.#marks.append(drawn.element);
      }
      drawn.element.style.transform = `translate(${mark.x}px, ${mark.y}px)`;
      this.#write(mark, drawn);
    }
    const kept = new Set<string>();
    for (const edge of this.#plan.edges) {
      kept.add(edge.key);
      let path = this.#paths.get(edge.key);
      if (path === undefined) {
        path = svg('path', { class: 'edge' });
        this.#paths.set(edge.key, path);
        this.#edges.append(path);
      }
      if (path.getAttribute('d') !== edge.path) path.setAttribute('d', edge.path);
    }
    for (const [key, path] of this.#paths) {
      if (kept.has(key)) continue;
      path.remove();
      this.#paths.delete(key);
    }
    this.#scale();
  }

  #mark({ id, more }: Mark): Drawn {
    const title = svg('title');
    const use = svg('use', { width: 16, height: 16, x: -8, y: -8 });
    const halo = svg('circle', { class: 'halo', r: 11 });
    const label = svg('text', { class: 'label', x: 13, y: 4 });
    const element = svg('g', { class: more > 0 ? 'mark more' : 'mark' });
    element.dataset['id'] = id;
    element.append(title, halo, use, label);
    return { element, use, label, title };
  }

  #write({ id, more, folded }: Mark, { element, use, label, title }: Drawn): void {
    const row = this.#desk.model.rows.get(id);
    if (row === undefined) return;
    if (more > 0) {
      setLabel(label, `… ${count(more)} more`);
      return;
    }
    const children = folded ? ` +${count(this.#desk.model.childrenOf(id).length)}` : '';
    const sign = `#${signOf(row)}`;
    if (use.getAttribute('href') !== sign) use.setAttribute('href', sign);
    setLabel(label, `${shortLabel(row.name)}${children}`);
    element.dataset['status'] = row.status;
    element.dataset['heat'] = String(heat(row.mailbox.length, row.mailbox.max));
    const facts = [row.id, row.type, strategyOf(row), row.status, `mailbox ${count(row.mailbox.length)}`];
    setLabel(title, `${cleanName(row.name)}\n${facts.filter(Boolean).join(' · ')}`);
  }

  #choose(scroll: boolean): void {
    const { selected } = this.#desk;
    for (const [key, { element }] of this.#drawn) element.classList.toggle('chosen', key === selected);
    const above = new Set<string>();
    if (selected !== undefined) {
      above.add(selected);
      for (const { id } of this.#desk.model.pathOf(selected)) above.add(id);
    }
    for (const [key, path] of this.#paths) {
      path.classList.toggle('chosen', above.has(key));
      // over the others: they share a stem
      if (above.has(key)) this.#edges.append(path);
    }
    const mark = selected === undefined ? undefined : this.#byId.get(selected);
    if (!scroll || mark === undefined) return;
    const scroller = this.#scroller;
    const zoom = this.#factor();
    const y = mark.y * zoom;
    if (y < scroller.scrollTop + 20 || y > scroller.scrollTop + scroller.clientHeight - 20) {
      scroller.scrollTop = y - scroller.clientHeight / 2;
    }
    const x = mark.x * zoom;
    if (x < scroller.scrollLeft || x > scroller.scrollLeft + scroller.clientWidth - 120) {
      scroller.scrollLeft = x - scroller.clientWidth / 2;
    }
  }

  #flash(id: string): void {
    const element = this.#drawn.get(id)?.element;
    if (element === undefined) return;
    element.classList.add('flash');
    this.#desk.browser.after(FLASH, () => element.classList.remove('flash'));
  }

  /** Where there is room below, rows stand further apart. */
  #spread(): boolean {
    const before = this.#row;
    const high = this.#plan.height * this.#factor();
    const room = this.#scroller.clientHeight - 24;
    if (high > 0) this.#row = Math.floor(Math.max(ROW, Math.min(MOST_ROW, (this.#row * room) / high)));
    return this.#row !== before;
  }

  #by(step: number | undefined): void {
    if (step === undefined) {
      this.#zoom = undefined;
      this.#row = ROW;
      this.#arrange();
      return;
    }
    this.#zoom = Math.max(ZOOM.least, Math.min(ZOOM.most, this.#factor() * step));
    this.#scale();
  }

  #factor(): number {
    if (this.#zoom !== undefined) return this.#zoom;
    const { clientWidth, clientHeight } = this.#scroller;
    const { width, height } = this.#plan;
    if (width === 0 || clientWidth === 0) return 1;
    this.#zoom = Math.max(FIT_LEAST, Math.min(1.15, clientWidth / width, clientHeight / height));
    return this.#zoom;
  }

  #scale(): void {
    const { width, height } = this.#plan;
    const factor = this.#factor();
    this.#svg.setAttribute('viewBox', `0 0 ${Math.max(1, width)} ${Math.max(1, height)}`);
    this.#svg.setAttribute('width', String(Math.round(width * factor)));
    this.#svg.setAttribute('height', String(Math.round(height * factor)));
  }
}

function setLabel(element: SVGElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
