/**
 * Which inspector is meant: one on this machine, one at a URL, or a node elsewhere in the mesh.
 */
import { systemClock } from '../../actor/clock.ts';
import { usageError } from '../error-document.ts';
import type { Interrupts } from '../interrupts.ts';
import { Far, type FarFlags } from './far.ts';
import { overHttp, type Reach } from './inspection.ts';
import { targetOf, type TargetFlags } from './target.ts';

export type ReachFlags = TargetFlags & FarFlags;

/** Of an option, who has said it: `cli`, `env`, `config`, or nobody that counts. */
export type SourceOf = (key: string) => string | undefined;

/** Who says it later in this list is not asked. */
const SAYING = ['cli', 'env', 'config'] as const;

/**
 * Whether the options mean a node elsewhere: who names it by a flag is not held up by a variable that names another place. Pure.
 * Throws `RpcError` `invalid_args` when both are named in one breath.
 */
export function isFar(sourceOf: SourceOf): boolean {
  for (const saying of SAYING) {
    const said = (key: string): boolean => sourceOf(key) === saying;
    const near = ['url', 'pid'].find(said);
    if (said('connect')) {
      if (near !== undefined)
        throw usageError(
          'connect',
          `is for a node elsewhere, and --${near} for an inspector: give one of them`,
        );
      return true;
    }
    if (near !== undefined) return false;
  }
  return false;
}

/** Runs what wants an inspector, and leaves no connection behind. */
export async function reaching<T>(
  flags: ReachFlags,
  sourceOf: SourceOf,
  { signal }: Interrupts,
  run: (reach: Reach) => Promise<T>,
): Promise<T> {
  const { connect } = flags;
  if (connect === undefined || !isFar(sourceOf)) {
    if (sourceOf('nodeId') === 'cli')
      throw usageError('node-id', 'needs --connect: a node of the mesh from which that one is found');
    return run(() => Promise.resolve(overHttp(targetOf(flags, systemClock.wall()))));
  }
  const far = new Far(connect, flags, signal);
  try {
    return await run(() => far.reach());
  } finally {
    await far.close();
  }
}
