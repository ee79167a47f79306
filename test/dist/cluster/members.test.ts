import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/actor/random.ts';
import { DIALS, Members, type Plan } from '../../../src/dist/cluster/members.ts';

const US = '9@m';
const random = seededRandom('members');

/** Who is wanted, connected, and what time it is: all that `look` needs. */
class Stage {
  readonly members: Members = new Members();
  wanted = new Set<string>();
  readonly connected = new Set<string>();
  now = 0;

  look(): Plan {
    const { wanted, connected, now } = this;
    return this.members.look({ us: US, wanted, isConnected: (node) => connected.has(node), now, random });
  }

  /** What is dialed at that moment. */
  at(now: number): readonly string[] {
    this.now = now;
    return this.look().dial.toSorted();
  }

  ended(node: string): void {
    this.members.ended(node, { us: US, now: this.now, random });
  }
}

function staged(...wanted: readonly string[]): Stage {
  const stage = new Stage();
  stage.wanted = new Set(wanted);
  return stage;
}

describe('who is dialed', () => {
  test('nodes with lesser names at once, those with greater ones when they have had their time; never us', () => {
    const stage = staged('9@a', '9@z', US);
    expect(stage.look()).toMatchObject({ dial: ['9@a'] });
    expect(stage.look().next).toBeGreaterThanOrEqual(500);
    expect(stage.at(499)).toEqual([]);
    expect(stage.at(1_000)).toEqual(['9@z']);
  });

  test('nobody who is connected, or being dialed, or not wanted any more', () => {
    const stage = staged('9@a', '9@b');
    stage.connected.add('9@b');
    expect(stage.look().dial).toEqual(['9@a']);
    expect(stage.at(60_000)).toEqual([]);
    stage.ended('9@a');
    stage.wanted.clear();
    expect(stage.at(120_000)).toEqual([]);
    expect(stage.look().next).toBe(Infinity);
  });

  test('one that failed again after a pause, longer with each time', () => {
    const stage = staged('9@a');
    const pauses: number[] = [];
    stage.look();
    for (let attempt = 0; attempt < 200; attempt++) {
      stage.ended('9@a');
      const { next } = stage.look();
      pauses.push(next - stage.now);
      expect(stage.at(next)).toEqual(['9@a']);
    }
    expect(pauses[0]).toBeLessThanOrEqual(250);
    expect(Math.max(...pauses)).toBeGreaterThan(15_000);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(16_000);
  });

  test('one that comes up and is lost at once waits as if it had failed', () => {
    const stage = staged('9@a');
    let last = 0;
    stage.look();
    for (let attempt = 0; attempt < 40; attempt++) {
      stage.connected.add('9@a');
      stage.ended('9@a');
      stage.look();
      stage.connected.delete('9@a');
      const { next } = stage.look();
      last = next;
      expect(stage.at(next)).toEqual(['9@a']);
    }
    // forty tries took minutes
    expect(last).toBeGreaterThan(60_000);
  });

  test('one that was connected for long starts again with short pauses', () => {
    const stage = staged('9@a');
    stage.look();
    for (let attempt = 0; attempt < 20; attempt++) {
      stage.ended('9@a');
      stage.at(stage.look().next);
    }
    stage.connected.add('9@a');
    stage.ended('9@a');
    stage.look();
    stage.now += 30_000;
    stage.connected.delete('9@a');
    expect(stage.look().next - stage.now).toBeLessThanOrEqual(250);
  });

  test('so many at once and no more; those that were connected before go first', () => {
    const known = ['9@a00', '9@a01'];
    const stage = staged(...known);
    for (const node of known) stage.connected.add(node);
    stage.look();
    const strangers = Array.from({ length: 1_000 }, (_, at) => `9@b${String(at).padStart(4, '0')}`);
    stage.wanted = new Set([...strangers, ...known]);
    stage.now = 60_000;
    stage.connected.clear();
    expect(stage.look().dial).toHaveLength(DIALS);
    expect(stage.look()).toEqual({ dial: [], next: Infinity });
    stage.now += 1_000;
    for (const node of strangers.slice(0, 2)) stage.ended(node);
    expect(stage.look().dial.toSorted()).toEqual(known);
  });

  test('a successor dials again whom its predecessor was dialing', () => {
    const stage = staged('9@a');
    stage.look();
    expect(stage.look().dial).toEqual([]);
    stage.members.begin();
    expect(stage.look().dial).toEqual(['9@a']);
  });
});
