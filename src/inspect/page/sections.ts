/**
 * What a view of the node looks like, before it is drawn: facts, tables and bars, as plain data.
 *
 * Text says everything; a look only repeats it, so that nothing depends on color or on being seen.
 */

/** `busy`: on its way. */
export type Tone = 'plain' | 'good' | 'warn' | 'bad' | 'busy';

export interface Cell {
  readonly text: string;
  readonly kind: 'text' | 'figure' | 'flag' | 'nothing';
  /** All of it, where the text is a part. */
  readonly title?: string;
  readonly look?: Look;
}

export type Look =
  /** What it is made of, as parts of a whole. */
  | { readonly tag: 'split'; readonly parts: readonly { readonly label: string; readonly count: number }[] }
  | { readonly tag: 'badge'; readonly tone: Tone }
  | { readonly tag: 'chips'; readonly chips: readonly Chip[] }
  /** Where it is in the life of a machine: `at` of so many states, in their order. */
  | { readonly tag: 'track'; readonly states: readonly string[]; readonly at: number; readonly tone: Tone }
  /** Ends at a time of the page's clock, ms since 1970; `whole` is how long it lasts at most, ms. */
  | { readonly tag: 'countdown'; readonly ends: number; readonly whole: number | undefined }
  /** From when to when, as parts of a span: 0 to 1. */
  | { readonly tag: 'lane'; readonly from: number; readonly to: number; readonly tone: Tone }
  /** A part of what there may be: 0 to 1. */
  | { readonly tag: 'meter'; readonly part: number; readonly tone: Tone }
  /** Below the one before it: 0 is not. */
  | { readonly tag: 'indent'; readonly level: number };

export interface Chip {
  readonly text: string;
  readonly tone: Tone;
  readonly title?: string;
}

export interface Column {
  readonly name: string;
  /** What it says in full. */
  readonly title?: string;
  /** Of figures, also while there is none. */
  readonly figure?: boolean;
}

export interface TableRow {
  readonly key: string;
  readonly cells: readonly Cell[];
  /** Shown when the row is opened. */
  readonly below: readonly Section[];
}

export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly most: number;
  /** All of it in words. */
  readonly title: string;
}

export type Section =
  | { readonly tag: 'facts'; readonly title: string; readonly facts: readonly (readonly [string, Cell])[] }
  | Table
  | {
      readonly tag: 'bars';
      readonly title: string;
      readonly bars: readonly Bar[];
      /** What stands below them. */
      readonly about?: string;
      readonly none?: string;
    }
  | { readonly tag: 'note'; readonly title: string; readonly text: string }
  /** Begins with a name of its own, where there may be several of the same kind. */
  | { readonly tag: 'heading'; readonly title: string; readonly state?: Cell };

export interface Table {
  readonly tag: 'table';
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly TableRow[];
  /** Left out. */
  readonly more: number;
  /** Said where there is no row. */
  readonly none?: string;
}

/** Of an answer, milliseconds since 1970: by the node's clock, and by the page's. */
export interface Times {
  readonly at: number;
  readonly now: number;
  /** How fast a count has grown since the answer before, per second. Null: it was not in that one. */
  readonly rate: (what: string, count: number) => number | null;
}
