/**
 * What a view of the node holds, read without trust in its shape: a page may be older than the node, or newer. Pure.
 *
 * What was never asked for is `rest`, so that nothing a node tells goes unseen.
 */
export type Fields = Readonly<Record<string, unknown>>;

/** A node or client: all of its id, and what tells it from others. */
export interface NodeRef {
  readonly id: string;
  readonly short: string;
}

export interface Read {
  readonly rows: readonly Reader[];
  /** Left out. */
  readonly more: number;
}

const MAX_ROWS = 500;

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export class Reader {
  readonly #data: Fields;
  readonly #read = new Set<string>();

  constructor(data: unknown) {
    this.#data = isFields(data) ? data : {};
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#data, key);
  }

  get(key: string): unknown {
    this.#read.add(key);
    return this.has(key) ? this.#data[key] : undefined;
  }

  /** Null: it says none. */
  number(key: string): number | null {
    const value = this.get(key);
    return typeof value === 'number' && Number.isFinite(value) ? value : null;
  }

  count(key: string): number {
    return this.number(key) ?? 0;
  }

  text(key: string): string {
    const value = this.get(key);
    return typeof value === 'string' ? value : '';
  }

  flag(key: string): boolean {
    return this.get(key) === true;
  }

  /** Undefined: none is known. */
  node(key: string): NodeRef | undefined {
    const value = this.get(key);
    if (!isFields(value) || typeof value['id'] !== 'string' || value['id'] === '') return undefined;
    const { id, short } = value;
    return { id, short: typeof short === 'string' && short !== '' ? short : id.slice(0, 16) };
  }

  texts(key: string): readonly string[] {
    return listOf(this.get(key)).rows.filter((item): item is string => typeof item === 'string');
  }

  /** Of what is no record: one that holds nothing. */
  part(key: string): Reader {
    return new Reader(this.get(key));
  }

  /** Whether there is a record of this name, and not just a word on why there is none. */
  hasPart(key: string): boolean {
    const value = this.has(key) ? this.#data[key] : undefined;
    return isFields(value) && typeof value['unavailable'] !== 'string';
  }

  /** Why it is not there; empty: it is. */
  get unavailable(): string {
    return this.text('unavailable');
  }

  rows(key: string): Read {
    const { rows, more } = listOf(this.get(key));
    return { rows: rows.filter(isFields).map((row) => new Reader(row)), more };
  }

  /** What nobody has read. */
  get rest(): Fields {
    return Object.fromEntries(Object.entries(this.#data).filter(([key]) => !this.#read.has(key)));
  }
}

function listOf(value: unknown): { readonly rows: readonly unknown[]; readonly more: number } {
  const rows: unknown = isFields(value) ? value['rows'] : value;
  if (!Array.isArray(rows)) return { rows: [], more: 0 };
  const told = isFields(value) && typeof value['more'] === 'number' ? value['more'] : 0;
  return { rows: rows.slice(0, MAX_ROWS), more: told + Math.max(0, rows.length - MAX_ROWS) };
}
