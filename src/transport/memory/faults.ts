/**
 * Faults a test or a simulation puts on a simulated network.
 *
 * Between two hosts, or on one link; in both directions, or `forward` only: from the first host to the
 * second, or from this end of the link to the other. A fault on a link counts before one between its hosts. Every
 * fault is a line of the trace, every draw comes from the network's `random`: a seed repeats them. Hosts are
 * addresses as in `Endpoint.local.host`; what lasts may name a host nobody has used yet, `reset` and `kill` may not.
 * What makes no sense throws `RangeError` and changes nothing. Units: ms, bytes per second.
 */
import type { Link } from '../transport.ts';
import type { Fabric } from './fabric.ts';
import {
  bytesPerSecond,
  delay as checkDelay,
  host as checkHost,
  hosts,
  ms as checkMs,
  oneOf,
  optional,
  rawFaults,
  refuse,
  reordering as checkReordering,
  yesOrNo,
} from './judge.ts';
import { MemoryLink } from './link.ts';
import type { Nat } from './nat.ts';
import type { MemoryNat } from './nat-types.ts';
import type { Pipe } from './pipe.ts';
import type { Delay, RawFaults, Reordering, Route } from './route.ts';

export type Ways = 'both' | 'forward';

export interface Faults {
  /** One-way delay from now on; undefined restores the network's. Never reorders what is on its way. */
  delay(from: string, to: string, delay: Delay | undefined, ways?: Ways): void;
  /** Loss, duplication and reordering of raw datagrams; undefined restores the network's. */
  raw(from: string, to: string, faults: RawFaults | undefined, ways?: Ways): void;
  /** Streams of a link overtake each other, each stays in order; undefined: no more. */
  reorder(from: string, to: string, reordering: Reordering | undefined, ways?: Ways): void;
  /** Throughput of each link from now on, one direction's bytes per second; undefined: no limit. Links only. */
  rate(from: string, to: string, bytesPerSecond: number | undefined, ways?: Ways): void;
  /** For `ms` from now on nothing arrives; then everything does, in order. Raw datagrams too. */
  stall(from: string, to: string, ms: number, ways?: Ways): void;
  /** A silent black hole, for links and raw datagrams alike. */
  cut(from: string, to: string, ways?: Ways): void;
  /** Ends `cut`: links repeat what was lost after a pause, datagrams stay lost. */
  heal(from: string, to: string, ways?: Ways): void;
  /**
   * Cuts every host of one side off from every host of the other, one on each at least; `forward`: only what
   * `left` sends is lost. A host on both sides is not cut off from itself.
   */
  partition(left: readonly string[], right: readonly string[], ways?: Ways): void;
  /** Ends every cut and partition, between hosts and on links. */
  healAll(): void;
  /** Ends every fault there is, as if none had been; what was reset, killed or forgotten stays so. */
  calm(): void;
  /** Tears down every link between two hosts; both ends see a `transport_error`. Returns how many. */
  reset(from: string, to: string): number;
  /**
   * The host dies: its endpoints are gone without a word, its ports are free for a successor, what comes for
   * them vanishes. Peers learn it by silence, or from the successor. The actors above are told that the
   * endpoint's links have failed; to end them, as the death of a process would, is up to the caller. Returns how
   * many endpoints there were.
   */
  kill(host: string): number;
  /** A NAT starts anew: every mapping is forgotten, and who is behind it gets other public ports. */
  rebind(nat: MemoryNat): void;
  /** A NAT lets no UDP through, in either direction, or does again. */
  block(nat: MemoryNat, on: boolean): void;
  delayLink(link: Link, delay: Delay | undefined, ways?: Ways): void;
  reorderLink(link: Link, reordering: Reordering | undefined, ways?: Ways): void;
  rateLink(link: Link, bytesPerSecond: number | undefined, ways?: Ways): void;
  stallLink(link: Link, ms: number, ways?: Ways): void;
  cutLink(link: Link, ways?: Ways): void;
  healLink(link: Link, ways?: Ways): void;
  resetLink(link: Link): void;
  /** This end forgets the link (`transport_error` here) and the other end is not told: half open. */
  forgetLink(link: Link): void;
  /** A slow reader: the application at this end reads nothing any more, and flow control holds the peer back. */
  stopReading(link: Link): void;
  /** Ends `stopReading`; streams the application itself paused stay so. */
  startReading(link: Link): void;
}

const checkWays = oneOf('both', 'forward');
const lasting = {
  delay: optional(checkDelay),
  raw: optional(rawFaults),
  reorder: optional(checkReordering),
  rate: optional(bytesPerSecond),
  stall: checkMs,
} as const;

export function faultsOf(fabric: Fabric): Faults {
  /** What `healAll` and `calm` have to look after; a link that is over is no trouble there. */
  const cutPipes = new Set<Pipe>();
  const touched = new Set<Pipe>();
  const readers = new Set<MemoryLink>();
  const blocked = new Set<Nat>();

  const routes = (from: string, to: string, ways: Ways): readonly Route[] =>
    ways === 'both' && from !== to
      ? [fabric.route(from, to), fabric.route(to, from)]
      : [fabric.route(from, to)];

  const between = (
    what: string,
    from: string,
    to: string,
    ways: Ways,
    strike: (route: Route) => void,
  ): void => {
    checkHost('from', from);
    checkHost('to', to);
    checkWays('ways', ways);
    fabric.log(`fault ${what} ${from} ${to} ${ways}`);
    for (const route of routes(from, to, ways)) strike(route);
  };

  const along = (what: string, link: Link, ways: Ways, strike: (pipe: Pipe) => void): void => {
    checkWays('ways', ways);
    const ours = own(link);
    fabric.log(`fault ${what} link ${ours.wire.id} ${ways}`);
    for (const pipe of pipes(ours, ways)) {
      touched.add(pipe);
      strike(pipe);
    }
  };

  const cutPipe = (pipe: Pipe, on: boolean): void => {
    if (on) cutPipes.add(pipe);
    else cutPipes.delete(pipe);
    pipe.cut(on);
  };

  /** What strikes at once strikes nothing at a host that is not there. */
  const present = (name: string, host: string): void => {
    checkHost(name, host);
    if (!fabric.machines.has(host)) refuse(name, 'a host of this network', host);
  };

  const own = (link: Link): MemoryLink => {
    const ours = link instanceof MemoryLink && [...fabric.routes].includes(link.wire.forward.route);
    return ours ? link : refuse('link', 'a link of this network', link);
  };

  const block = (nat: Nat, on: boolean): void => {
    fabric.log(`fault ${on ? 'block' : 'unblock'} ${nat.host}`);
    nat.blocked = on;
    if (on) blocked.add(nat);
    else blocked.delete(nat);
  };

  const linksBetween = (from: string, to: string): MemoryLink[] => {
    const found: MemoryLink[] = [];
    for (const { ports } of fabric.machines.values()) {
      for (const endpoint of ports.values()) {
        for (const link of endpoint.links) {
          if (!(link instanceof MemoryLink) || link.role !== 'dialer') continue;
          const [one, other] = hostsOf(link);
          if ((one === from && other === to) || (one === to && other === from)) found.push(link);
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

  const healAll = (): void => {
    fabric.log('fault heal all');
    for (const route of fabric.routes) route.heal();
    for (const pipe of cutPipes) cutPipe(pipe, false);
  };

  const read = (link: MemoryLink, on: boolean): void => {
    fabric.log(`fault ${on ? 'read' : 'read nothing'} link ${link.wire.id} ${link.role}`);
    if (on) readers.delete(link);
    else readers.add(link);
    link.freeze(!on);
  };

  return {
    delay: (from, to, delay, ways = 'both') => {
      lasting.delay('delay', delay);
      between(`delay ${describe(delay)}`, from, to, ways, (route) => (route.delay = delay));
    },
    raw: (from, to, faults, ways = 'both') => {
      lasting.raw('raw', faults);
      between(`raw ${JSON.stringify(faults)}`, from, to, ways, (route) => (route.raw = faults));
    },
    reorder: (from, to, reordering, ways = 'both') => {
      lasting.reorder('reorder', reordering);
      const what = `reorder ${JSON.stringify(reordering)}`;
      between(what, from, to, ways, (route) => (route.reordering = reordering));
    },
    rate: (from, to, rate, ways = 'both') => {
      lasting.rate('rate', rate);
      between(`rate ${rate}`, from, to, ways, (route) => (route.rate = rate));
    },
    stall: (from, to, ms, ways = 'both') => {
      lasting.stall('stall', ms);
      const until = fabric.queue.now() + ms;
      between(`stall ${ms}`, from, to, ways, (route) => (route.stalledUntil = until));
    },
    cut: (from, to, ways = 'both') => {
      between('cut', from, to, ways, (route) => (route.cut = true));
    },
    heal: (from, to, ways = 'both') => {
      between('heal', from, to, ways, (route) => {
        route.heal();
      });
    },
    partition: (left, right, ways = 'both') => {
      hosts('left', left);
      hosts('right', right);
      checkWays('ways', ways);
      for (const from of left)
        for (const to of right)
          if (from !== to) between('cut', from, to, ways, (route) => (route.cut = true));
    },
    healAll,
    calm: () => {
      fabric.log('fault calm');
      healAll();
      for (const route of fabric.routes) route.calm();
      for (const pipe of touched) pipe.calm();
      touched.clear();
      for (const link of readers) read(link, true);
      for (const nat of blocked) block(nat, false);
    },
    reset: (from, to) => {
      present('from', from);
      present('to', to);
      const links = linksBetween(from, to);
      for (const link of links) tear(link);
      return links.length;
    },
    kill: (host) => {
      present('host', host);
      const endpoints = [...fabric.machine(host).ports.values()];
      fabric.log(`fault kill ${host}`);
      for (const endpoint of endpoints) endpoint.destroy();
      return endpoints.length;
    },
    rebind: (nat) => {
      fabric.topology.nat('nat', nat).rebind();
      fabric.log(`fault rebind ${nat.host}`);
    },
    block: (nat, on) => {
      yesOrNo('on', on);
      block(fabric.topology.nat('nat', nat), on);
    },
    delayLink: (link, delay, ways = 'both') => {
      lasting.delay('delay', delay);
      along(`delay ${describe(delay)}`, link, ways, (pipe) => (pipe.delay = delay));
    },
    reorderLink: (link, reordering, ways = 'both') => {
      lasting.reorder('reorder', reordering);
      const what = `reorder ${JSON.stringify(reordering)}`;
      along(what, link, ways, (pipe) => (pipe.reordering = reordering));
    },
    rateLink: (link, rate, ways = 'both') => {
      lasting.rate('rate', rate);
      along(`rate ${rate}`, link, ways, (pipe) => (pipe.rate = rate));
    },
    stallLink: (link, ms, ways = 'both') => {
      lasting.stall('stall', ms);
      const until = fabric.queue.now() + ms;
      along(`stall ${ms}`, link, ways, (pipe) => (pipe.stalledUntil = until));
    },
    cutLink: (link, ways = 'both') => {
      along('cut', link, ways, (pipe) => {
        cutPipe(pipe, true);
      });
    },
    healLink: (link, ways = 'both') => {
      along('heal', link, ways, (pipe) => {
        cutPipe(pipe, false);
      });
    },
    resetLink: (link) => {
      tear(own(link));
    },
    forgetLink: (link) => {
      const ours = own(link);
      fabric.log(`fault forget link ${ours.wire.id} ${ours.role}`);
      ours.vanish('this end has forgotten the link');
    },
    stopReading: (link) => {
      read(own(link), false);
    },
    startReading: (link) => {
      read(own(link), true);
    },
  };
}

/** The machines at both ends, whatever lies between; the second one is where it is expected, before it has answered. */
function hostsOf({ at, wire }: MemoryLink): readonly [string, string] {
  return [at.machine.host, wire.acceptor?.at.machine.host ?? wire.forward.route.to];
}

function pipes({ role, wire }: MemoryLink, ways: Ways): readonly Pipe[] {
  if (ways === 'both') return [wire.forward, wire.backward];
  return [role === 'dialer' ? wire.forward : wire.backward];
}

const describe = (delay: Delay | undefined): string =>
  typeof delay === 'function' ? 'drawn' : JSON.stringify(delay ?? null);
