/**
 * Two machines behind NATs that meet through a station: links to it, a session between them, and a link over that.
 */
import { CloseCode, type Link, type PhysicalAddress } from '../../../src/transport/transport.ts';
import type { LinkRecorder } from '../recorder.ts';
import { natWorld, type Node, type World } from './nat-world.ts';

export interface Meeting extends World {
  readonly session: Uint8Array;
  /** The links to the station: as A and B have them, and as the station has them. */
  readonly toStation: readonly [LinkRecorder, LinkRecorder];
  readonly atStation: readonly [LinkRecorder, LinkRecorder];
  /** The session as an address, of A and of B. */
  readonly relayed: readonly [PhysicalAddress, PhysicalAddress];
  /** A dials B through the station; both links are open and keyed. */
  connect(): Promise<readonly [LinkRecorder, LinkRecorder]>;
  /** Each side offers where the station sees the other one. */
  offer(links: readonly [LinkRecorder, LinkRecorder]): void;
}

/** Longest flight, and the second for which relayed datagrams of unknown sessions are held. ms */
const ON_ITS_WAY = 1_100;

export const seeds = (links: readonly [LinkRecorder, LinkRecorder]): void => {
  const [one, other] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  links[0].link.keyPaths(one, other);
  links[1].link.keyPaths(other, one);
};

/** Dials the station; returns both ends. */
async function attach(world: World, node: Node): Promise<readonly [LinkRecorder, LinkRecorder]> {
  const { clock, station } = world;
  const before = station.inbound.length;
  const here = node.dial(station.endpoint.local);
  await clock.until(() => here.isOpen && station.inbound[before]?.isOpen === true);
  const ends = [here, station.inbound[before] as LinkRecorder] as const;
  seeds(ends);
  return ends;
}

/** What a station does with a session: what comes from one side goes to where the other side's link is. */
export const forward =
  (sides: readonly [Link, Link]) =>
  (_session: string, from: PhysicalAddress): PhysicalAddress | 'refused' => {
    const isAt = ({ observed }: Link): boolean => observed.host === from.host && observed.port === from.port;
    if (isAt(sides[0])) return sides[1].observed;
    return isAt(sides[1]) ? sides[0].observed : 'refused';
  };

export async function meeting(...args: Parameters<typeof natWorld>): Promise<Meeting> {
  const world = await natWorld(...args);
  const { clock, station, a, b } = world;
  const [hereA, thereA] = await attach(world, a);
  const [hereB, thereB] = await attach(world, b);
  const session = world.random.bytes(16);
  station.endpoint.forwarder = forward([thereA.link, thereB.link]);
  const relayed = [
    a.endpoint.openRelayed(session, hereA.link),
    b.endpoint.openRelayed(session, hereB.link),
  ] as const;
  return {
    ...world,
    session,
    toStation: [hereA, hereB],
    atStation: [thereA, thereB],
    relayed,
    connect: async () => {
      const before = b.inbound.length;
      const here = a.dial(relayed[0]);
      await clock.until(() => here.isOpen && b.inbound[before]?.isOpen === true);
      const links = [here, b.inbound[before] as LinkRecorder] as const;
      seeds(links);
      return links;
    },
    offer: ([here, there]) => {
      here.link.offerPath('punched', thereB.link.observed);
      there.link.offerPath('punched', thereA.link.observed);
    },
  };
}

/**
 * Closes everything, and returns how many timers are left when all that was on its way is there. A bystander stays: the
 * network forgets everything with its last socket.
 */
export async function leave({ clock, station, a, b, node }: World): Promise<number> {
  await node('198.51.100.254');
  const all = [station, a, b].map(({ endpoint }) => endpoint.close(CloseCode.normal));
  await Promise.all(all);
  await clock.advance(ON_ITS_WAY);
  return clock.pending;
}

/** The kind of path each end uses. */
export const kinds = (links: readonly LinkRecorder[]): (string | undefined)[] =>
  links.map(({ link }) => link.paths.find(({ active }) => active)?.kind);
