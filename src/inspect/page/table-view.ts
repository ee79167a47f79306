/** A table, drawn: rows keep their elements while their keys are there, and open below themselves. */
import { CellView } from './cell-view.ts';
import { grown } from './column-widths.ts';
import { button, el, setText } from './element.ts';
import { count } from './format.ts';
import { cleanName } from './names.ts';
import { Keep, place } from './place.ts';
import type { Column, Section, Table, TableRow } from './sections.ts';

/** What a view keeps between two drawings: which rows are open, which parts are folded. */
export interface Opened {
  readonly has: (key: string) => boolean;
  readonly toggle: (key: string) => void;
}

/** Draws sections again and again in one place. */
export interface Drawer {
  readonly element: HTMLElement;
  draw(sections: readonly Section[]): void;
}

export interface TableContext {
  readonly opened: Opened;
  /** Of the table, among all of the view. */
  readonly prefix: string;
  readonly inner: (key: string) => Drawer;
}

/** Padding of a cell, both sides; pixels. */
const PADDING = 20;
/** What a letter takes of a digit's width. */
const LETTER = 0.93;

export class TableView {
  readonly element: HTMLElement;
  readonly #context: TableContext;
  readonly #table = el('table', 'table steady');
  readonly #columns = el('colgroup');
  readonly #head = el('tr');
  readonly #body = el('tbody');
  readonly #more = el('p', 'muted');
  readonly #rows = new Keep<TableRow, RowView>();
  #widths: readonly number[] = [];
  #headings = '';

  constructor(context: TableContext) {
    this.#context = context;
    this.#table.append(this.#columns, el('thead', '', this.#head), this.#body);
    this.element = el('div', 'table-box', this.#table, this.#more);
  }

  update({ columns, rows, more }: Table): void {
    const figures = columns.map(({ figure }, index) => figure ?? isFigures(rows, index));
    this.#heading(columns, figures);
    this.#size(columns, rows);
    const drawn = this.#rows.update(
      rows,
      ({ key }) => key,
      (_row, key) => new RowView(this.#context, key, columns.length),
    );
    for (const view of drawn) view.align(figures);
    place(
      this.#body,
      drawn.flatMap((view) => view.elements),
    );
    this.#more.hidden = more === 0;
    if (more > 0) setText(this.#more, `and ${count(more)} more`);
  }

  #heading(columns: readonly Column[], figures: readonly boolean[]): void {
    const now = JSON.stringify([columns, figures]);
    if (now === this.#headings) return;
    this.#headings = now;
    const cells = columns.map(({ name, title }, index) => {
      const cell = el('th', figures[index] === true ? 'figure' : '', cleanName(name));
      cell.scope = 'col';
      if (title !== undefined) {
        cell.title = title;
        cell.classList.add('told');
      }
      return cell;
    });
    this.#head.replaceChildren(...cells);
    this.#columns.replaceChildren(...columns.map(() => el('col')));
    this.#widths = [];
  }

  #size(columns: readonly Column[], rows: readonly TableRow[]): void {
    const widths = grown(
      this.#widths,
      columns.map(({ name }) => name),
      rows.map(({ cells }) => cells),
      rows.some(({ below }) => below.length > 0),
    );
    if (String(widths) === String(this.#widths)) return;
    this.#widths = widths;
    for (const [index, column] of Array.from(this.#columns.children).entries())
      (column as HTMLElement).style.width = `calc(${LETTER * (widths[index] ?? 0)}ch + ${PADDING}px)`;
    const all = widths.reduce((sum, width) => sum + width, 0);
    this.#table.style.minWidth = `calc(${LETTER * all}ch + ${PADDING * widths.length}px)`;
  }
}

/** What is read as figures stands at the right, and what stands for none with it. */
const isFigures = (rows: readonly TableRow[], index: number): boolean =>
  rows.some(({ cells }) => cells[index]?.kind === 'figure');

class RowView {
  readonly #context: TableContext;
  readonly #key: string;
  readonly #line = el('tr');
  readonly #below: HTMLTableRowElement;
  readonly #expander: HTMLButtonElement;
  readonly #cells: readonly { readonly element: HTMLElement; readonly view: CellView }[];
  #drawer: Drawer | undefined;
  #row: TableRow | undefined;

  constructor(context: TableContext, key: string, columns: number) {
    this.#context = context;
    this.#key = `${context.prefix}/${key}`;
    this.#expander = button('▸', 'expander', () => this.#toggle());
    this.#line.addEventListener('click', (event) => {
      const onButton = event.target instanceof Element && event.target.closest('button') !== null;
      // whoever selects text opens nothing
      if (!onButton && this.#opens && document.getSelection()?.isCollapsed !== false) this.#toggle();
    });
    this.#cells = Array.from({ length: columns }, (_, index) => {
      const element = el('td');
      this.#line.append(element);
      return { element, view: new CellView(element, index === 0 ? this.#expander : undefined) };
    });
    const cell = el('td');
    cell.colSpan = columns;
    this.#below = el('tr', 'below-row', cell);
  }

  get elements(): readonly HTMLElement[] {
    return this.#drawer === undefined ? [this.#line] : [this.#line, this.#below];
  }

  get #opens(): boolean {
    return (this.#row?.below.length ?? 0) > 0;
  }

  update(row: TableRow): void {
    this.#row = row;
    for (const [index, { view }] of this.#cells.entries()) {
      const cell = row.cells[index];
      if (cell !== undefined) view.update(cell);
    }
    this.#line.classList.toggle('opens', this.#opens);
    this.#expander.hidden = !this.#opens;
    this.#expander.ariaLabel = `More of ${cleanName(row.cells[0]?.text ?? '', 60)}`;
    this.#show();
  }

  align(figures: readonly boolean[]): void {
    for (const [index, { element }] of this.#cells.entries())
      element.classList.toggle('figure', figures[index] === true);
  }

  #toggle(): void {
    this.#context.opened.toggle(this.#key);
    this.#show();
    if (this.#drawer === undefined) this.#below.remove();
    else this.#line.after(this.#below);
  }

  /** Draws what is below it, when it is open. */
  #show(): void {
    const open = this.#opens && this.#context.opened.has(this.#key);
    setText(this.#expander, open ? '▾' : '▸');
    this.#expander.ariaExpanded = String(open);
    this.#line.classList.toggle('open', open);
    if (!open) {
      this.#drawer = undefined;
      return;
    }
    if (this.#drawer === undefined) {
      this.#drawer = this.#context.inner(this.#key);
      this.#below.firstElementChild?.replaceChildren(this.#drawer.element);
    }
    this.#drawer.draw(this.#row?.below ?? []);
  }
}
