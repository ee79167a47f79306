/**
 * What was measured in a NAT lab, a row per run: printed as a table at the end, and kept in `build/` as JSON.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

const BUILD = resolve(import.meta.dirname, '../../build');

export type Row = Readonly<Record<string, string | number | undefined>>;

export class Figures {
  readonly #name: string;
  readonly #rows: Row[] = [];

  /** Written to `build/<name>.json`. */
  constructor(name: string) {
    this.#name = name;
  }

  add(row: Row): void {
    const rounded = Object.entries(row).map(([key, value]) => [
      key,
      typeof value === 'number' ? Math.round(value) : value,
    ]);
    this.#rows.push(Object.fromEntries(rounded) as Row);
  }

  /** Without rows nothing was measured, and what was before stays. */
  write(): void {
    if (this.#rows.length === 0) return;
    mkdirSync(BUILD, { recursive: true });
    writeFileSync(resolve(BUILD, `${this.#name}.json`), `${JSON.stringify(this.#rows, undefined, 2)}\n`);
    console.table(this.#rows);
  }
}
