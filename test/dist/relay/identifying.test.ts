/** Whom a relay of a realm lets in, and for how long. */
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/actor/random.ts';
import { createKey, spkiOf } from '../../../src/identity/identity.ts';
import { issueMembership } from '../../../src/identity/realm.ts';
import type { RawEnd } from './raw-end.ts';
import { RelayWorld } from './relay-world.ts';

const DAY = 86_400_000;
const key = createKey(seededRandom('realm'));

interface Shown {
  readonly realm?: string;
  readonly realm_proof?: Uint8Array;
}

interface Stage {
  readonly world: RelayWorld;
  readonly membership: (of: string, days: number) => Uint8Array;
  /** What somebody is told who shows that. */
  readonly told: (label: string, shown: Shown) => Promise<{ readonly end: RawEnd; readonly answer: unknown }>;
}

async function staged(isClosed: boolean): Promise<Stage> {
  const world = new RelayWorld();
  const membership = (of: string, days: number): Uint8Array => {
    const validFrom = world.clock.wall();
    const { nodeId } = world.identity(of);
    return issueMembership({ realm: 'ours', nodeId, validFrom, validTo: validFrom + days * DAY }, key);
  };
  const identity = world.identity('relay');
  const closing = isClosed ? { realmKey: spkiOf(key), membership: membership('relay', 90) } : {};
  const relay = await world.relay({ realm: 'ours', identity, ...closing });
  return {
    world,
    membership,
    told: async (label, shown) => {
      const end = await world.raw(relay, { identity: world.identity(label) });
      end.say({ type: 'identify', node_name: `${label}@here`, ...shown });
      await world.clock.advance(10);
      const [refused] = end.told('refused');
      return { end, answer: refused?.reason ?? end.told('identified')[0]?.status };
    },
  };
}

describe('a relay of a realm', () => {
  test('lets in who names it, and nobody else', async () => {
    const { told } = await staged(false);
    expect((await told('a', { realm: 'ours' })).answer).toBe('ok');
    expect((await told('b', { realm: 'theirs' })).answer).toBe('other_realm');
    expect((await told('c', {})).answer).toBe('other_realm');
  });

  test('that is closed wants a membership of whoever shows it', async () => {
    const { told, membership } = await staged(true);
    const realm = 'ours';
    expect((await told('a', { realm, realm_proof: membership('a', 30) })).answer).toBe('ok');
    expect((await told('b', { realm, realm_proof: membership('a', 30) })).answer).toBe('not_a_member');
    expect((await told('c', { realm })).answer).toBe('not_a_member');
    expect((await told('d', { realm, realm_proof: new Uint8Array(300) })).answer).toBe('not_a_member');
  });

  test('ends a connection when the membership it was let in with is over', async () => {
    const { world, told, membership } = await staged(true);
    const { end } = await told('a', { realm: 'ours', realm_proof: membership('a', 1) });
    world.clock.jump(DAY);
    await world.clock.advance(10_000);
    expect(end.closed).toBeUndefined();
    // clocks may differ by some minutes
    world.clock.jump(DAY / 2);
    await world.until(() => end.closed !== undefined, 10_000);
    expect(end.closed).toEqual({ tag: 'remote', code: 4, reason: 'membership_expired' });
    const again = await told('a', { realm: 'ours', realm_proof: membership('a', 30) });
    expect(again.answer).toBe('ok');
  });
});
