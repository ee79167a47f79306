import { describe, expect, test } from 'vitest';
import type { Process } from '../../../src/actor/process.ts';
import { PeerRequest } from '../../../src/mesh/peer/peer-request.ts';
import { Wish } from '../../../src/mesh/peer/wish.ts';

const ID = 'ab'.repeat(32);
const PLACE = '198.51.100.1:9443';

const request = (): PeerRequest =>
  new PeerRequest({ nodeId: ID, addresses: [PLACE] }, { type: 'ping' }, () => undefined);

const places = (count: number): string[] => Array.from({ length: count }, (_, n) => `198.51.100.${n}:9443`);

describe('a wish', () => {
  test('knows twenty addresses at most, and each once', () => {
    const wish = new Wish(ID);
    expect(wish.add(places(15))).toBe(true);
    expect(wish.add(places(15))).toBe(false);
    expect(wish.add(places(40))).toBe(true);
    expect(wish.untried).toEqual(places(20));
    expect(wish.add(['203.0.113.1:9443'])).toBe(false);
    // those that it knows are known all the same
    for (const place of places(20)) wish.tried(place);
    wish.again(PLACE);
    expect(wish.untried).toEqual([PLACE]);
  });

  test('tries addresses anew that have lost a race, as often as it may know more of them', () => {
    const wish = new Wish(ID);
    wish.add(places(2));
    let dials = 0;
    for (let [next] = wish.untried; next !== undefined; [next] = wish.untried) {
      wish.tried(next);
      wish.lost(next);
      if (++dials > 100) break;
    }
    expect(dials).toBe(20);
    expect(wish.add(['203.0.113.1:9443'])).toBe(false);
  });

  test('takes over addresses and calls of another one for the same peer', () => {
    const [wish, other] = [new Wish(ID), new Wish(undefined)];
    const [own, its] = [request(), request()];
    wish.add(places(1));
    other.add(places(2));
    expect([wish.hold(own), other.hold(its)]).toEqual([true, true]);
    wish.take(other);
    expect([[...wish.calls], other.calls.size]).toEqual([[own, its], 0]);
    expect(wish.untried).toEqual(places(2));
  });

  test('takes over the stations that lead to it, four at most, and that a way through its NAT was sought', () => {
    const stations = (from: number, to: number): string[] =>
      Array.from({ length: to - from }, (_, n) => `relay=203.0.113.${from + n}:9443`);
    const [wish, other, late] = [new Wish(ID), new Wish(undefined), new Wish(ID)];
    wish.add(stations(0, 2));
    other.add(stations(1, 6));
    other.traversed = true;
    // what is under way there is given up, so it was no try
    other.traversal = {} as Process;
    wish.take(other);
    expect([...wish.stations]).toEqual(stations(0, 4).map((hint) => hint.slice('relay='.length)));
    expect([wish.traversed, late.hasAddress]).toEqual([false, false]);
    other.traversal = undefined;
    late.take(other);
    expect([late.traversed, late.hasAddress]).toEqual([true, true]);
  });

  test('counts questions as tried that waited when its dial began, and that come while it is under way', () => {
    const wish = new Wish(ID);
    const [before, during, after] = [request(), request(), request()];
    wish.hold(before);
    expect(before.tried).toBe(false);
    wish.dialed({} as Process, PLACE);
    wish.hold(during);
    wish.dials.clear();
    wish.hold(after);
    expect([before.tried, during.tried, after.tried]).toEqual([true, true, false]);
  });

  test('holds as many calls as may be under way; those that were given up make room', () => {
    const wish = new Wish(ID);
    const calls = Array.from({ length: 4_096 }, request);
    expect(calls.every((call) => wish.hold(call))).toBe(true);
    const more = request();
    expect(wish.hold(more)).toBe(false);
    calls[7]!.cancel(undefined);
    expect([wish.hold(more), wish.hold(request())]).toEqual([true, false]);
  });

  test('is wanted until all have given up, and waits as long as the last of them', () => {
    const wish = new Wish(ID);
    const [one, other] = [request(), request()];
    [one.deadline, other.deadline] = [100, 200];
    for (const call of [one, other]) wish.hold(call);
    expect([wish.wanted, wish.deadline]).toEqual([true, 200]);
    other.cancel(undefined);
    expect([wish.wanted, wish.deadline]).toEqual([true, 100]);
    one.cancel(undefined);
    expect([wish.wanted, wish.deadline]).toEqual([false, 0]);
  });

  test('is refused when it is refused at every address, and says why for the last', () => {
    const wish = new Wish(ID);
    wish.add(places(2));
    wish.refused(places(2)[0]!, { tag: 'unauthorized', detail: 'one' });
    expect(wish.refusal).toBe(undefined);
    wish.refused(places(2)[1]!, { tag: 'unauthorized', detail: 'two' });
    expect(wish.refusal).toEqual({ tag: 'unauthorized', detail: 'two' });
  });
});
