/**
 * The questions of the end: calls of what is served, each of which must succeed.
 */
import { repliedOnce } from './invariants/calls.ts';
import type { Violation } from './invariants/invariant.ts';
import type { Answered } from './invariants/resolution.ts';
import type { Member } from './member.ts';
import type { Mesh } from './mesh.ts';
import { lateReplies } from './observe.ts';
import { ask, serviceName } from './work.ts';

/** Of each service from each member so many at most: most of them cost a lookup. */
const QUESTIONS = 200;
const AT_ONCE = 200;
/** Milliseconds. */
const ANSWER = 5_000;

export class Questions {
  readonly #mesh: Mesh;
  readonly #tell: (violation: Violation) => void;
  readonly #signal: AbortSignal | undefined;
  /** No call of the storm has such a number. */
  #next = 1_000_000_000;

  constructor(mesh: Mesh, tell: (violation: Violation) => void, signal: AbortSignal | undefined) {
    this.#mesh = mesh;
    this.#tell = tell;
    this.#signal = signal;
  }

  /**
   * What these members serve, each service from each of them; of many, as many as there is time for, each member and
   * each service alike.
   */
  async ask(members: readonly Member[]): Promise<readonly Answered[]> {
    const mesh = this.#mesh;
    const lives = members.flatMap(({ life }) => (life === undefined || life.over ? [] : [life]));
    const services = [...new Set(lives.flatMap(({ serving }) => [...serving]))];
    const stride = Math.max(1, Math.ceil((lives.length * services.length) / QUESTIONS));
    // the next member is asked the next services: with a fixed step some would be asked for by nobody
    const asked = lives.flatMap((from, member) =>
      services.filter((_, n) => (n + member) % stride === 0).map((service) => ({ from, service })),
    );
    const answers: Answered[] = [];
    const late = new Map(lives.map((life) => [life, lateReplies(life)]));
    for (let first = 0; first < asked.length; first += AT_ONCE) {
      this.#signal?.throwIfAborted();
      const batch = asked.slice(first, first + AT_ONCE).map(async ({ from, service }) => {
        const args = { id: this.#next++, kind: 'plain', pad: '' } as const;
        const result = await ask(from, service, args, { timeout: ANSWER });
        const how = result.ok ? 'ok' : `${result.error.failure.tag}: ${result.error.message}`;
        return { from: from.name, service: serviceName(service), how };
      });
      answers.push(...(await mesh.settle(Promise.all(batch))));
    }
    const replies = lives.map((life) => ({
      member: life.name,
      answered: answers.every(({ from, how }) => from !== life.name || how === 'ok'),
      late: (lateReplies(life) ?? 0) - (late.get(life) ?? 0),
    }));
    for (const detail of repliedOnce(replies)) this.#tell({ invariant: 2, at: mesh.clock.now(), detail });
    return answers;
  }
}
