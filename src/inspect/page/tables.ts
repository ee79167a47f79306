/** Tables and facts of a view, drawn; rows keep their elements while they stay. */
import { button, el, fill, nameEl, setText } from './element.ts';
import { count, exact } from './format.ts';
import type { Cell, Section, TableRow } from './shape.ts';

/** What a view keeps between two drawings: which rows are open. */
export interface Opened {
  readonly has: (key: string) => boolean;
  readonly toggle: (key: string) => void;
}

export function drawSections(
  into: HTMLElement,
  sections: readonly Section[],
  opened: Opened,
  prefix: string = '',
): void {
  fill(
    into,
    ...sections.map((section, index) => draw(section, opened, `${prefix}/${section.title}${index}`)),
  );
}

function draw(section: Section, opened: Opened, prefix: string): HTMLElement {
  const title = section.title === '' ? undefined : el('h3', '', section.title);
  switch (section.tag) {
    case 'note':
      return el('section', 'block', title, el('p', 'muted', section.text));
    case 'facts':
      return el(
        'section',
        'block',
        title,
        el(
          'dl',
          'facts tiles',
          ...section.facts.map(([name, cell]) =>
            el('div', 'fact', el('dt', '', nameEl(name)), el('dd', '', ...cellContent(cell))),
          ),
        ),
      );
    case 'bars':
      return el('section', 'block', title, bars(section.bars));
    case 'table':
      return el('section', 'block', heading(section), table(section, opened, prefix));
  }
}

function heading({ title, rows, more }: Extract<Section, { tag: 'table' }>): HTMLElement {
  const all = rows.length + more;
  return el('h3', '', title, ' ', el('span', 'muted', all === 0 ? 'none' : exact(all)));
}

function table(section: Extract<Section, { tag: 'table' }>, opened: Opened, prefix: string): HTMLElement {
  const { columns, rows, more } = section;
  if (rows.length === 0) return el('p', 'muted none', 'Nothing here now.');
  const figures = columns.map((_, index) => rows.some(({ cells }) => cells[index]?.kind === 'figure'));
  const head = columns.map((column, index) => {
    const cell = el('th', figures[index] === true ? 'figure' : '', column);
    cell.scope = 'col';
    return cell;
  });
  const body = el('tbody');
  for (const row of rows) {
    const key = `${prefix}/${row.key}`;
    const line = el('tr', row.below.length > 0 ? 'opens' : '');
    for (const [index, cell] of row.cells.entries()) {
      const content = cellContent(cell);
      const expands = index === 0 && row.below.length > 0;
      const twisty = expands ? expander(key, line, row, opened, columns.length) : undefined;
      const data = el('td', figures[index] === true ? 'figure' : '', twisty, ...content);
      if (cell.title !== undefined) data.title = cell.title.slice(0, 1_000);
      line.append(data);
    }
    body.append(line);
    if (row.below.length > 0 && opened.has(key)) body.append(below(row, opened, key, columns.length));
  }
  const all = el('table', 'table', el('thead', '', el('tr', '', ...head)), body);
  const rest = more > 0 ? el('p', 'muted', `and ${count(more)} more`) : undefined;
  return el('div', 'table-box', all, rest);
}

function expander(
  key: string,
  line: HTMLElement,
  row: TableRow,
  opened: Opened,
  columns: number,
): HTMLElement {
  const open = opened.has(key);
  const toggle = button(open ? '▾' : '▸', 'expander', () => {
    opened.toggle(key);
    const now = opened.has(key);
    setText(toggle, now ? '▾' : '▸');
    toggle.ariaExpanded = String(now);
    if (now) line.after(below(row, opened, key, columns));
    else line.nextElementSibling?.remove();
  });
  toggle.ariaExpanded = String(open);
  toggle.ariaLabel = 'More';
  return toggle;
}

function below(row: TableRow, opened: Opened, key: string, columns: number): HTMLElement {
  const box = el('div', 'below');
  drawSections(box, row.below, opened, key);
  const cell = el('td', '', box);
  cell.colSpan = columns;
  return el('tr', 'below-row', cell);
}

/** Ways of a call, neither good nor bad. Of all else that is split, `ok` is good. */
const ROUTES: ReadonlySet<string> = new Set(['local', 'cache', 'dht', 'direct', 'none']);

function cellContent(cell: Cell): readonly (Node | string)[] {
  const { split, text } = cell;
  if (split === undefined || split.length === 0) return [nameEl(text, `cell-${cell.kind}`)];
  const all = split.reduce((sum, part) => sum + part.count, 0);
  const outcomes = !split.every(({ label }) => ROUTES.has(label));
  const bar = el('span', outcomes ? 'split' : 'split plain');
  for (const [index, { label, count: times }] of split.entries()) {
    const part = el('span', label === 'ok' ? 'split-part good' : 'split-part');
    part.style.flexGrow = String(times / all);
    part.dataset['index'] = String(index % 5);
    part.title = `${label} ${exact(times)}`;
    bar.append(part);
  }
  return [el('span', 'split-cell', bar, nameEl(text))];
}

function bars(
  all: readonly { readonly label: string; readonly value: number; readonly most: number }[],
): HTMLElement {
  if (all.length === 0) return el('p', 'muted none', 'Nothing here now.');
  return el(
    'div',
    'bars',
    ...all.map(({ label, value, most }) => {
      const full = el('span', 'bar-fill');
      full.style.transform = `scaleY(${most > 0 ? Math.min(1, value / most) : 0})`;
      const bar = el(
        'div',
        'bar',
        el('span', 'bar-value', count(value)),
        el('span', 'bar-room', full),
        el('span', 'bar-label', label),
      );
      bar.title = `bucket ${label}: ${value} of ${most}`;
      return bar;
    }),
  );
}
