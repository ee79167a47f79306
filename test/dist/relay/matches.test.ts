/** Which stream belongs to which tunnel, whatever comes first: against a naive model, and the rules one by one. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Matches, MOST_REQUESTS, MOST_WAITING, PATIENCE } from '../../../src/dist/relay/client/matches.ts';

const requestId = (at: number): Uint8Array => new Uint8Array(16).fill(at);
const tunnel = (at: number): string => at.toString(16).toUpperCase().padStart(32, '0');

interface Request {
  readonly at: number;
}
interface Stream {
  readonly at: number;
}

const fresh = (): Matches<Stream, Request> => new Matches();

describe('a request', () => {
  test('gets the stream that comes after its answer, and the one that came before it', () => {
    for (const first of ['stream', 'ok'] as const) {
      const matches = fresh();
      const [request, stream] = [{ at: 1 }, { at: 2 }];
      matches.ask({ id: requestId(1), target: 'b@two' }, request);
      const ok = { type: 'tunnel_ok', tunnel_id: tunnel(1), request_id: requestId(1) } as const;
      const steps = { stream: () => matches.stream(tunnel(1), stream, 0), ok: () => matches.ok(ok, 0) };
      expect(steps[first]()).toEqual({ tag: 'waiting' });
      const matched = steps[first === 'ok' ? 'stream' : 'ok']();
      expect(matched).toEqual({ tag: 'outbound', id: tunnel(1), request, peer: 'b@two', stream });
      expect([matches.pending, matches.orphans, matches.next]).toEqual([0, 0, Infinity]);
    }
  });

  test('is answered by its id, and without one in the order of asking', () => {
    const matches = fresh();
    for (const at of [1, 2, 3]) matches.ask({ id: requestId(at), target: 'b@two' }, { at });
    const refused = (request_id?: Uint8Array): unknown =>
      matches.refused({
        type: 'tunnel_error',
        reason: 'no',
        ...(request_id === undefined ? {} : { request_id }),
      });
    expect(refused(requestId(2))).toMatchObject({ tag: 'failed', request: { at: 2 } });
    expect(refused()).toMatchObject({ request: { at: 1 } });
    expect(refused(requestId(2))).toEqual({ tag: 'unknown' });
    expect(refused()).toMatchObject({ request: { at: 3 } });
    expect(refused()).toEqual({ tag: 'unknown' });
  });

  test.each([
    ['b@two', 'c@two', true],
    ['b@two', 'b@two', false],
    ['b@two', 'b@two.more', true],
    ['b', 'b@two', false],
    ['b', 'bc@two', true],
    ['b', 'c@b', true],
  ])('for %s that is answered with %s: wrong is %s', (asked, told, wrong) => {
    const matches = fresh();
    matches.ask({ id: requestId(1), target: asked }, { at: 1 });
    const answered = matches.ok(
      { type: 'tunnel_ok', tunnel_id: tunnel(1), request_id: requestId(1), target: told },
      0,
    );
    expect(answered.tag).toBe(wrong ? 'failed' : 'waiting');
    const stream = matches.stream(tunnel(1), { at: 1 }, 0);
    expect(stream).toMatchObject(wrong ? { tag: 'refused' } : { tag: 'outbound', peer: told });
  });

  test('answered for a wrong target gives back the stream that was there', () => {
    const matches = fresh();
    const stream = { at: 7 };
    matches.ask({ id: requestId(1), target: 'b@two' }, { at: 1 });
    matches.stream(tunnel(1), stream, 0);
    const ok = { type: 'tunnel_ok', tunnel_id: tunnel(1), target: 'c@two' } as const;
    expect(matches.ok(ok, 0)).toMatchObject({ tag: 'failed', why: 'wrong_target', stream });
    expect(matches.orphans).toBe(0);
  });

  test('that was given up is told to nobody, and its tunnel is unwanted', () => {
    const matches = fresh();
    const [early, late] = [{ at: 1 }, { at: 2 }];
    matches.ask({ id: requestId(1), target: 'b@two' }, early);
    matches.ask({ id: requestId(2), target: 'b@two' }, late);
    matches.giveUp(early, 0);
    expect(matches.all()).toEqual([late]);
    const stream = { at: 9 };
    matches.stream(tunnel(1), stream, 0);
    const ok = { type: 'tunnel_ok', tunnel_id: tunnel(1), request_id: requestId(1) } as const;
    expect(matches.ok(ok, 0)).toEqual({ tag: 'unwanted', stream });
    matches.ok({ type: 'tunnel_ok', tunnel_id: tunnel(2), request_id: requestId(2) }, 0);
    matches.giveUp(late, 0);
    expect(matches.stream(tunnel(2), { at: 3 }, 0)).toEqual({ tag: 'refused' });
    expect(matches.all()).toEqual([]);
  });

  test('keeps its tunnel when a later one is answered with the same id', () => {
    const matches = fresh();
    const [first, second] = [{ at: 1 }, { at: 2 }];
    matches.ask({ id: requestId(1), target: 'b@two' }, first);
    matches.ask({ id: requestId(2), target: 'b@two' }, second);
    matches.ok({ type: 'tunnel_ok', tunnel_id: tunnel(1), request_id: requestId(1) }, 0);
    const again = matches.ok({ type: 'tunnel_ok', tunnel_id: tunnel(1), request_id: requestId(2) }, 0);
    expect(again).toMatchObject({ tag: 'failed', request: second, why: 'refused' });
    expect(matches.all()).toEqual([first]);
    expect(matches.stream(tunnel(1), { at: 1 }, 0)).toMatchObject({ tag: 'outbound', request: first });
  });
});

describe('what waits', () => {
  test('does so until its patience is over, and not a millisecond longer', () => {
    const matches = fresh();
    const stream = { at: 1 };
    matches.stream(tunnel(1), stream, 1_000);
    expect(matches.next).toBe(1_000 + PATIENCE);
    expect(matches.expired(999 + PATIENCE)).toEqual({ streams: [], requests: [] });
    expect(matches.expired(1_000 + PATIENCE)).toEqual({ streams: [stream], requests: [] });
    expect(matches.next).toBe(Infinity);
  });

  test('is bounded: requests, streams, and tunnels without streams', () => {
    const matches = fresh();
    for (let at = 0; at < MOST_REQUESTS; at++)
      expect(matches.ask({ id: requestId(at), target: 'b@two' }, { at })).toBe(true);
    expect(matches.ask({ id: requestId(99), target: 'b@two' }, { at: 99 })).toBe(false);
    for (let at = 0; at < 1_000; at++) {
      const { tag } = matches.stream(tunnel(at), { at }, 0);
      expect(tag).toBe(at < MOST_WAITING ? 'waiting' : 'refused');
    }
    for (let at = 1_000; at < 2_000; at++) {
      const { tag } = matches.notified({ type: 'tunnel_notify', tunnel_id: tunnel(at), source: 'b@two' }, 0);
      expect(tag).toBe(at < 1_000 + MOST_WAITING ? 'waiting' : 'refused');
    }
    const ok = matches.ok({ type: 'tunnel_ok', tunnel_id: tunnel(5_000) }, 0);
    expect(ok).toMatchObject({ tag: 'failed', why: 'refused', reason: 'overloaded' });
    expect([matches.orphans, matches.announced]).toEqual([MOST_WAITING, MOST_WAITING]);
  });

  test('is forgotten when it is over by itself', () => {
    const matches = fresh();
    const stream = { at: 1 };
    matches.stream(tunnel(1), stream, 0);
    matches.gone(stream);
    expect(matches.orphans).toBe(0);
    const notified = matches.notified({ type: 'tunnel_notify', tunnel_id: tunnel(1), source: 'b@two' }, 0);
    expect(notified).toEqual({ tag: 'waiting' });
  });
});

type Step =
  | { readonly do: 'ask' }
  | { readonly do: 'stream' | 'notify'; readonly at: number }
  | { readonly do: 'ok' | 'error'; readonly at: number; readonly asked: number; readonly named: boolean }
  | { readonly do: 'giveUp' | 'gone'; readonly nth: number }
  | { readonly do: 'pass'; readonly ms: number };

const small = fc.integer({ min: 0, max: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('ask' as const) }),
  fc.record({ do: fc.constantFrom('stream', 'notify'), at: small }),
  fc.record({ do: fc.constantFrom('ok', 'error'), at: small, asked: small, named: fc.boolean() }),
  fc.record({ do: fc.constantFrom('giveUp', 'gone'), nth: small }),
  fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: PATIENCE }) }),
);

/** Where each stream and each request is. A naive list, in the order of time. */
interface Held {
  readonly what: Stream | Request;
  fate: 'held' | 'given' | 'failed' | 'refused' | 'gone' | 'given up' | 'expired';
}

class World {
  readonly matches: Matches<Stream, Request> = fresh();
  readonly requests: Held[] = [];
  readonly streams: Held[] = [];
  now = 0;
  #asked = 0;
  readonly #since = new Map<Held, number>();

  run(one: Step): void {
    switch (one.do) {
      case 'ask': {
        const what = { at: this.#asked++ };
        const held: Held = { what, fate: 'held' };
        // ids of requests are ours, and never the same
        if (this.matches.ask({ id: requestId(what.at), target: 'b@two' }, what)) this.requests.push(held);
        return;
      }
      case 'stream': {
        const what = { at: this.streams.length };
        const held: Held = { what, fate: 'held' };
        this.streams.push(held);
        this.#since.set(held, this.now);
        this.#take(this.matches.stream(tunnel(one.at), what, this.now), held);
        return;
      }
      case 'notify': {
        const notify = { type: 'tunnel_notify', tunnel_id: tunnel(one.at), source: 'c@three' } as const;
        this.#take(this.matches.notified(notify, this.now), undefined);
        return;
      }
      case 'ok':
      case 'error': {
        const request = one.named ? { request_id: requestId(one.asked) } : {};
        const ok = { type: 'tunnel_ok', tunnel_id: tunnel(one.at), ...request } as const;
        const answered =
          one.do === 'ok'
            ? this.matches.ok(ok, this.now)
            : this.matches.refused({ type: 'tunnel_error', reason: 'no', ...request });
        if (answered.tag === 'failed') this.#give(this.requests, answered.request, 'failed');
        if ((answered.tag === 'failed' || answered.tag === 'unwanted') && answered.stream !== undefined)
          this.#give(this.streams, answered.stream, 'refused');
        if (answered.tag === 'outbound' || answered.tag === 'inbound') this.#take(answered, undefined);
        return;
      }
      case 'giveUp': {
        const held = this.requests[one.nth];
        if (held?.fate !== 'held') return;
        held.fate = 'given up';
        this.matches.giveUp(held.what, this.now);
        return;
      }
      case 'gone': {
        const held = this.streams[one.nth];
        if (held?.fate !== 'held') return;
        held.fate = 'gone';
        this.matches.gone(held.what);
        return;
      }
      case 'pass': {
        this.now += one.ms;
        const { streams, requests } = this.matches.expired(this.now);
        for (const stream of streams) this.#give(this.streams, stream, 'expired');
        for (const request of requests) this.#give(this.requests, request, 'expired');
        for (const [held, since] of this.#since)
          if (held.fate === 'held') expect(this.now - since).toBeLessThan(PATIENCE);
      }
    }
  }

  #take(match: ReturnType<Matches<Stream, Request>['stream']>, stream: Held | undefined): void {
    if (match.tag === 'refused' && stream !== undefined) stream.fate = 'refused';
    if (match.tag !== 'outbound' && match.tag !== 'inbound') return;
    this.#give(this.streams, match.stream, 'given');
    if (match.tag === 'outbound') this.#give(this.requests, match.request, 'given');
  }

  /** Nobody gets what somebody else has got. */
  #give(list: readonly Held[], what: unknown, fate: Held['fate']): void {
    const held = list.find((one) => one.what === what) as Held;
    expect(held.fate).toBe('held');
    held.fate = fate;
  }
}

test('whatever is said in whatever order, everything goes to one and nothing is forgotten', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const world = new World();
      for (const one of steps) {
        world.run(one);
        const { matches, requests, streams } = world;
        const held = (list: readonly Held[]): number => list.filter(({ fate }) => fate === 'held').length;
        expect(matches.orphans).toBe(held(streams));
        // whoever waits hears of the end of the connection
        expect(matches.all()).toHaveLength(held(requests));
      }
      world.run({ do: 'pass', ms: PATIENCE });
      expect(world.matches.orphans).toBe(0);
      expect(world.matches.announced).toBe(0);
      expect(world.matches.next).toBe(Infinity);
    }),
    { numRuns: 2_000 },
  );
});
