/** The drawings at the top of the files in `supervisors/`, and the trees that run. */
import { readFileSync } from 'node:fs';
import type { Process } from '../../src/actor/process.ts';
import { childrenOf, type Siblings } from '../../src/actor/tree.ts';

export interface Drawing {
  readonly head: string;
  /** Ids of the children, in their order. */
  readonly children: readonly string[];
  /** Each child with what is said of it. */
  readonly lines: readonly string[];
}

/** Head line and children of the drawing at the top of a file. */
export function drawn(file: string): Drawing {
  const text = readFileSync(new URL(`../../supervisors/${file}.ts`, import.meta.url), 'utf8').split('\n');
  const lines = text.filter((line) => /^ \* [├└]── \w/.test(line));
  const children = lines.map((line) => /── (\w+)/.exec(line)?.[1] ?? '');
  return { head: text[1] ?? '', children, lines };
}

/** What a supervisor says of itself, as drawings say it: `restForOne, 5 in 10 s`. */
export function figuresOf(supervisor: Process): string {
  const { strategy, intensity, period } = supervisor.behavior.inspect!(supervisor) as Record<string, unknown>;
  return `${String(strategy)}, ${String(intensity)} in ${Number(period) / 1_000} s`;
}

/** By their ids. */
export const childrenById = (supervisor: Siblings): ReadonlyMap<string, Process> =>
  new Map(Array.from(childrenOf(supervisor), (child) => [child.info?.id ?? child.label, child]));
