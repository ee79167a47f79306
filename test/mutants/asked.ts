/**
 * Which faults a command line asks for. Pure.
 */
import { parseArgs } from 'node:util';
import { seededRandom } from '../../src/actor/random.ts';
import type { Mutant, SimulatedMutant } from './mutant.ts';
import { MUTANTS } from './mutants.ts';
import { SIMULATED } from './simulated.ts';

/** Milliseconds for one, with its tests without it: how many are drawn for a time. What it does not suffice for is told. */
const EACH = 8_000;
/** Milliseconds at most: timers of Node know no more than 24 days. */
const DAY = 86_400_000;

export interface Asked {
  readonly mutants: readonly Mutant[];
  readonly simulated: readonly SimulatedMutant[];
  readonly writes: boolean;
  /** Milliseconds, if they were given. */
  readonly within: number | undefined;
}

/** Throws for what makes no sense. */
export function asked(args: readonly string[]): Asked {
  const { values, positionals: names } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      table: { type: 'boolean', default: false },
      within: { type: 'string' },
      seed: { type: 'string' },
    },
  });
  const { table: writes, seed } = values;
  const within = values.within === undefined ? undefined : Number(values.within) * 1_000;
  if (within !== undefined && !(within >= EACH && within <= DAY))
    throw new RangeError(`--within: must be ${EACH / 1_000} to ${DAY / 1_000} seconds: ${values.within}`);
  if (seed !== undefined && within === undefined)
    throw new RangeError('--seed says what is drawn for a time: give it --within');
  if (writes && (names.length > 0 || within !== undefined))
    throw new RangeError('--table is of all: it takes no names and no --within');
  const known = [...SIMULATED, ...MUTANTS];
  const named = known.filter(({ name }) => names.length === 0 || names.some((part) => name.includes(part)));
  if (named.length === 0)
    throw new RangeError(`No such mutant. There are:\n${known.map(({ name }) => `  ${name}`).join('\n')}`);
  const chosen = new Set<unknown>(
    within === undefined ? named : drawn(named, Math.floor(within / EACH), seed ?? '1'),
  );
  return {
    mutants: MUTANTS.filter((mutant) => chosen.has(mutant)),
    simulated: SIMULATED.filter((mutant) => chosen.has(mutant)),
    writes,
    within,
  };
}

function drawn<T>(all: readonly T[], count: number, seed: string): readonly T[] {
  const random = seededRandom(seed);
  const left = [...all];
  const taken: T[] = [];
  while (left.length > 0 && taken.length < count)
    taken.push(...left.splice(Math.floor(random.float() * left.length), 1));
  return taken;
}
