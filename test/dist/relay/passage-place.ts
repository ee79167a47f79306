/**
 * Two ends that have proven themselves in a tunnel, a relay that passes on their datagrams or does not, and what the ends make of it: on a
 * simulated network under a virtual clock. The tunnel is nothing but streams of Node.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { seededRandom } from '../../../src/actor/random.ts';
import { endToEnd, type Clear, type EndToEndOptions } from '../../../src/dist/relay/client/end-to-end.ts';
import { ExpectedLinks } from '../../../src/dist/relay/client/expected-links.ts';
import type { Means } from '../../../src/dist/relay/client/passage.ts';
import { createIdentity, type Identity } from '../../../src/identity/identity.ts';
import { virtualClock, type VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { memoryNetwork } from '../../../src/transport/memory/network.ts';
import type { Endpoint, Link, LinkEvents } from '../../../src/transport/transport.ts';
import { plainPair, type Plain } from './duplex-pairs.ts';

export interface End {
  readonly endpoint: Endpoint;
  readonly identity: Identity;
  readonly means: Means;
  readonly tunnel: Plain;
}

export interface Place {
  readonly clock: VirtualClock;
  /** Who asked for the tunnel. */
  readonly near: End;
  readonly far: End;
  /** Somebody whom the relay knows too. */
  readonly third: Omit<End, 'tunnel'>;
  /** Whether the relay passes on datagrams of the session, and between whom: near is 0, far 1, the third 2. */
  readonly relay: { passes: boolean; ends: readonly [number, number] };
  /** Lets time pass, in which the program takes turns. */
  pass(milliseconds: number): Promise<void>;
  /** Time passes until it is settled. */
  settle<Result>(promise: Promise<Result>): Promise<Result>;
  /** Both ends, as they are told to; the rest is as it is most often. */
  begin(
    options?: Partial<Record<'near' | 'far', Partial<EndToEndOptions>>>,
  ): [Promise<Clear>, Promise<Clear>];
}

/** Milliseconds without a byte after which the relay would close the tunnel. */
export const IDLE = 16_000;
/** For all of it. */
export const TIMEOUT = 10_000;

const SESSION = Buffer.alloc(16, 7);
const QUIET: LinkEvents = {
  onOpen: (link) => link.admit(),
  onStream: () => 0x17,
  onCredit: () => undefined,
  onClose: () => undefined,
  onFault: () => undefined,
};

export async function place(seed = 'passage'): Promise<Place> {
  const clock = virtualClock();
  const random = seededRandom(seed);
  const network = memoryNetwork({ clock, random: random.fork('network'), poison: true, delay: 1 });
  const own = async (
    label: string,
    more: object = {},
  ): Promise<{ endpoint: Endpoint; identity: Identity }> => {
    const identity = createIdentity(random.fork(label), clock.wall());
    const options = { clock, random: random.fork(`${label} paths`), identity, awaitHello: true, ...more };
    return { identity, endpoint: await network.transport().open(options) };
  };
  const inbound: Link[] = [];
  const relay: Place['relay'] = { passes: true, ends: [0, 1] };
  const { endpoint: station } = await own('relay', {
    bind: { host: '0.0.0.0', port: 4434 },
    accept: ['macula-dist'],
    onLink: (link: Link) => {
      inbound.push(link);
      return QUIET;
    },
  });
  station.forwarder = (_session, from) => {
    const at = inbound.findIndex(({ proven }) => proven?.host === from.host && proven.port === from.port);
    const [one, other] = relay.ends;
    const to = at === one ? inbound[other] : at === other ? inbound[one] : undefined;
    return relay.passes ? (to?.proven ?? 'refused') : 'refused';
  };
  const end = async (label: string): Promise<Omit<End, 'tunnel'>> => {
    const expected = new ExpectedLinks();
    const accept = { accept: ['macula-dist'], dialers: 'relays', onLink: expected.accept };
    const { endpoint, identity } = await own(label, accept);
    const via = endpoint.dial({ address: station.local, protocol: 'macula-dist' }, QUIET);
    await clock.until(() => via.state === 'open');
    return {
      endpoint,
      identity,
      means: { endpoint, expected, via, session: SESSION, peerId: identity.nodeId },
    };
  };
  const [near, far, third] = [await end('near'), await end('far'), await end('third')];
  const [nearTunnel, farTunnel] = plainPair();
  const knows = (one: Omit<End, 'tunnel'>, other: Omit<End, 'tunnel'>, tunnel: Plain): End => ({
    ...one,
    means: { ...one.means, peerId: other.identity.nodeId },
    tunnel,
  });
  const ends = { near: knows(near, far, nearTunnel), far: knows(far, near, farTunnel) };
  const pass = async (milliseconds: number): Promise<void> => {
    for (const until = clock.now() + milliseconds; clock.now() < until;) {
      for (let turns = 0; turns < 8; turns++) await turn();
      await clock.advance(1);
    }
  };
  const settle = async <Result>(promise: Promise<Result>): Promise<Result> => {
    let settled = false;
    const done = (): void => {
      settled = true;
    };
    promise.then(done, done);
    for (let left = 60_000; !settled && left > 0; left--) await pass(1);
    return promise;
  };
  return {
    clock,
    ...ends,
    third: { ...third, means: { ...third.means, peerId: far.identity.nodeId } },
    relay,
    pass,
    settle,
    begin: (options = {}) => {
      const start = (role: 'initiator' | 'acceptor', side: 'near' | 'far'): Promise<Clear> => {
        const { tunnel, means } = ends[side];
        const { signal } = new AbortController();
        const result = endToEnd(tunnel, {
          role,
          means,
          idle: IDLE,
          clock,
          timeout: TIMEOUT,
          signal,
          ...options[side],
        });
        result.catch(() => undefined);
        return result;
      };
      return [start('initiator', 'near'), start('acceptor', 'far')];
    },
  };
}

/** Sessions and connections that are left at the ends, but for theirs to the relay. */
export const left = ({ near, far }: Place): readonly number[] =>
  [near, far].flatMap(({ endpoint, means }) => [
    endpoint.stats().relayed?.sessions ?? 0,
    Array.from(endpoint.links).length - 1,
    means.expected.enter(SESSION, undefined) ? (means.expected.leave(SESSION), 0) : 1,
  ]);
