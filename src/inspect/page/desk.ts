/** What all parts of the page look at together, and what they ask each other for. */
import type { Browser } from './browser.ts';
import { parseFilter, type Test } from './filter.ts';
import type { TabName } from './keys.ts';
import { TreeModel } from './tree-model.ts';
import { visibleRows, type VisibleRow } from './visible-rows.ts';
import type { Crash, LogLine, NodeFacts } from './wire.ts';

/** What is new since a part was drawn. */
export interface Change {
  readonly structure: boolean;
  readonly selection: boolean;
  readonly crashes: boolean;
  readonly node: boolean;
  readonly touched: ReadonlySet<string>;
  readonly restarted: ReadonlySet<string>;
}

export const EVERYTHING: Change = {
  structure: true,
  selection: true,
  crashes: true,
  node: true,
  touched: new Set(),
  restarted: new Set(),
};

/** A tab or another part of the page. */
export interface Part {
  readonly element: HTMLElement;
  /** Called once per frame, and only while it is seen. */
  update(change: Change): void;
  /** It is seen from now on; `update` with everything follows. */
  show?(): void;
  hide?(): void;
  /** Moves the focus to where its keys work. */
  focus?(): void;
}

export class Desk {
  readonly browser: Browser;
  readonly model: TreeModel = new TreeModel();
  readonly folded = new Set<string>();
  readonly logs: LogLine[] = [];
  node: NodeFacts | undefined;
  crashes: readonly Crash[] = [];
  selected: string | undefined;
  typed = '';
  test: Test | undefined;
  /** Whether a first snapshot has come. */
  known = false;
  paused = false;
  #rows: readonly VisibleRow[] | undefined;
  readonly #changed: (change: Partial<Change>) => void;
  /** Set by the page: opens a tab. */
  open: (tab: TabName) => void = () => undefined;
  /** Set by the page: says something for a moment. */
  say: (text: string, grave?: boolean) => void = () => undefined;
  /** Set by the page: moves the focus to the panel. */
  toPanel: () => void = () => undefined;

  constructor(browser: Browser, changed: (change: Partial<Change>) => void) {
    this.browser = browser;
    this.#changed = changed;
  }

  /** Of the tree, what is open and passes the filter. */
  get rows(): readonly VisibleRow[] {
    return (this.#rows ??= visibleRows(this.model, this.folded, this.test));
  }

  get actions(): boolean {
    return this.node?.actions === true;
  }

  /** The tree is another one than before. */
  stale(): void {
    this.#rows = undefined;
  }

  select(id: string | undefined): void {
    if (this.selected === id) return;
    this.selected = id;
    this.#changed({ selection: true });
  }

  /** Chooses it and unfolds what hides it. */
  reveal(id: string): void {
    const row = this.model.rows.get(id);
    if (row === undefined) return;
    for (const { id: above } of this.model.pathOf(id)) this.folded.delete(above);
    if (this.test?.(row) === false) this.filter('');
    this.stale();
    this.selected = id;
    this.#changed({ selection: true, structure: true });
  }

  fold(id: string, folded: boolean): void {
    if (folded) this.folded.add(id);
    else this.folded.delete(id);
    this.stale();
    this.#changed({ structure: true });
  }

  filter(typed: string): void {
    this.typed = typed;
    this.test = parseFilter(typed);
    this.stale();
    this.#changed({ structure: true });
  }
}
