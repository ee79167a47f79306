/** Keys → what they mean, wherever the page has no field to type in. Pure. */
export const TABS = [
  'tree',
  'actors',
  'crashes',
  'rpc',
  'dht',
  'peers',
  'relay',
  'dist',
  'trace',
  'logs',
] as const;
export type TabName = (typeof TABS)[number];

export type Command =
  { readonly tag: 'tab'; readonly name: TabName } | { readonly tag: 'filter' | 'pause' | 'help' | 'escape' };

export interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
}

/** @param typing whether the key goes into a field: then only Escape is a command. */
export function commandOf(press: KeyPress, typing: boolean): Command | undefined {
  if (press.ctrlKey || press.altKey || press.metaKey) return undefined;
  if (press.key === 'Escape') return { tag: 'escape' };
  if (typing) return undefined;
  if (press.key === '/') return { tag: 'filter' };
  if (press.key === 'p') return { tag: 'pause' };
  if (press.key === '?') return { tag: 'help' };
  const digit = /^[0-9]$/.test(press.key) ? Number(press.key) : -1;
  const name = digit === 0 ? TABS[9] : TABS[digit - 1];
  return digit === -1 || name === undefined ? undefined : { tag: 'tab', name };
}

/** For the help: what to press, and what happens. */
export const KEY_HELP: readonly (readonly [keys: string, meaning: string])[] = [
  ['/', 'filter actors'],
  ['↑ ↓', 'next or previous actor'],
  ['→ ←', 'unfold and go down, fold and go up'],
  ['Home End', 'first or last actor'],
  ['Enter', 'show the actor and go to its panel'],
  ['Esc', 'leave the filter, the panel or a dialog'],
  ['1 … 9, 0', 'tabs, from the left'],
  ['p', 'pause and go on'],
  ['?', 'this help'],
];
