/** Where the packets of one link go: nobody but the peer decides it, and a dead path is left in time. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { seededRandom } from '../../../src/actor/random.ts';
import { ASK_AGAIN } from '../../../src/transport/paths/asking.ts';
import { AMPLIFICATION } from '../../../src/transport/paths/candidate.ts';
import { PathProof, PROBE_SIZE } from '../../../src/transport/paths/path-proof.ts';
import { Paths, PUNCHING, SILENCE } from '../../../src/transport/paths/paths.ts';
import { RETRIES, SEARCH_QUESTIONS, STANDBY } from '../../../src/transport/paths/schedule.ts';
import { STRANGERS, STRANGERS_WINDOW } from '../../../src/transport/paths/strangers.ts';
import type { PhysicalAddress } from '../../../src/transport/transport.ts';
import { relayedAddress, tlsAddress } from '../../../src/transport/way.ts';

const HOME = { host: '192.0.2.1', port: 1_000 };
const AWAY = { host: '192.0.2.1', port: 2_000 };
const THIRD = { host: '198.51.100.9', port: 9 };
const RELAY = relayedAddress(new Uint8Array(16).fill(7));
const LATE = SILENCE + 1;

const random = seededRandom('paths');
const [a, b, id] = [random.bytes(32), random.bytes(32), random.bytes(20)];
/** The other side. */
const peer = new PathProof('dialer', b, a);

interface Sent {
  readonly bytes: Buffer;
  readonly to: PhysicalAddress;
  readonly at: number;
  /** When the answer comes; undefined when none does. */
  readonly answered: number | undefined;
}

/** A link's paths, and time as its link drives it. */
class World {
  now = 0;
  outstanding = false;
  /** Which of the peer's addresses answer, and after how many ms. */
  readonly #answers = new Map<string, number>();
  readonly sent: Sent[] = [];
  readonly news: string[] = [];
  readonly paths: Paths;
  /** Genuine packets, in all. */
  #all = 0;
  readonly #delivered = new Set<Sent>();

  constructor(first: PhysicalAddress = HOME, keyed = true) {
    const host = {
      random,
      peerId: () => id,
      probe: (bytes: Uint8Array, to: PhysicalAddress) => {
        const rtt = bytes[1] === 0 ? this.#answers.get(`${to.host} ${to.port}`) : undefined;
        const answered = rtt === undefined ? undefined : this.now + rtt;
        this.sent.push({ bytes: Buffer.from(bytes), to, at: this.now, answered });
      },
    };
    this.paths = new Paths(host, first, 0);
    if (keyed) this.paths.key('acceptor', a, b);
  }

  /** Genuine packet of 100 bytes. True when it came on a known path. */
  genuine(from: PhysicalAddress, bytes = 100): boolean {
    this.#all++;
    const known = this.paths.arrived(from.host, from.port, bytes, this.now);
    if (!known) this.paths.genuine(from.host, from.port, bytes, this.now, 1, this.#all);
    return known;
  }

  /** A datagram that nobody has looked into. */
  forged(from: PhysicalAddress): boolean {
    return this.paths.arrived(from.host, from.port, 50, this.now);
  }

  probed(bytes: Uint8Array, from: PhysicalAddress): boolean {
    return this.paths.probed(Buffer.from(bytes), from, this.now, () => true);
  }

  question(from: PhysicalAddress, nonce = random.bytes(8)): boolean {
    return this.probed(peer.write('question', id, nonce), from);
  }

  /** The answer of the peer to a question of ours. */
  answer({ bytes }: Sent): Uint8Array {
    return peer.write('answer', id, peer.read(bytes)!.nonce);
  }

  asked(to: PhysicalAddress): Sent[] {
    return this.sent.filter(
      (one) => one.to.host === to.host && one.to.port === to.port && one.bytes[1] === 0,
    );
  }

  /** Lets time pass as a link does: it ticks when it is due, and answers arrive in between. */
  pass(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      this.#note();
      const due = this.paths.watch(this.now, this.outstanding);
      const next = this.#coming();
      const at = Math.min(due, next?.answered ?? Infinity);
      if (!(at <= end)) break;
      this.now = Math.max(this.now, at);
      if (next !== undefined && next.answered === at) {
        this.#delivered.add(next);
        this.probed(this.answer(next), next.to);
      } else this.paths.tick(this.now);
    }
    this.now = end;
    this.#note();
  }

  /** The next answer under way. */
  #coming(): Sent | undefined {
    let first: Sent | undefined;
    for (const one of this.sent)
      if (!this.#delivered.has(one) && (one.answered ?? Infinity) < (first?.answered ?? Infinity))
        first = one;
    return first;
  }

  reaches(address: PhysicalAddress, rtt: number | undefined): void {
    if (rtt === undefined) this.#answers.delete(`${address.host} ${address.port}`);
    else this.#answers.set(`${address.host} ${address.port}`, rtt);
  }

  #note(): void {
    const news = this.paths.takeNews();
    if (news !== 'none') this.news.push(news);
  }
}

/** Relayed first, and a direct path that was won. */
function upgraded(): World {
  const world = new World(RELAY);
  world.reaches(RELAY, 40);
  world.reaches(AWAY, 10);
  world.paths.offer('direct', AWAY, 0);
  world.pass(200);
  world.news.length = 0;
  return world;
}

describe('a link with one path', () => {
  test('sends to the address that was proven, without limit, and wants no ticks', () => {
    const { paths } = new World();
    expect([paths.address, paths.allowance, paths.proven]).toEqual([HOME, Infinity, true]);
    expect(paths.paths).toEqual([
      { kind: 'direct', address: HOME, active: true, proven: true, rtt: undefined },
    ]);
    expect(paths.watch(0, true)).toBe(Infinity);
  });

  test('a genuine packet from elsewhere changes nothing while the proven path speaks', () => {
    const world = new World();
    for (let turn = 0; turn < 100; turn++) {
      expect(world.genuine(HOME)).toBe(true);
      world.now += SILENCE - 2;
      world.genuine(AWAY);
      world.now++;
    }
    expect(world.paths.address).toEqual(HOME);
  });

  test('forged datagrams from there do not make it speak: only genuine packets do', () => {
    const world = new World();
    let moved: number | undefined;
    for (; world.now < 1_000 && moved === undefined; world.now += 20) {
      world.forged(HOME);
      world.genuine(AWAY);
      if (world.paths.address.port === AWAY.port) moved = world.now;
    }
    expect(moved).toBe(SILENCE);
  });

  test('after a silence it becomes the active path, for three times the bytes it brought', () => {
    const world = new World(HOME, false);
    world.now = LATE;
    world.genuine(AWAY);
    expect([world.paths.address, world.paths.allowance]).toEqual([AWAY, AMPLIFICATION * 100]);
    world.paths.sent(250);
    world.now++;
    world.paths.arrived(AWAY.host, AWAY.port, 40, world.now);
    expect(world.paths.allowance).toBe(50 + AMPLIFICATION * 40);
  });

  test('the first datagram of the proven path takes the link back', () => {
    const world = new World();
    world.now = LATE;
    world.genuine(AWAY);
    expect(world.forged(HOME)).toBe(true);
    expect([world.paths.address, world.paths.allowance]).toEqual([HOME, Infinity]);
    world.now += 2 * SILENCE;
    world.genuine(AWAY);
    expect(world.paths.address).toEqual(AWAY);
  });

  test('an unproven path is not where the peer has proven to be: that is the one it replaced', () => {
    const world = new World();
    expect(world.paths.provenAt).toEqual(HOME);
    world.now = LATE;
    world.genuine(THIRD);
    expect([world.paths.address, world.paths.provenAt]).toEqual([THIRD, HOME]);
    world.reaches(THIRD, 10);
    world.pass(200);
    world.genuine(THIRD);
    world.pass(200);
    expect([world.paths.address, world.paths.provenAt]).toEqual([THIRD, THIRD]);
    // and not where it was before that
    world.now += LATE;
    world.genuine(AWAY);
    expect([world.paths.address, world.paths.provenAt]).toEqual([AWAY, THIRD]);
  });

  test('a known unproven path is no way in without a genuine packet', () => {
    const world = new World();
    world.genuine(AWAY);
    world.now = LATE;
    expect(world.forged(AWAY)).toBe(false);
    expect(world.paths.address).toEqual(HOME);
    world.genuine(AWAY);
    expect(world.paths.address).toEqual(AWAY);
  });

  test('remembers six paths and forgets the one silent longest, proven ones last and the active one never', () => {
    const world = new World();
    for (let port = 1; port <= 20; port++) {
      world.now = LATE + port;
      world.genuine({ host: HOME.host, port });
    }
    const { paths } = world.paths;
    expect(paths).toHaveLength(6);
    const ports = paths.map(({ address }) => address.port);
    expect(ports).toContain(HOME.port);
    expect(paths.filter(({ active }) => active)).toHaveLength(1);
    expect(ports).toContain(20);
  });

  test('an active path that is not proven is asked, with a new nonce each time, within its allowance', () => {
    const world = new World();
    world.now = LATE;
    world.genuine(AWAY);
    expect(world.asked(AWAY)).toHaveLength(1);
    world.now += ASK_AGAIN - 1;
    world.genuine(AWAY, 0);
    expect(world.asked(AWAY)).toHaveLength(1);
    world.now++;
    world.genuine(AWAY, 0);
    const [one, other] = world.asked(AWAY);
    expect(one!.bytes.subarray(22, 30)).not.toEqual(other!.bytes.subarray(22, 30));
    world.paths.sent(world.paths.allowance - PROBE_SIZE + 1);
    world.now += ASK_AGAIN;
    world.genuine(AWAY, 0);
    expect(world.asked(AWAY)).toHaveLength(2);
  });

  test('its answer proves it: no limit any more, and what was proven before does not take the link back', () => {
    const world = new World();
    world.now = LATE;
    world.genuine(AWAY);
    expect(world.probed(world.answer(world.asked(AWAY)[0]!), AWAY)).toBe(true);
    expect([world.paths.proven, world.paths.allowance]).toEqual([true, Infinity]);
    expect(world.forged(HOME)).toBe(false);
    expect(world.paths.address).toEqual(AWAY);
    world.now += SILENCE;
    world.genuine(HOME);
    expect([world.paths.address, world.paths.proven]).toEqual([HOME, true]);
  });

  test('a second rebinding before the proof of the first is followed too', () => {
    const world = new World();
    world.now = LATE;
    world.genuine(AWAY);
    world.now += LATE;
    world.genuine(THIRD);
    expect(world.paths.address).toEqual(THIRD);
    world.probed(world.answer(world.asked(THIRD)[0]!), THIRD);
    expect([world.paths.address, world.paths.proven]).toEqual([THIRD, true]);
  });

  test('that was left for a stranger who knew an older address of the peer is not lost', () => {
    const world = new World();
    world.now = LATE;
    world.genuine(AWAY);
    world.probed(world.answer(world.asked(AWAY)[0]!), AWAY);
    world.now += LATE;
    world.genuine(THIRD);
    world.now += LATE;
    // copied to the address before the last, which was proven once
    world.genuine(HOME);
    expect([world.paths.address, world.paths.proven]).toEqual([HOME, true]);
    world.now += LATE;
    world.genuine(AWAY);
    expect([world.paths.address, world.paths.proven]).toEqual([AWAY, true]);
    world.now += LATE;
    world.genuine(THIRD);
    world.forged(AWAY);
    expect(world.paths.address).toEqual(AWAY);
  });

  test('that a stranger had taken over is there to fall back to, when the peer is won elsewhere', () => {
    const world = new World();
    world.now = LATE;
    world.genuine(AWAY);
    world.reaches(THIRD, 10);
    world.paths.offer('direct', THIRD, world.now);
    world.pass(1_000);
    expect(world.paths.address).toEqual(THIRD);
    world.reaches(HOME, 10);
    world.reaches(THIRD, undefined);
    world.outstanding = true;
    world.pass(1_000);
    expect(world.paths.address).toEqual(HOME);
  });

  test('a datagram from where the peer was once does not take the link from a stranger: from where it is does', () => {
    const world = new World();
    world.now = LATE;
    world.genuine(AWAY);
    world.probed(world.answer(world.asked(AWAY)[0]!), AWAY);
    world.now += LATE;
    world.genuine(THIRD);
    expect(world.paths.address).toEqual(THIRD);
    expect(world.forged(HOME)).toBe(false);
    expect(world.paths.address).toEqual(THIRD);
    expect(world.forged(AWAY)).toBe(true);
    expect([world.paths.address, world.paths.proven]).toEqual([AWAY, true]);
  });

  test('looks at so many datagrams of strangers per window and no more', () => {
    const { paths } = new World();
    for (let count = 0; count < STRANGERS; count++) expect(paths.stranger(10)).toBe(true);
    expect(paths.stranger(10 + STRANGERS_WINDOW - 1)).toBe(false);
    expect(paths.stranger(10 + STRANGERS_WINDOW)).toBe(true);
  });
});

describe('a keyed probe', () => {
  test('is answered at its own size to where packets go, and to nobody else', () => {
    const world = new World();
    expect(world.question(HOME)).toBe(true);
    expect(world.question(AWAY)).toBe(false);
    expect(world.sent.map(({ to, bytes }) => [to, bytes.length])).toEqual([[HOME, PROBE_SIZE]]);
  });

  test('proves only the address that was asked, once, and only with that nonce', () => {
    const world = new World();
    world.now = LATE;
    world.genuine(AWAY);
    const answer = world.answer(world.asked(AWAY)[0]!);
    expect(world.probed(answer, HOME)).toBe(false);
    expect(world.probed(answer, { ...AWAY, port: 3_000 })).toBe(false);
    expect(world.probed(peer.write('answer', id, new Uint8Array(8)), AWAY)).toBe(false);
    expect(world.paths.proven).toBe(false);
    expect(world.probed(answer, AWAY)).toBe(true);
    expect(world.probed(answer, AWAY)).toBe(false);
  });

  test('of our own, reflected to us, proves nothing', () => {
    const world = new World();
    world.now = LATE;
    world.genuine(AWAY);
    for (const { bytes } of world.sent.slice()) {
      expect(world.probed(bytes, AWAY)).toBe(false);
      const turned = Buffer.from(bytes);
      turned[1] = 1;
      expect(world.probed(turned, AWAY)).toBe(false);
    }
    expect(world.paths.proven).toBe(false);
  });

  test('before the hello is for nobody', () => {
    const world = new World(HOME, false);
    expect(world.question(HOME)).toBe(false);
    expect(world.paths.offer('direct', AWAY, 0)).toBe(false);
  });
});

describe('an offer', () => {
  test('is asked a bounded number of times within two seconds, then forgotten', () => {
    const world = new World(RELAY);
    expect(world.paths.offer('direct', AWAY, 0)).toBe(true);
    world.pass(60_000);
    const at = world.asked(AWAY).map((one) => one.at);
    expect(at).toHaveLength(SEARCH_QUESTIONS);
    expect(at.slice(0, 4)).toEqual([0, 50, 100, 150]);
    expect(at.at(-1)).toBeLessThan(2_000);
    expect(world.paths.paths).toHaveLength(1);
  });

  test('that answers is used when it is better: direct before relayed, then the faster one', () => {
    const world = upgraded();
    expect(world.paths.address).toEqual(AWAY);
    expect(world.paths.paths.map(({ kind, active, proven, rtt }) => [kind, active, proven, rtt])).toEqual([
      ['relayed', false, true, 40],
      ['direct', true, true, 10],
    ]);
    world.reaches(THIRD, 2);
    world.paths.offer('punched', THIRD, world.now);
    world.pass(100);
    expect(world.paths.address).toEqual(THIRD);
  });

  test('that is hardly faster, or slower, changes nothing', () => {
    const world = upgraded();
    for (const [port, rtt] of [
      [1, 9],
      [2, 20],
    ] as const) {
      world.reaches({ ...THIRD, port }, rtt);
      world.paths.offer('direct', { ...THIRD, port }, world.now);
    }
    world.pass(3_000);
    expect(world.paths.paths.filter(({ proven }) => proven)).toHaveLength(4);
    expect(world.paths.address).toEqual(AWAY);
  });

  test('that is won holds the first packet until what is under way cannot be overtaken', () => {
    const world = new World(RELAY);
    world.reaches(RELAY, 40);
    world.reaches(AWAY, 10);
    world.paths.offer('direct', AWAY, 0);
    world.pass(39);
    // won, but there is nothing yet to compare with
    expect([world.paths.address, world.paths.paths[1]?.proven]).toEqual([RELAY, true]);
    world.pass(1);
    expect(world.paths.address).toEqual(AWAY);
    expect(world.paths.heldUntil).toBe(40 + (40 - 10) / 2 + 1);
  });

  test('that is won is used though the path before does not answer any more', () => {
    const world = new World(RELAY);
    world.reaches(AWAY, 10);
    world.paths.offer('direct', AWAY, 0);
    world.pass(1_000);
    expect(world.paths.address).toEqual(AWAY);
  });

  test('is one of six at most, and a flood of them is a bounded number of questions', () => {
    const world = new World(RELAY);
    let tried = 0;
    for (let round = 0; round < 100; round++) {
      for (let port = 1; port <= 20; port++)
        if (world.paths.offer('direct', { ...THIRD, port }, world.now)) tried++;
      expect(world.paths.paths.length).toBeLessThanOrEqual(6);
      world.pass(100);
    }
    expect(tried).toBeGreaterThan(100);
    // a full round, and four a second
    expect(world.sent.length).toBeLessThan(6 * SEARCH_QUESTIONS + 10 * 4 + 20);
  });

  test('again of a path that is known asks it again and adds none', () => {
    const world = upgraded();
    world.paths.offer('direct', AWAY, world.now);
    world.paths.offer('direct', RELAY, world.now);
    expect(world.paths.paths).toHaveLength(2);
    expect(world.paths.paths[0]?.kind).toBe('relayed');
  });
});

describe('a source that nobody offered', () => {
  test('is answered where it was seen, and won, while offers are tried: the peer behind another port', () => {
    const world = new World(RELAY);
    world.reaches(RELAY, 40);
    world.reaches(THIRD, 10);
    world.paths.offer('punched', AWAY, 0);
    expect(world.question(THIRD)).toBe(true);
    expect(world.sent.filter(({ to, bytes }) => to.port === THIRD.port && bytes[1] === 1)).toHaveLength(1);
    world.pass(200);
    expect(world.paths.address).toEqual(THIRD);
    expect(world.paths.paths.find(({ active }) => active)?.kind).toBe('punched');
  });

  test('is as relayed as its address: one behind a relay beats no direct path, nor another relay', () => {
    const other = relayedAddress(new Uint8Array(16).fill(8));
    for (const first of [RELAY, AWAY]) {
      const world = new World(first);
      world.reaches(first, 40);
      world.reaches(other, 38);
      world.paths.offer('punched', THIRD, 0);
      world.pass(50);
      world.question(other);
      world.pass(200);
      expect(world.paths.paths.find(({ address }) => address.host === other.host)?.kind).toBe('relayed');
      expect(world.paths.address).toEqual(first);
    }
  });

  test('gets three times what it sends, and no QUIC, when a question was copied', () => {
    const world = new World(RELAY);
    world.paths.offer('punched', AWAY, 0);
    expect(world.question(THIRD)).toBe(true);
    world.pass(PUNCHING);
    const bytes = world.sent.filter(({ to }) => to.host === THIRD.host).length * PROBE_SIZE;
    expect(bytes).toBeLessThanOrEqual(AMPLIFICATION * PROBE_SIZE);
    expect(world.paths.address).toEqual(RELAY);
  });

  test('that repeats a question which was heard before is nobody', () => {
    const world = new World(RELAY);
    world.paths.offer('punched', AWAY, 0);
    const nonce = random.bytes(8);
    expect(world.question(RELAY, nonce)).toBe(true);
    expect(world.question(THIRD, nonce)).toBe(false);
    expect(world.paths.paths).toHaveLength(2);
    // nor when he is known already
    world.genuine(THIRD);
    expect(world.question(THIRD, nonce)).toBe(false);
  });

  test('that keeps a question until many others were heard is nobody either', () => {
    const world = new World(RELAY);
    const nonce = random.bytes(8);
    world.question(RELAY, nonce);
    for (let count = 0; count < 1_000; count++) world.question(RELAY);
    world.paths.offer('punched', AWAY, 0);
    expect(world.question(THIRD, nonce)).toBe(false);
    expect(world.paths.paths.some(({ address }) => address.host === THIRD.host)).toBe(false);
  });

  test('is nobody when nothing was offered and all is well', () => {
    const world = upgraded();
    world.now += PUNCHING;
    expect(world.question(THIRD)).toBe(false);
    world.genuine(THIRD);
    world.pass(PUNCHING);
    expect(world.asked(THIRD).length).toBeLessThanOrEqual(1);
    expect(world.paths.address).toEqual(AWAY);
  });

  test('replaces a path that is missing answers, as its kind: the peer has another port', () => {
    const world = upgraded();
    world.pass(2 * PUNCHING);
    world.reaches(AWAY, undefined);
    world.reaches(THIRD, 10);
    world.outstanding = true;
    world.pass(250);
    expect(world.news).toEqual(['doubt']);
    expect(world.question(THIRD)).toBe(true);
    world.pass(20);
    expect(world.paths.address).toEqual(THIRD);
    expect(world.paths.paths.filter(({ proven, kind }) => proven && kind === 'direct').length).toBe(2);
  });

  test('does so also when the path was given up meanwhile', () => {
    const world = upgraded();
    world.pass(2 * PUNCHING);
    world.reaches(AWAY, undefined);
    world.outstanding = true;
    world.pass(500);
    expect(world.paths.address).toEqual(RELAY);
    world.reaches(THIRD, 10);
    expect(world.question(THIRD)).toBe(true);
    world.pass(20);
    expect(world.paths.address).toEqual(THIRD);
    expect(world.paths.paths).toHaveLength(2);
  });

  test('never replaces the active path on the strength of packets while another path is there', () => {
    const world = upgraded();
    for (let turn = 0; turn < 20; turn++) {
      world.pass(LATE);
      world.genuine(THIRD);
      expect(world.paths.address).toEqual(AWAY);
    }
  });

  test('is the way back from TCP to UDP', () => {
    const world = new World(tlsAddress(1));
    world.reaches(tlsAddress(1), 20);
    world.reaches(THIRD, 20);
    expect(world.question(THIRD)).toBe(true);
    world.pass(100);
    expect(world.paths.address).toEqual(THIRD);
  });
});

describe('somebody who can only copy', () => {
  const action = fc.oneof(
    fc.constantFrom(
      'packet',
      'question',
      'answer',
      'reflect',
      'garbage',
      'offer',
      'cut',
      'heal',
      'busy',
      'idle',
    ),
    fc.integer({ min: 1, max: 400 }),
  );

  test('never becomes a path, nor gets more than three times what he sends, whatever he does and when', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const world = upgraded();
        let received = 0;
        const nonces: Uint8Array[] = [];
        const send = (bytes: Uint8Array): void => {
          received += bytes.length;
          world.probed(bytes, THIRD);
        };
        for (const one of actions) {
          if (typeof one === 'number') world.pass(one);
          else if (one === 'packet') {
            received += 100;
            world.genuine(THIRD);
          } else if (one === 'question') {
            // the peer asked on its path; the copy is faster every other time
            const nonce = random.bytes(8);
            nonces.push(nonce);
            if (nonces.length % 2 === 0) world.question(AWAY, nonce);
            send(peer.write('question', id, nonce));
            if (nonces.length % 2 === 1) world.question(AWAY, nonce);
          } else if (one === 'answer') {
            // what the peer answered to a question that was asked of its own address
            const asked = world.sent.findLast(({ to, bytes }) => to.host !== THIRD.host && bytes[1] === 0);
            if (asked !== undefined) send(world.answer(asked));
          } else if (one === 'reflect') send(world.sent.at(-1)!.bytes);
          else if (one === 'garbage') send(random.bytes(PROBE_SIZE));
          else if (one === 'offer') world.paths.offer('punched', { ...HOME, port: 7 }, world.now);
          else if (one === 'cut' || one === 'heal') world.reaches(AWAY, one === 'heal' ? 10 : undefined);
          else world.outstanding = one === 'busy';
          expect(world.paths.address.host).not.toBe(THIRD.host);
          expect(world.paths.copy?.host).not.toBe(THIRD.host);
          expect(world.paths.paths.length).toBeLessThanOrEqual(6);
          const got = world.sent.filter(({ to }) => to.host === THIRD.host).length * PROBE_SIZE;
          expect(got).toBeLessThanOrEqual(AMPLIFICATION * received);
        }
        expect(world.paths.paths.some(({ address, proven }) => proven && address.host === THIRD.host)).toBe(
          false,
        );
      }),
      { numRuns: 300 },
    );
  });
});

describe('another carrier', () => {
  test('takes over from an address where nothing answered, which is asked for ever, and used when it answers', () => {
    const world = new World(HOME, false);
    world.reaches(tlsAddress(1), 20);
    world.paths.reroute(tlsAddress(1), 0);
    expect([world.paths.address, world.paths.allowance]).toEqual([tlsAddress(1), Infinity]);
    world.paths.key('acceptor', a, b);
    world.pass(600_000);
    expect(world.asked(HOME).length).toBeGreaterThan(RETRIES);
    expect(world.paths.address).toEqual(tlsAddress(1));
    world.reaches(HOME, 20);
    world.pass(60_000);
    expect(world.paths.address).toEqual(HOME);
    expect(world.paths.paths).toHaveLength(2);
    // and is kept for the next time
    world.pass(2 * STANDBY);
    expect(world.asked(tlsAddress(1)).length).toBeGreaterThan(0);
    world.reaches(HOME, undefined);
    world.outstanding = true;
    world.pass(500);
    expect(world.paths.address).toEqual(tlsAddress(1));
  });
});

describe('the path in use', () => {
  test('is asked only while something is outstanding, or the peer speaks along another', () => {
    const world = upgraded();
    world.pass(2 * STANDBY);
    const before = world.asked(AWAY).length;
    world.pass(1_000);
    expect(world.asked(AWAY)).toHaveLength(before);
    world.outstanding = true;
    world.pass(1_000);
    expect(world.asked(AWAY).length - before).toBeGreaterThanOrEqual(10);
    world.outstanding = false;
    const quiet = world.asked(AWAY).length;
    expect(world.genuine(RELAY)).toBe(true);
    world.pass(500);
    expect(world.asked(AWAY).length).toBeGreaterThan(quiet);
  });

  test('that dies: one miss and packets go along the relay too, three and they go there', () => {
    const world = upgraded();
    world.pass(1_000);
    world.outstanding = true;
    world.pass(1_000);
    world.reaches(AWAY, undefined);
    const died = world.now;
    while (world.paths.copy === undefined) world.pass(1);
    expect(world.now - died).toBeLessThanOrEqual(200);
    expect([world.paths.copy, world.paths.address]).toEqual([RELAY, AWAY]);
    while (world.paths.address !== RELAY) world.pass(1);
    expect(world.now - died).toBeLessThanOrEqual(400);
    expect(world.paths.copy).toBeUndefined();
    expect(world.paths.heldUntil).toBeLessThanOrEqual(world.now);
    expect(world.news).toEqual(['doubt', 'switched']);
    expect(world.paths.paths.find(({ kind }) => kind === 'direct')?.proven).toBe(false);
  });

  test('that dies with another direct one is left for the relay, and not for that', () => {
    const world = upgraded();
    world.reaches(THIRD, 12);
    world.paths.offer('direct', THIRD, world.now);
    world.pass(1_000);
    world.outstanding = true;
    world.reaches(AWAY, undefined);
    world.reaches(THIRD, undefined);
    world.pass(250);
    expect(world.paths.copy).toEqual(RELAY);
    for (let times = 0; times < 100; times++) {
      world.pass(10);
      expect([AWAY, RELAY]).toContain(world.paths.address);
    }
    expect(world.paths.address).toEqual(RELAY);
  });

  test('that has died does not come back sooner because the peer asks there', () => {
    const world = upgraded();
    world.outstanding = true;
    world.reaches(AWAY, undefined);
    while (world.paths.address !== RELAY) world.pass(1);
    world.reaches(AWAY, 10);
    world.pass(500);
    expect(world.question(AWAY)).toBe(true);
    world.pass(100);
    expect(world.paths.address).toEqual(RELAY);
  });

  test('that was good for half a minute has got over its deaths', () => {
    const world = upgraded();
    world.outstanding = true;
    for (let deaths = 0; deaths < 3; deaths++) {
      world.reaches(AWAY, undefined);
      while (world.paths.address !== RELAY) world.pass(1);
      const fell = world.now;
      world.reaches(AWAY, 10);
      while (world.paths.address !== AWAY) world.pass(1);
      expect(world.now - fell).toBeLessThan(1_100);
      world.pass(30_000);
    }
  });

  test('that answers again after one miss is used alone again', () => {
    const world = upgraded();
    world.outstanding = true;
    world.pass(1_000);
    world.reaches(AWAY, undefined);
    while (world.paths.copy === undefined) world.pass(1);
    world.reaches(AWAY, 10);
    world.pass(150);
    expect([world.paths.copy, world.paths.address]).toEqual([undefined, AWAY]);
    world.pass(5_000);
    expect(world.news).toEqual(['doubt']);
  });

  test('that came back from the dead is used again, each time later', () => {
    const world = upgraded();
    world.outstanding = true;
    const pauses: number[] = [];
    for (let deaths = 0; deaths < 3; deaths++) {
      world.reaches(AWAY, undefined);
      while (world.paths.address !== RELAY) world.pass(1);
      const fell = world.now;
      world.reaches(AWAY, 10);
      while (world.paths.address !== AWAY) world.pass(1);
      pauses.push(Math.round((world.now - fell) / 100) * 100);
    }
    expect(pauses).toEqual([1_000, 2_000, 4_000]);
  });

  test('that stays dead is given up after a bounded number of questions', () => {
    const world = upgraded();
    world.outstanding = true;
    world.reaches(AWAY, undefined);
    while (world.paths.address !== RELAY) world.pass(1);
    const asked = world.asked(AWAY).length;
    world.pass(1_000_000);
    expect(world.asked(AWAY).length - asked).toBe(RETRIES);
    expect(world.paths.paths).toHaveLength(1);
  });

  test('is not suspected because our own event loop was late', () => {
    const world = upgraded();
    world.outstanding = true;
    world.pass(1_000);
    for (let times = 0; times < 10; times++) {
      const due = world.paths.watch(world.now, true);
      // blocked; the answer lies unread while the timer fires first
      world.now = due + 300;
      world.paths.tick(world.now);
      expect(world.paths.copy).toBeUndefined();
      world.pass(60);
    }
    expect(world.paths.address).toEqual(AWAY);
    expect(world.news).toEqual([]);
  });

  test('on which answers take long is not suspected of it', () => {
    const world = new World(RELAY);
    world.reaches(RELAY, 700);
    world.reaches(AWAY, 600);
    world.paths.offer('direct', AWAY, 0);
    world.outstanding = true;
    world.pass(5_000);
    world.news.length = 0;
    world.pass(10_000);
    expect(world.paths.address).toEqual(AWAY);
    expect(world.news).toEqual([]);
  });

  test('stays, however dead, when there is no other', () => {
    const world = upgraded();
    world.outstanding = true;
    world.reaches(AWAY, undefined);
    world.reaches(RELAY, undefined);
    world.pass(300_000);
    const { paths } = world.paths;
    expect(paths.filter(({ active }) => active)).toHaveLength(1);
    world.reaches(RELAY, 40);
    world.pass(120_000);
    expect(world.paths.address).toEqual(RELAY);
  });
});

describe('a path on standby', () => {
  test('is asked now and then, so that NATs on it remember us', () => {
    const world = upgraded();
    const before = world.asked(RELAY).length;
    world.pass(10 * STANDBY);
    expect(world.asked(RELAY).length - before).toBe(9);
    expect(world.asked(AWAY).length).toBeLessThan(20);
  });

  test('that does not answer is no way to fall back to', () => {
    const world = upgraded();
    world.reaches(RELAY, undefined);
    world.pass(2 * STANDBY);
    expect(world.paths.paths.find(({ kind }) => kind === 'relayed')?.proven).toBe(false);
    world.reaches(AWAY, undefined);
    world.outstanding = true;
    world.pass(1_000);
    expect(world.paths.address).toEqual(AWAY);
  });
});

describe('a path that is withdrawn', () => {
  test('gets no copies any more', () => {
    const world = upgraded();
    world.reaches(AWAY, undefined);
    world.outstanding = true;
    while (world.paths.copy === undefined) world.pass(1);
    world.paths.withdraw(RELAY, world.now);
    expect([world.paths.copy, world.paths.address]).toEqual([undefined, AWAY]);
  });

  test('is left at once when there is another, and stays while it is the last', () => {
    const world = upgraded();
    world.paths.withdraw(AWAY, world.now);
    expect(world.paths.address).toEqual(RELAY);
    expect(world.paths.paths).toHaveLength(1);
    world.paths.withdraw(RELAY, world.now);
    expect(world.paths.address).toEqual(RELAY);
    world.paths.offer('direct', AWAY, world.now);
    world.pass(200);
    expect(world.paths.address).toEqual(AWAY);
    expect(world.paths.paths).toHaveLength(1);
  });

  test('does not come back because the peer still asks there; when it is offered again it does', () => {
    const world = upgraded();
    world.paths.withdraw(AWAY, world.now);
    expect(world.question(AWAY)).toBe(false);
    world.genuine(AWAY);
    world.pass(100);
    expect(world.paths.address).toEqual(RELAY);
    world.paths.offer('direct', AWAY, world.now);
    world.pass(100);
    expect(world.paths.address).toEqual(AWAY);
  });

  test('and was never known changes nothing', () => {
    const world = upgraded();
    world.paths.withdraw(THIRD, world.now);
    expect(world.paths.paths).toHaveLength(2);
  });
});
