/**
 * Streams against a peer that does what ours never does: stops without resetting, skips ids, abandons in odd
 * orders. What every transport keeps stands in the compliance suite.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { seededRandom, systemRandom } from '../../src/actor/random.ts';
import { createIdentity } from '../../src/identity/identity.ts';
import { ResetCode, type Endpoint } from '../../src/transport/transport.ts';
import { barrier, LinkRecorder, type StreamRecorder } from '../transport/recorder.ts';
import { quicBench, until } from './quic-bench.ts';
import { quiche, RawPeer } from './quic-raw.ts';

const STREAMS = 20;
const { Read, Write } = quiche.Shutdown;
const NONE = Buffer.alloc(0);

const bench = quicBench();

let endpoint: Endpoint;
let inbound: LinkRecorder[];
let here: LinkRecorder;
let raw: RawPeer;

const dialRaw = (): Promise<RawPeer> => {
  const { privateKey, certificate } = createIdentity(systemRandom, bench.clock.wall());
  return RawPeer.dial(endpoint.local, { privateKey, certificates: [certificate], streams: STREAMS });
};

beforeEach(async () => {
  inbound = [];
  endpoint = await bench.open({
    onLink: (link) => {
      const recorder = new LinkRecorder();
      recorder.link = link;
      inbound.push(recorder);
      return recorder;
    },
    limits: { streams: STREAMS },
  });
  raw = await dialRaw();
  await until(() => inbound[0]?.isOpen === true);
  here = inbound[0] as LinkRecorder;
});

afterEach(async () => {
  await endpoint.close();
  await raw.socket.close();
  bench.empty();
});

const send = (id: number, bytes: Uint8Array, end = false): void => {
  raw.native.streamSend(id, bytes, end);
  raw.flush();
};

const shut = (id: number, half: number, code: number): void => {
  raw.native.streamShutdown(id, half, code);
  raw.flush();
};

/** Our end of a stream the raw peer opened. */
const opened = async (id: number): Promise<StreamRecorder> => {
  await until(() => here.streams.some((stream) => stream.id === id));
  return here.streams.find((stream) => stream.id === id) as StreamRecorder;
};

/** Reads at the raw peer until its half of the stream is over; tells how. */
const rawOutcome = async (id: number): Promise<string> => {
  let outcome = '';
  const into = Buffer.alloc(65_536);
  await until(() => {
    try {
      const result = raw.native.streamRecv(id, into);
      if (result?.[1] === true) outcome = 'end';
    } catch (error) {
      outcome = (error as Error).message;
    }
    raw.flush();
    return outcome !== '';
  });
  return outcome;
};

describe('a stream', () => {
  test('that the peer only stops is over for both halves, although nothing was being written', async () => {
    send(0, Buffer.from('x'));
    const stream = await opened(0);
    await until(() => stream.received === 1);
    shut(0, Read, 77);
    await until(() => stream.over);
    expect(stream.resets).toEqual([77]);
    // Collected: we have ended our half too.
    expect(await rawOutcome(0)).toBe('InvalidStreamState(0)');
  });

  test('that the peer only resets is over for both halves, and the peer hears so', async () => {
    send(0, Buffer.from('x'));
    const stream = await opened(0);
    await until(() => stream.received === 1);
    shut(0, Write, 78);
    await until(() => stream.over);
    expect(stream.resets).toEqual([78]);
    expect(await rawOutcome(0)).toBe('StreamReset(78)');
  });

  test('that was ended, read and then stopped does not keep what is written to it', async () => {
    send(0, Buffer.from('x'), true);
    const stream = await opened(0);
    await until(() => stream.ended === 1);
    shut(0, Read, 79);
    await until(() => stream.over && stream.resets.length > 0);
    stream.stream?.write(Buffer.from('too late'));
    expect(here.link.queued).toBe(0);
    expect(here.isOpen).toBe(true);
  });

  test('that is stopped while our bytes wait for room drops them', async () => {
    send(0, Buffer.from('x'));
    const stream = await opened(0);
    stream.stream?.write(new Uint8Array(2_000_000), true);
    await until(() => here.link.queued > 0 && here.link.queued < 2_000_000);
    shut(0, Read, 80);
    await until(() => stream.over);
    expect([stream.resets, here.link.queued]).toEqual([[80], 0]);
  });

  test('whose id comes before lower ones does not close their way', async () => {
    send(8, Buffer.from('third'), true);
    expect((await opened(8)).id).toBe(8);
    send(0, Buffer.from('first'), true);
    send(4, Buffer.from('second'), true);
    for (const [id, text] of [
      [0, 'first'],
      [4, 'second'],
      [8, 'third'],
    ] as const) {
      const stream = await opened(id);
      await until(() => stream.ended === 1);
      expect(stream.bytes.toString()).toBe(text);
    }
    expect(here.streams).toHaveLength(3);
  });

  test('stopped, then filled and ended, then reset while its receiver pauses, ends once and quietly', async () => {
    here.take = ({ stream }) => stream?.pause();
    send(0, Buffer.from('x'));
    const stream = await opened(0);
    raw.native.streamShutdown(0, Read, 81);
    raw.flush();
    try {
      send(0, Buffer.alloc(9_000), true);
      shut(0, Write, 82);
    } catch {
      // Our answer to the stop may have ended it already.
    }
    await until(() => stream.over);
    expect(stream.resets).toHaveLength(1);
    expect(here.isOpen).toBe(true);
  });

  test('opened by reset alone is heard of and over, and its credit returns', async () => {
    for (let id = 0; id < 4 * 3 * STREAMS; id += 4) {
      await until(() => raw.native.peerStreamsLeftBidi() > 0);
      raw.native.streamSend(id, NONE, false);
      shut(id, Write, 83);
      raw.native.streamShutdown(id, Read, 83);
      raw.flush();
    }
    await until(() => here.streams.length === 3 * STREAMS && here.streams.every(({ over }) => over));
    expect(new Set(here.streams.flatMap(({ resets }) => resets))).toEqual(new Set([83]));
  });

  test('refused in onStream ends both halves at the peer and gives the credit back', async () => {
    here.take = () => ResetCode.overloaded;
    for (let id = 0; id < 4 * 3 * STREAMS; id += 4) {
      await until(() => raw.native.peerStreamsLeftBidi() > 0);
      send(id, Buffer.from('please'));
      expect(await rawOutcome(id)).toBe(`StreamReset(${ResetCode.overloaded})`);
    }
    expect(here.streams.every(({ received }) => received === 0)).toBe(true);
  });
});

describe('unread streams', () => {
  test('paused by the dozen leave other streams of the link a way through', async () => {
    here.take = ({ stream }) => stream?.pause();
    for (let id = 0; id < 48; id += 4) send(id, Buffer.alloc(1_000));
    await until(() => here.streams.length === 12);
    here.take = () => undefined;
    send(48, Buffer.from('urgent'), true);
    const urgent = await opened(48);
    await until(() => urgent.ended === 1);
    expect(urgent.bytes.toString()).toBe('urgent');
  });
});

describe('the window of a link', () => {
  let dialer: Endpoint;
  let calm: LinkRecorder;
  let there: LinkRecorder;

  beforeEach(async () => {
    dialer = await bench.open();
    calm = new LinkRecorder();
    calm.link = dialer.dial({ address: endpoint.local, protocol: 'macula' }, calm);
    await until(() => calm.isOpen && inbound[1]?.isOpen === true);
    there = inbound[1] as LinkRecorder;
  });

  afterEach(async () => {
    await dialer.close();
  });

  for (const side of ['writer', 'reader'] as const)
    test(`is whole again after streams with much unread were given up by the ${side}`, async () => {
      for (let round = 0; round < 24; round++) {
        there.take = ({ stream }) => stream?.pause();
        // Credit comes back when the peer has acknowledged the end of its half: later than both ends see the stream over.
        await until(() => calm.link.streamCredit > 0);
        const out = calm.open();
        // More than is held for a paused stream, so that the rest lies unread in quiche.
        out.stream.write(new Uint8Array(420_000));
        await until(() => there.streams.length === round + 1 && calm.link.queued < 150_000);
        const back = there.streams[round] as StreamRecorder;
        (side === 'writer' ? out.stream : back.stream)?.reset(ResetCode.canceled);
        await until(() => (side === 'writer' ? back : out).over);
      }
      there.take = () => undefined;
      await barrier(bench, { here: calm, there });
      await until(() => calm.link.streamCredit > 0);
      expect(calm.isOpen).toBe(true);
    });

  test('once used is not blocked by streams that are paused with unread bytes', async () => {
    // In small steps, so that quiche does not grow the window.
    for (let step = 0; step < 24; step++) {
      calm.open().stream.write(new Uint8Array(50_000), true);
      await until(() => there.streams.length === step + 1 && there.streams[step]?.ended === 1);
      there.streams[step]?.stream?.write(NONE, true);
      await until(() => calm.link.streamCredit > 0);
    }
    there.take = ({ stream }) => stream?.pause();
    for (let paused = 0; paused < 3; paused++) calm.open().stream.write(new Uint8Array(200_000));
    await until(() => there.streams.length === 27);
    there.take = () => undefined;
    await barrier(bench, { here: calm, there });
    await until(() => calm.link.queued === 0);
    expect(there.streams.slice(24, 27).map(({ received }) => received)).toEqual([0, 0, 0]);
    for (const { stream } of there.streams.slice(24, 27)) stream?.resume();
    await until(() => there.streams.slice(24, 27).every(({ received }) => received === 200_000));
  });
});

describe('random stream operations', () => {
  test('of a hostile peer end no process and harm no other link', async () => {
    const random = seededRandom('operations');
    const bystander = await bench.open();
    const calm = new LinkRecorder();
    calm.link = bystander.dial({ address: endpoint.local, protocol: 'macula' }, calm);
    await until(() => calm.isOpen && inbound[1]?.isOpen === true);
    const pick = <Value>(values: readonly Value[]): Value => values[random.u32() % values.length] as Value;
    here.take = (stream) => {
      const { stream: own } = stream;
      const act = (): void => {
        pick([
          () => own?.pause(),
          () => own?.resume(),
          () => own?.write(new Uint8Array(random.u32() % 20_000), random.float() < 0.2),
          () => own?.reset(ResetCode.canceled),
          () => undefined,
        ])();
      };
      stream.hooks = { onData: act, onEnd: act, onDrain: act };
      return random.float() < 0.1 ? ResetCode.notAccepted : undefined;
    };
    const into = Buffer.alloc(65_536);
    const attempt = (run: () => unknown): void => {
      try {
        run();
      } catch {
        // The raw peer's own complaint.
      }
    };
    let highest = 0;
    raw.native.streamSend(highest, NONE, false);
    for (let step = 0; step < 10_000; step++) {
      if (raw.native.peerStreamsLeftBidi() > 0 && random.float() < 0.2) {
        highest += 4;
        raw.native.streamSend(highest, NONE, false);
      }
      const back = random.u32() % (random.float() < 0.7 ? 8 : highest / 4 + 1);
      const id = Math.max(0, highest - 4 * back);
      attempt(
        pick([
          () => raw.native.streamSend(id, Buffer.alloc(random.u32() % 9_000), random.float() < 0.2),
          () => raw.native.streamSend(id, NONE, true),
          () => raw.native.streamShutdown(id, Read, random.u32() % 100),
          () => raw.native.streamShutdown(id, Write, random.u32() % 100),
          () => raw.native.streamRecv(id, into),
          () => raw.native.sendAckEliciting(),
        ]),
      );
      attempt(() => {
        raw.flush();
      });
      if (step % 50 === 0) {
        await bench.pass(0);
        for (const { stream } of here.streams) stream?.resume();
      }
    }
    expect(here.faults).toEqual([]);
    expect(here.streams.length).toBeGreaterThan(200);
    await barrier(bench, { here: calm, there: inbound[1] as LinkRecorder });
    await bystander.close();
  });
});
