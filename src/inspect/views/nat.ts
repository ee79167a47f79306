/**
 * The part `nat` of the view `peers`: what is known of the NAT in front of this node, and which ways to peers were tried.
 */
import { shared, type MeshContext } from '../../mesh/context.ts';
import type { WayNote } from '../../mesh/events/recent.ts';
import type { NatReport } from '../../mesh/nat/detection/report.ts';
import type { NatConnectorCalls, NatConnectorStatus } from '../../mesh/nat/traversal/connector.ts';
import {
  ask,
  counted,
  isUnavailable,
  listed,
  nodeId,
  text,
  type NodeId,
  type Rows,
  type Section,
} from './plain.ts';
import { rowsOf, type ViewSource } from './source.ts';

export interface NatView {
  /** Null: nobody has asked for it yet. */
  readonly profile: NatFacts | null;
  /** By peer, the one that was tried last first. */
  readonly tried: Rows<TriedRow>;
  readonly connector: Section<ConnectorFigures>;
}

/** What was measured (`node.nat()`). */
export interface NatFacts {
  readonly mapping: NatReport['mapping'];
  readonly filtering: NatReport['filtering'];
  readonly allocation: NatReport['allocation'];
  /** Null: nobody could be asked. */
  readonly behindNat: boolean | null;
  /** `host:port` as others see this node. */
  readonly reflexive: readonly string[];
  readonly observers: number;
  readonly measuredAt: number;
  readonly explanation: readonly string[];
}

export interface TriedRow {
  /** Its id is empty when nobody at the address has proven one. */
  readonly peer: NodeId;
  /** The last step that led to it; null: none did. */
  readonly won: WayNote['step'] | null;
  /** Oldest first. */
  readonly steps: readonly StepRow[];
}

export interface StepRow {
  /** When it ended, ms since 1970. */
  readonly at: number;
  /** `dial`: an address of its own; `relay`: through a station; `punch`: a hole in the NATs between. */
  readonly step: WayNote['step'];
  /** The address that was dialed, or the station. */
  readonly where: string;
  /** `given_up`: another way was faster, or nobody needed it. */
  readonly outcome: WayNote['outcome'];
  /** Empty when it has won. */
  readonly why: string;
  readonly ms: number;
}

export interface ConnectorFigures {
  /** Ways through stations that are sought now; connections that are kept one; stations out of reach. */
  readonly attempts: number;
  readonly kept: number;
  readonly unreached: number;
  /** Relayed connections that want a direct path. */
  readonly upgrading: Rows<UpgradingRow>;
}

export interface UpgradingRow {
  readonly peer: NodeId;
  /** In a row, without success. */
  readonly tries: number;
  /** A punch is under way; another try will come. */
  readonly punching: boolean;
  readonly waiting: boolean;
}

export async function natView(source: ViewSource): Promise<NatView> {
  const { context } = source;
  const most = rowsOf(source);
  const asked = ask<NatConnectorCalls, NatConnectorStatus>(context, 'natConnector', (server, options) =>
    server.call('status', { most }, options),
  );
  const profile = factsOf(shared(context, 'natProfile')?.report);
  const tried = triedOf(context, most);
  const status = await asked;
  return { profile, tried, connector: isUnavailable(status) ? status : figuresOf(status, most) };
}

function factsOf(report: NatReport | undefined): NatFacts | null {
  if (report === undefined) return null;
  const { mapping, filtering, allocation, behindNat, reflexive, observers, measuredAt, explanation } = report;
  return {
    mapping,
    filtering,
    allocation,
    behindNat: behindNat ?? null,
    reflexive: reflexive.map(text),
    observers,
    measuredAt,
    explanation: explanation.map(text),
  };
}

function triedOf({ recent }: MeshContext, most: number): Rows<TriedRow> {
  const byPeer = new Map<string, WayNote[]>();
  for (const note of recent.ways) {
    const before = byPeer.get(note.peer) ?? [];
    // who was tried last comes last
    byPeer.delete(note.peer);
    byPeer.set(note.peer, [...before, note]);
  }
  return counted([...byPeer].toReversed(), most, ([peer, notes]) => ({
    peer: nodeId(peer),
    won: notes.findLast(({ outcome }) => outcome === 'won')?.step ?? null,
    steps: notes.map(({ at, step, where, outcome, why, ms }) => ({
      at,
      step,
      where: text(where),
      outcome,
      why: text(why),
      ms,
    })),
  }));
}

const figuresOf = (
  { attempts, kept, unreached, upgrades, upgrading }: NatConnectorStatus,
  most: number,
): ConnectorFigures => ({
  attempts,
  kept,
  unreached,
  upgrading: listed(upgrading, upgrades, most, ({ peer, ...figures }) => ({
    peer: nodeId(peer),
    ...figures,
  })),
});
