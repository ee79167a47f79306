import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import { PidTerm } from '../../src/codec/etf/identities.ts';
import { NodePid } from '../../src/dist/node-pid.ts';
import { Relations } from '../../src/dist/peer/relations.ts';

/** Only its identity counts. */
const here = { name: 'here' } as unknown as Process;
const there = new NodePid(new PidTerm('there@host', 1, 0, 1));

type Signal =
  | { readonly tag: 'link' }
  | { readonly tag: 'unlink'; readonly id: number | undefined }
  | { readonly tag: 'ack'; readonly id: number }
  | { readonly tag: 'exit'; readonly reason: string };

/** One of two processes that link to each other, as its node keeps the books; what it says is heard in its order. */
class End {
  readonly relations = new Relations();
  readonly says: Signal[] = [];
  /** What the process itself holds of the link, and what it was told. */
  linked = false;
  alive = true;
  readonly heard: string[] = [];
  /** It has taken the link away and not made it again. */
  readonly #ids: boolean;

  constructor(ids: boolean) {
    this.#ids = ids;
  }

  link(): void {
    if (!this.alive) return;
    this.linked = true;
    this.relations.link(here, there);
    this.says.push({ tag: 'link' });
  }

  unlink(): void {
    if (!this.alive) return;
    this.linked = false;
    const id = this.relations.unlink(here, there);
    if (id === undefined) return;
    this.says.push({ tag: 'unlink', id: this.#ids ? id : undefined });
    if (!this.#ids) this.relations.acknowledged(here, there, id);
  }

  die(): void {
    if (!this.alive) return;
    this.alive = false;
    if (this.linked && this.relations.gone(here, there)) this.says.push({ tag: 'exit', reason: 'died' });
    this.linked = false;
  }

  hear(signal: Signal): void {
    const { relations } = this;
    switch (signal.tag) {
      case 'link':
        if (this.alive && relations.isUnlinking(here, there)) return;
        if (this.alive) {
          this.linked = true;
          relations.link(here, there);
        } else this.says.push({ tag: 'exit', reason: 'noproc' });
        return;
      case 'unlink':
        if (relations.gone(here, there)) this.linked = false;
        if (signal.id !== undefined) this.says.push({ tag: 'ack', id: signal.id });
        return;
      case 'ack':
        relations.acknowledged(here, there, signal.id);
        return;
      case 'exit':
        if (!relations.broken(here, there)) return;
        if (this.linked) this.heard.push(signal.reason);
        this.linked = false;
    }
  }
}

type Step = readonly [who: 0 | 1, what: 'link' | 'unlink' | 'hear' | 'die'];
const step = (whats: readonly Step[1][]): fc.Arbitrary<Step> =>
  fc.tuple(fc.constantFrom(0 as const, 1 as const), fc.constantFrom(...whats));

function run(ids: boolean, steps: readonly Step[]): readonly [End, End] {
  const ends = [new End(ids), new End(ids)] as const;
  const hear = (who: 0 | 1): boolean => {
    const signal = ends[who === 0 ? 1 : 0].says.shift();
    if (signal !== undefined) ends[who].hear(signal);
    return signal !== undefined;
  };
  for (const [who, what] of steps) {
    if (what === 'hear') hear(who);
    else ends[who][what]();
  }
  while (hear(0) || hear(1));
  return ends;
}

const links = (end: End): number => [...end.relations.links()].length;

describe('a link between two nodes, whatever crosses on its way', () => {
  test('is there for both or for none when all is said, and the books say what the processes do', () => {
    fc.assert(
      fc.property(fc.array(step(['link', 'unlink', 'hear', 'hear']), { maxLength: 40 }), (steps) => {
        const [one, two] = run(true, steps);
        expect([one.linked, links(one)]).toEqual([two.linked, links(two)]);
        expect(links(one)).toBe(one.linked ? 1 : 0);
        // nothing is kept of a link that was taken away
        if (!one.linked) expect([one.relations.size, two.relations.size]).toEqual([0, 0]);
      }),
      { numRuns: 3_000 },
    );
  });

  test('tells the other of a death once at most, never after it was taken away, and always when it is there', () => {
    fc.assert(
      fc.property(
        fc.array(step(['link', 'unlink', 'hear', 'hear']), { maxLength: 25 }),
        fc.array(step(['link', 'unlink', 'hear', 'hear', 'die']), { maxLength: 25 }),
        (before, after) => {
          const [one, two] = run(true, before);
          const agreed = one.linked;
          const ends = run(true, [
            ...before,
            ...Array.from({ length: 60 }, (_, at): Step => [at % 2 === 0 ? 0 : 1, 'hear']),
            [0, 'die'],
          ]);
          expect(ends[1].heard).toEqual(agreed ? ['died'] : []);
          expect(two.linked).toBe(agreed);
          for (const end of run(true, [...before, ...after])) {
            expect(end.linked && !end.alive).toBe(false);
            expect(links(end)).toBe(end.linked ? 1 : 0);
          }
          const [, left] = run(true, [...before, ...after, [0, 'die']]);
          // whoever is left is linked to nobody
          expect([left.linked, links(left)]).toEqual([false, 0]);
        },
      ),
      { numRuns: 3_000 },
    );
  });

  test('is taken away without an answer by those who know no ids', () => {
    const [one, two] = run(false, [
      [0, 'link'],
      [1, 'hear'],
      [0, 'unlink'],
      [1, 'hear'],
    ]);
    expect([one.linked, two.linked, one.relations.size, two.relations.size]).toEqual([false, false, 0, 0]);
    const [again, other] = run(false, [
      [0, 'link'],
      [0, 'unlink'],
      [0, 'link'],
      [1, 'hear'],
      [1, 'hear'],
      [1, 'hear'],
      [1, 'die'],
    ]);
    expect([again.heard, other.alive]).toEqual([['died'], false]);
  });

  test('an exit that crosses the end of the link is not heard; one of the link that was made anew is', () => {
    const [one] = run(true, [
      [0, 'link'],
      [1, 'hear'],
      [1, 'die'],
      [0, 'unlink'],
    ]);
    expect([one.heard, one.relations.size]).toEqual([[], 0]);
    const [two] = run(true, [
      [0, 'link'],
      [1, 'hear'],
      [0, 'unlink'],
      [0, 'link'],
      [1, 'die'],
    ]);
    expect(two.heard).toEqual(['noproc']);
  });

  test('an acknowledgment of another unlink does nothing', () => {
    const relations = new Relations();
    relations.link(here, there);
    const first = relations.unlink(here, there) as number;
    relations.link(here, there);
    const second = relations.unlink(here, there) as number;
    relations.acknowledged(here, there, first);
    expect([second === first, relations.isUnlinking(here, there)]).toEqual([false, true]);
    relations.acknowledged(here, there, second);
    expect([relations.isUnlinking(here, there), relations.size]).toEqual([false, 0]);
  });

  test('that is not there is not taken away', () => {
    const relations = new Relations();
    expect([
      relations.unlink(here, there),
      relations.gone(here, there),
      relations.broken(here, there),
      relations.isUnlinking(here, there),
    ]).toEqual([undefined, false, false, false]);
  });
});
