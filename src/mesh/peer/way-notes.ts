/**
 * Notes how ways to peers ended, for whoever looks (`events/recent.ts`).
 */
import type { MeshContext } from '../context.ts';
import type { WayNote } from '../events/recent.ts';
import { sessionAt } from '../relay/relays.ts';
import type { Dial } from './dials.ts';
import { isWay } from './relay-hint.ts';

type Outcome = WayNote['outcome'];

/** @param since when it was begun, clock ms. */
export function noteWay(
  { recent, runtime }: MeshContext,
  way: Pick<WayNote, 'peer' | 'step' | 'where'>,
  since: number,
  outcome: Outcome,
  why: string,
): void {
  const { clock } = runtime;
  const ms = Math.round(clock.now() - since);
  recent.way({ ...way, at: Math.round(clock.wall()), outcome, why, ms });
}

/** A dial of the pool is over: it has become the connection, has failed, or was given up. */
export function noteDial(context: MeshContext, dial: Dial, outcome: Outcome, why: string = ''): void {
  const { core, wish, address, since, stationId } = dial;
  const peer = core.peerId === '' ? (wish.nodeId ?? '') : core.peerId;
  const way = isWay(address)
    ? ({ peer, step: 'relay', where: stationId } as const)
    : ({ peer, step: 'dial', where: address } as const);
  noteWay(context, way, since, outcome, why);
}

/** Hex id of the station through which a relayed address leads; empty for any other. */
export const stationOf = ({ relays }: MeshContext, address: string): string =>
  isWay(address) ? (sessionAt(relays, { host: address, port: 0 })?.stationId ?? '') : '';
