/** Sections of a view, drawn: each keeps its elements from one answer of the node to the next. */
import { CellView } from './cell-view.ts';
import { button, el, setName, setText } from './element.ts';
import { count, exact } from './format.ts';
import { Keep, place } from './place.ts';
import type { Bar, Cell, Section } from './sections.ts';
import { TableView, type Drawer, type Opened } from './table-view.ts';

/** Characters that a fact has room for; longer ones have twice as much. */
const WIDE = 12;
const METER = 4;

interface Drawn {
  readonly element: HTMLElement;
  update(section: Section): void;
}

export class SectionViews implements Drawer {
  readonly element: HTMLElement;
  readonly #opened: Opened;
  readonly #prefix: string;
  readonly #drawn = new Keep<Section, Drawn>();

  constructor(opened: Opened, prefix: string, className = 'sections') {
    this.#opened = opened;
    this.#prefix = prefix;
    this.element = el('div', className);
  }

  draw(sections: readonly Section[]): void {
    const drawn = this.#drawn.update(
      sections,
      ({ tag, title }) => `${tag} ${title}`,
      (section, key) => this.#make(section, `${this.#prefix}/${key}`),
    );
    place(
      this.element,
      drawn.map(({ element }) => element),
    );
  }

  #make(section: Section, key: string): Drawn {
    switch (section.tag) {
      case 'facts':
        return new FactsView();
      case 'bars':
        return new BarsView();
      case 'note':
        return new NoteView();
      case 'heading':
        return new HeadingView();
      case 'table':
        return new TablePart(this.#opened, key);
    }
  }
}

/** Its title, where it has one. */
function headed(className: string): { readonly element: HTMLElement; readonly title: HTMLElement } {
  const title = el('h3');
  return { element: el('section', className, title), title };
}

function entitle(title: HTMLElement, text: string): void {
  title.hidden = text === '';
  setName(title, text);
}

class NoteView implements Drawn {
  readonly element: HTMLElement;
  readonly #title: HTMLElement;
  readonly #text = el('p', 'muted');

  constructor() {
    ({ element: this.element, title: this.#title } = headed('block'));
    this.element.append(this.#text);
  }

  update(section: Section): void {
    if (section.tag !== 'note') return;
    entitle(this.#title, section.title);
    setText(this.#text, section.text);
  }
}

class HeadingView implements Drawn {
  readonly element: HTMLElement;
  readonly #title = el('bdi', 'name');
  readonly #state = el('span', 'heading-state');
  readonly #cell = new CellView(this.#state);

  constructor() {
    this.element = el('header', 'part-head', el('h3', '', this.#title), this.#state);
  }

  update(section: Section): void {
    if (section.tag !== 'heading') return;
    setName(this.#title, section.title);
    this.#state.hidden = section.state === undefined;
    if (section.state !== undefined) this.#cell.update(section.state);
  }
}

class FactsView implements Drawn {
  readonly element: HTMLElement;
  readonly #title: HTMLElement;
  readonly #list = el('dl', 'facts tiles');
  readonly #facts = new Keep<readonly [string, Cell], FactView>();

  constructor() {
    ({ element: this.element, title: this.#title } = headed('block'));
    this.element.append(this.#list);
  }

  update(section: Section): void {
    if (section.tag !== 'facts') return;
    entitle(this.#title, section.title);
    const drawn = this.#facts.update(
      section.facts,
      ([name]) => name,
      ([name]) => new FactView(name),
    );
    place(
      this.#list,
      drawn.map(({ element }) => element),
    );
  }
}

class FactView {
  readonly element: HTMLElement;
  readonly #cell: CellView;

  constructor(name: string) {
    const value = el('dd');
    const term = el('dt');
    setName(term, name);
    this.#cell = new CellView(value);
    this.element = el('div', 'fact', term, value);
  }

  update([, cell]: readonly [string, Cell]): void {
    const room = cell.text.length + (cell.look?.tag === 'meter' ? METER : 0);
    this.element.classList.toggle('wide', room > WIDE);
    this.#cell.update(cell);
  }
}

/** A table below its title, which folds it; one line where there is nothing. */
class TablePart implements Drawn {
  readonly element: HTMLElement;
  readonly #opened: Opened;
  readonly #key: string;
  readonly #table: TableView;
  readonly #fold: HTMLButtonElement;
  readonly #title = el('bdi', 'name');
  readonly #sign = el('span', 'fold-sign');
  readonly #count = el('span', 'muted');
  readonly #none = el('p', 'muted none');
  #empty = true;

  constructor(opened: Opened, key: string) {
    this.#opened = opened;
    this.#key = `fold ${key}`;
    const inner = (row: string): Drawer => new SectionViews(opened, row, 'below');
    this.#table = new TableView({ opened, prefix: key, inner });
    this.#fold = button('', 'fold', () => {
      opened.toggle(this.#key);
      this.#show();
    });
    this.#sign.ariaHidden = 'true';
    this.#fold.append(this.#sign, this.#title);
    const head = el('h3', '', this.#fold, this.#count);
    this.element = el('section', 'block part', head, this.#none, this.#table.element);
  }

  update(section: Section): void {
    if (section.tag !== 'table') return;
    const { title, rows, more, none = 'Nothing here now.' } = section;
    this.#empty = rows.length === 0;
    this.#fold.hidden = title === '';
    setName(this.#title, title);
    setText(this.#count, this.#empty ? '' : exact(rows.length + more));
    setText(this.#none, none);
    if (!this.#empty) this.#table.update(section);
    this.#show();
  }

  #show(): void {
    const folded = this.#opened.has(this.#key);
    this.element.classList.toggle('empty-part', this.#empty);
    this.#none.hidden = !this.#empty;
    this.#table.element.hidden = this.#empty || folded;
    this.#fold.disabled = this.#empty;
    this.#fold.ariaExpanded = String(!this.#empty && !folded);
    setText(this.#sign, this.#empty ? '' : folded ? '▸' : '▾');
  }
}

class BarsView implements Drawn {
  readonly element: HTMLElement;
  readonly #title: HTMLElement;
  readonly #list = el('div', 'bars');
  readonly #about = el('p', 'muted about');
  readonly #bars = new Keep<Bar, BarView>();

  constructor() {
    ({ element: this.element, title: this.#title } = headed('block part'));
    this.#list.role = 'list';
    this.element.append(this.#list, this.#about);
  }

  update(section: Section): void {
    if (section.tag !== 'bars') return;
    const { title, bars, about = '', none = 'Nothing here now.' } = section;
    entitle(this.#title, title);
    const empty = bars.length === 0;
    this.element.classList.toggle('empty-part', empty);
    this.#list.hidden = empty;
    setText(this.#about, empty ? none : about);
    const drawn = this.#bars.update(
      bars,
      ({ label }) => label,
      () => new BarView(),
    );
    place(
      this.#list,
      drawn.map(({ element }) => element),
    );
  }
}

class BarView {
  readonly element: HTMLElement;
  readonly #value = el('span', 'bar-value');
  readonly #full = el('span', 'bar-fill');
  readonly #label = el('span', 'bar-label');

  constructor() {
    this.element = el('div', 'bar', this.#value, el('span', 'bar-room', this.#full), this.#label);
    this.element.role = 'listitem';
  }

  update({ label, value, most, title }: Bar): void {
    const part = most > 0 ? Math.min(1, Math.max(0, value / most)) : 0;
    setText(this.#value, count(value));
    setName(this.#label, label);
    this.#full.style.transform = `scaleY(${part})`;
    this.element.ariaLabel = title;
    this.element.title = title;
  }
}
