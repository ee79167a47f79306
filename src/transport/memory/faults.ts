/**
 * Faults a test or a simulation puts on a simulated network.
 *
 * Between two hosts, or on one link; in both directions, or `forward` only: from the first host to the
 * second, or from this end of the link to the other. Every fault is a line of the trace. Hosts are addresses
 * as in `Endpoint.local.host`; a host nobody has used yet may be named.
 */
import type { Link } from '../transport.ts';
import type { Fabric } from './fabric.ts';
import { MemoryLink } from './link.ts';
import type { Pipe } from './pipe.ts';
import type { Delay, RawFaults, Route } from './route.ts';

export type Ways = 'both' | 'forward';

export interface Faults {
  /** One-way delay from now on; undefined restores the network's. Never reorders what is on its way. */
  delay(from: string, to: string, delay: Delay | undefined, ways?: Ways): void;
  /** Loss, duplication and reordering of raw datagrams; undefined restores the network's. */
  raw(from: string, to: string, faults: RawFaults | undefined, ways?: Ways): void;
  /** A silent black hole, for links and raw datagrams alike. */
  cut(from: string, to: string, ways?: Ways): void;
  /** Ends `cut`: links repeat what was lost after a pause, datagrams stay lost. */
  heal(from: string, to: string, ways?: Ways): void;
  /** Ends every cut, between hosts and on links. */
  healAll(): void;
  /** Tears down every link between two hosts; both ends see a `transport_error`. Returns how many. */
  reset(from: string, to: string): number;
  delayLink(link: Link, delay: Delay | undefined, ways?: Ways): void;
  cutLink(link: Link, ways?: Ways): void;
  healLink(link: Link, ways?: Ways): void;
  resetLink(link: Link): void;
}

export function faultsOf(fabric: Fabric): Faults {
  const cutPipes = new Set<Pipe>();

  const routes = (from: string, to: string, ways: Ways): readonly Route[] =>
    ways === 'both' && from !== to
      ? [fabric.route(from, to), fabric.route(to, from)]
      : [fabric.route(from, to)];

  const cutPipe = (pipe: Pipe, on: boolean): void => {
    if (on) cutPipes.add(pipe);
    else cutPipes.delete(pipe);
    pipe.cut(on);
  };

  const linksBetween = (from: string, to: string): MemoryLink[] => {
    const found: MemoryLink[] = [];
    for (const { ports } of fabric.machines.values()) {
      for (const endpoint of ports.values()) {
        for (const link of endpoint.links) {
          if (!(link instanceof MemoryLink) || link.role !== 'dialer') continue;
          const { route } = link.wire.forward;
          if ((route.from === from && route.to === to) || (route.from === to && route.to === from))
            found.push(link);
        }
      }
    }
    return found;
  };

  const tear = ({ wire }: MemoryLink): void => {
    fabric.log(`fault reset ${wire.id}`);
    const { dialer, acceptor } = wire;
    dialer?.fail('connection reset');
    acceptor?.fail('connection reset');
  };

  return {
    delay: (from, to, delay, ways = 'both') => {
      fabric.log(`fault delay ${from} ${to} ${ways} ${describe(delay)}`);
      for (const route of routes(from, to, ways)) route.delay = delay;
    },
    raw: (from, to, faults, ways = 'both') => {
      fabric.log(`fault raw ${from} ${to} ${ways} ${JSON.stringify(faults)}`);
      for (const route of routes(from, to, ways)) route.raw = faults;
    },
    cut: (from, to, ways = 'both') => {
      fabric.log(`fault cut ${from} ${to} ${ways}`);
      for (const route of routes(from, to, ways)) route.cut = true;
    },
    heal: (from, to, ways = 'both') => {
      fabric.log(`fault heal ${from} ${to} ${ways}`);
      for (const route of routes(from, to, ways)) route.heal();
    },
    healAll: () => {
      fabric.log('fault heal all');
      for (const route of fabric.routes) route.heal();
      for (const pipe of cutPipes) cutPipe(pipe, false);
    },
    reset: (from, to) => {
      const links = linksBetween(from, to);
      for (const link of links) tear(link);
      return links.length;
    },
    delayLink: (link, delay, ways = 'both') => {
      fabric.log(`fault delay link ${own(link).wire.id} ${ways} ${describe(delay)}`);
      for (const pipe of pipes(link, ways)) pipe.delay = delay;
    },
    cutLink: (link, ways = 'both') => {
      fabric.log(`fault cut link ${own(link).wire.id} ${ways}`);
      for (const pipe of pipes(link, ways)) cutPipe(pipe, true);
    },
    healLink: (link, ways = 'both') => {
      fabric.log(`fault heal link ${own(link).wire.id} ${ways}`);
      for (const pipe of pipes(link, ways)) cutPipe(pipe, false);
    },
    resetLink: (link) => {
      tear(own(link));
    },
  };
}

function own(link: Link): MemoryLink {
  if (!(link instanceof MemoryLink)) throw new TypeError('not a link of a memory network');
  return link;
}

function pipes(link: Link, ways: Ways): readonly Pipe[] {
  const { role, wire } = own(link);
  if (ways === 'both') return [wire.forward, wire.backward];
  return [role === 'dialer' ? wire.forward : wire.backward];
}

const describe = (delay: Delay | undefined): string =>
  typeof delay === 'function' ? 'drawn' : JSON.stringify(delay ?? null);
