/**
 * What somebody wants to see of the tree, and what each key makes of that. Pure.
 */
import type { Key } from './keys.ts';

export const SORTS = ['mailbox', 'rate', 'restarts', 'name'] as const;
export type Sort = (typeof SORTS)[number];

export interface View {
  readonly mode: 'tree' | 'list';
  /** Undefined: in the order in which they were started. */
  readonly sort: Sort | undefined;
  /** Part of a path or an id, in any case; empty: all. */
  readonly filter: string;
  /** Whether the filter is being typed. */
  readonly typing: boolean;
  readonly paused: boolean;
  /** Rows above the first one shown; the screen corrects what is too much. */
  readonly top: number;
}

/** Longest filter, characters. */
const MAX_FILTER = 64;

const BY_KEY: Readonly<Record<string, Sort>> = { m: 'mailbox', r: 'rate', s: 'restarts', n: 'name' };

/** @param page rows that fit on the screen, @param total rows there are. */
export function press(view: View, key: Key, page: number, total: number): View | 'quit' {
  if (key === 'interrupt') return 'quit';
  if (view.typing) return typed(view, key);
  const sort = BY_KEY[key];
  // the same key again: as they were started
  if (sort !== undefined) return { ...view, sort: view.sort === sort ? undefined : sort, top: 0 };
  const last = Math.max(0, total - page);
  const to = (top: number): View => ({ ...view, top: Math.max(0, Math.min(top, last)) });
  switch (key) {
    case 'q':
      return 'quit';
    case 't':
      return { ...view, mode: view.mode === 'tree' ? 'list' : 'tree', top: 0 };
    case 'p':
    case ' ':
      return { ...view, paused: !view.paused };
    case '/':
      return { ...view, typing: true, top: 0 };
    case 'escape':
      return { ...view, filter: '', top: 0 };
    case 'j':
    case 'down':
      return to(view.top + 1);
    case 'k':
    case 'up':
      return to(view.top - 1);
    case 'page down':
      return to(view.top + page);
    case 'page up':
      return to(view.top - page);
    case 'g':
    case 'home':
      return to(0);
    case 'G':
    case 'end':
      return to(last);
    default:
      return view;
  }
}

function typed(view: View, key: Key): View {
  switch (key) {
    case 'enter':
      return { ...view, typing: false };
    case 'escape':
      return { ...view, typing: false, filter: '' };
    case 'backspace':
      return { ...view, filter: Array.from(view.filter).slice(0, -1).join(''), top: 0 };
    case 'clear':
      return { ...view, filter: '', top: 0 };
    default:
      // names of keys are longer than one character
      return Array.from(key).length === 1 && Array.from(view.filter).length < MAX_FILTER
        ? { ...view, filter: view.filter + key, top: 0 }
        : view;
  }
}
