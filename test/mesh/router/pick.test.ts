/** In which order the policies look at providers: drain, doubt, breaker, strategy. */
import { describe, expect, test } from 'vitest';
import type { Process } from '../../../src/actor/process.ts';
import type { RpcFailure } from '../../../src/mesh/errors/rpc-failure.ts';
import type { Standing } from '../../../src/mesh/peer/standings.ts';
import { pick, targetCandidate, type Candidate } from '../../../src/mesh/router/candidates.ts';
import { contextOf, closeAtEnd, meshWorld } from '../../mesh-world.ts';
import type { MeshContext } from '../../../src/mesh/context.ts';

const LOST: RpcFailure = { tag: 'connection_error', sent: true, detail: '' };

async function someone(): Promise<MeshContext> {
  const world = meshWorld();
  const node = await world.node({ dht: false });
  closeAtEnd(world, node);
  return contextOf(node);
}

const named = (context: MeshContext, ...ids: readonly string[]): readonly Candidate[] =>
  ids.map((id) => targetCandidate(context, 'p.q', id));

function stand(
  context: MeshContext,
  peerId: string,
  so: Partial<Pick<Standing, 'leaving' | 'doubtful'>>,
): void {
  const process = { alive: true } as Process;
  context.standings.add({ process, peerId, leaving: false, doubtful: false, ...so } as Standing);
}

function eject({ stat }: Candidate): void {
  for (let n = 0; n < 3; n++) {
    stat.began(0);
    stat.ended(0, 1, LOST, undefined);
  }
}

const chosen = (context: MeshContext, candidates: readonly Candidate[]): string[] => {
  const all = new Set<string>();
  for (let n = 0; n < 50; n++) all.add(pick(context, 'p.q', candidates, 'random')?.nodeId ?? 'nobody');
  return [...all].toSorted((a, b) => a.localeCompare(b));
};

describe('who leaves, is in doubt, or was ejected', () => {
  test.each(['leaving', 'doubtful'] as const)(
    '%s: gets a call only when there is nobody else',
    async (so) => {
      const context = await someone();
      stand(context, 'a', { [so]: true });
      const all = named(context, 'a', 'b', 'c');
      expect(chosen(context, all)).toEqual(['b', 'c']);
      expect(chosen(context, all.slice(0, 1))).toEqual(['a']);
      // another connection to it is as it should be
      stand(context, 'a', {});
      expect(chosen(context, all)).toEqual(['a', 'b', 'c']);
    },
  );

  test('ejected: gets a call only when all are', async () => {
    const context = await someone();
    const all = named(context, 'a', 'b', 'c');
    eject(all[0]!);
    expect(chosen(context, all)).toEqual(['b', 'c']);
    for (const each of all.slice(1)) eject(each);
    expect(chosen(context, all)).toEqual(['a', 'b', 'c']);
  });

  test('who leaves is worse than who is in doubt, who is in doubt worse than who was ejected', async () => {
    const context = await someone();
    stand(context, 'leaving', { leaving: true });
    stand(context, 'doubtful', { doubtful: true });
    const all = named(context, 'leaving', 'doubtful', 'ejected');
    eject(all[2]!);
    expect(chosen(context, all)).toEqual(['ejected']);
    expect(chosen(context, all.slice(0, 2))).toEqual(['doubtful']);
  });

  test('of nobody is nobody', async () => {
    expect(pick(await someone(), 'p.q', [], 'power_of_two')).toBe(undefined);
  });
});
