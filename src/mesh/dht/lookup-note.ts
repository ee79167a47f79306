/**
 * Notes how a lookup ended, for whoever looks (`events/recent.ts`).
 */
import { hex, type MeshContext } from '../context.ts';
import type { AskedNote } from '../events/recent.ts';
import type { LookupOutcome, LookupRequest, LookupStats } from './lookup-request.ts';

/** @param trace whom it asked; called while somebody looks. */
export function noteLookup(
  { recent, runtime }: MeshContext,
  request: LookupRequest,
  outcome: LookupOutcome,
  { asked, answered, failed, hops, took }: LookupStats,
  trace: () => readonly AskedNote[],
): void {
  const { clock } = runtime;
  recent.lookup({
    at: Math.round(clock.wall()),
    kind: request.kind,
    key: hex(request.kind === 'nodes' ? request.target : request.key),
    procedure: request.kind === 'providers' ? request.procedure : '',
    outcome: outcome.tag,
    found: foundBy(outcome),
    asked,
    answered,
    failed,
    hops,
    took: Math.round(took),
    trace: recent.isWatched(clock.now()) ? trace() : undefined,
  });
}

function foundBy(outcome: LookupOutcome): number {
  switch (outcome.tag) {
    case 'nodes':
      return outcome.closest.length;
    case 'providers':
      return outcome.providers.length;
    case 'stored':
      return outcome.stored;
    case 'unreachable':
      return 0;
  }
}
