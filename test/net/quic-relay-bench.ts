/**
 * Two peers and a station on loopback: real endpoints, a session between them, and a count of what went wrong.
 */
import type {
  Endpoint,
  EndpointOptions,
  Link,
  LinkEvents,
  PhysicalAddress,
} from '../../src/transport/transport.ts';
import { systemRandom } from '../../src/actor/random.ts';
import { LinkRecorder, type Connected } from '../transport/recorder.ts';
import { until, type QuicBench } from './quic-bench.ts';

export interface RelayBench {
  readonly a: Endpoint;
  readonly b: Endpoint;
  readonly station: Endpoint;
  readonly session: Uint8Array;
  /** Where each finds the other through the station. */
  readonly toA: PhysicalAddress;
  readonly toB: PhysicalAddress;
  /** The links to the station. */
  readonly viaA: LinkRecorder;
  readonly viaB: LinkRecorder;
  /** The links that B has taken. */
  readonly inbound: readonly LinkRecorder[];
  /** The same at the station. */
  readonly atStation: readonly LinkRecorder[];
  /** A dials B, through the relay unless told otherwise; both have the keys for their probes. */
  connect(address?: PhysicalAddress): Promise<Connected>;
  close(): Promise<void>;
}

const LIMITS = { idleTimeout: 6_000, keepAlive: 1_000 };

/** `front`: where A and B find the station, when something lies between; `more`: what else B is opened with. */
export async function relayBench(
  bench: QuicBench,
  front: (station: PhysicalAddress) => Promise<PhysicalAddress> = async (station) => station,
  more: Partial<EndpointOptions> = {},
): Promise<RelayBench> {
  const inbound: LinkRecorder[] = [];
  const taking =
    (list: LinkRecorder[]) =>
    (link: Link): LinkEvents => {
      const recorder = new LinkRecorder();
      recorder.link = link;
      list.push(recorder);
      return recorder;
    };
  const attached: LinkRecorder[] = [];
  const station = await bench.open({ onLink: taking(attached), limits: LIMITS });
  const a = await bench.open({ limits: LIMITS });
  const b = await bench.open({ onLink: taking(inbound), limits: LIMITS, ...more });
  const reached = await front(station.local);
  const attach = async (endpoint: Endpoint): Promise<LinkRecorder> => {
    const via = new LinkRecorder();
    const count = attached.length;
    via.link = endpoint.dial({ address: reached, protocol: 'macula' }, via);
    await until(() => via.isOpen && attached[count]?.isOpen === true);
    return via;
  };
  const viaA = await attach(a);
  const viaB = await attach(b);
  const session = systemRandom.bytes(16);
  const name = Buffer.from(session).toString('latin1');
  station.forwarder = (asked, from) => {
    if (asked !== name) return 'unknown';
    const [sideA, sideB] = attached.map(({ link }) => link.observed);
    if (sideA === undefined || sideB === undefined) return 'unknown';
    if (same(from, sideA)) return sideB;
    return same(from, sideB) ? sideA : 'refused';
  };
  const toB = a.openRelayed(session, viaA.link);
  const toA = b.openRelayed(session, viaB.link);
  const connect = async (address = toB): Promise<Connected> => {
    const here = new LinkRecorder();
    const count = inbound.length;
    here.link = a.dial({ address, protocol: 'macula' }, here);
    await until(() => here.isOpen && inbound[count]?.isOpen === true);
    const there = inbound[count] as LinkRecorder;
    const seeds = [systemRandom.bytes(32), systemRandom.bytes(32)] as const;
    here.link.keyPaths(...seeds);
    there.link.keyPaths(seeds[1], seeds[0]);
    return { here, there };
  };
  const close = async (): Promise<void> => {
    await Promise.all([a.close(), b.close()]);
    await station.close();
  };
  return { a, b, station, session, toA, toB, viaA, viaB, inbound, atStation: attached, connect, close };
}

export const same = (one: PhysicalAddress, other: PhysicalAddress): boolean =>
  one.port === other.port && one.host === other.host;

/** The path along which a link sends. */
export const active = (recorder: LinkRecorder): { kind: string; address: PhysicalAddress } | undefined =>
  recorder.link.paths.find((path) => path.active);

/**
 * Questions and answers on streams of their own, as many at once as told, until stopped. Each answer must be its
 * question's.
 */
export class Traffic {
  asked = 0;
  answered = 0;
  wrong = 0;
  /** Longest pause between two answers since it was reset, ms. */
  pause = 0;
  #last: number;
  #running = true;
  readonly #now: () => number;

  constructor({ here, there }: Connected, atOnce: number, size: number, now: () => number) {
    this.#now = now;
    this.#last = now();
    there.take = (stream) => {
      stream.hooks.onEnd = () => stream.stream?.write(stream.bytes, true);
    };
    const ask = (): void => {
      if (!this.#running) return;
      const out = here.tryOpen();
      if (out === undefined) return;
      const question = Buffer.from(systemRandom.bytes(size));
      this.asked++;
      out.stream.write(question, true);
      out.hooks.onEnd = () => {
        this.answered++;
        if (!out.bytes.equals(question)) this.wrong++;
        this.pause = Math.max(this.pause, this.#now() - this.#last);
        this.#last = this.#now();
        ask();
      };
      out.hooks.onReset = () => {
        this.wrong++;
      };
    };
    for (let count = 0; count < atOnce; count++) ask();
  }

  /** So many more answers have come. */
  async more(answers: number): Promise<void> {
    const goal = this.answered + answers;
    await until(() => this.answered >= goal);
  }

  /** All that was asked was answered. */
  async stop(): Promise<void> {
    this.#running = false;
    await until(() => this.answered === this.asked);
  }
}
