/**
 * Peers as the answer of `_mesh.peers`. Pure.
 */
import { isText, isTime, NAME_BYTES } from '../../codec/field.ts';
import { isValueMap, type Value } from '../../codec/value.ts';
import type { PathKind } from '../../transport/transport.ts';
import type { PeerInfo } from '../peer/pool-view.ts';
import { rounded } from '../router/explanation.ts';

/** Peers told of at most; of more, those that are connected for longest. */
export const MAX_PEERS = 1_000;

export interface PeerList {
  readonly peers: readonly PeerInfo[];
  /** How many there are, with those that were left out. */
  readonly total: number;
}

export const encodePeers = (peers: readonly PeerInfo[]): Value => ({
  total: peers.length,
  peers: peers.slice(0, MAX_PEERS).map((peer) => ({
    node_id: peer.nodeId,
    address: peer.address,
    direction: peer.direction,
    kind: peer.kind,
    dht: peer.dht,
    path: peer.path,
    via: peer.via,
    tls: peer.tls,
    rtt: rounded(peer.rtt),
    in_flight: peer.inFlight,
    age: rounded(peer.age),
    unused: rounded(peer.unused),
    suspect: peer.suspect,
  })),
});

/** Undefined when it is no such answer. */
export function decodePeers(value: Value | undefined): PeerList | undefined {
  if (!isValueMap(value)) return undefined;
  const { total, peers: listed } = value;
  if (!isTime(total) || !Array.isArray(listed)) return undefined;
  const peers: PeerInfo[] = [];
  for (const each of listed as readonly Value[]) {
    const peer = peerOf(each);
    if (peer === undefined) return undefined;
    peers.push(peer);
  }
  return { peers, total };
}

function peerOf(value: Value): PeerInfo | undefined {
  if (!isValueMap(value)) return undefined;
  const { node_id: nodeId, address, direction, kind, dht, path, via, suspect } = value;
  const { rtt, in_flight: inFlight, age, unused } = value;
  if (!isText(nodeId, NAME_BYTES) || !isText(address, NAME_BYTES)) return undefined;
  if (direction !== 'in' && direction !== 'out') return undefined;
  if (kind !== 'node' && kind !== 'client') return undefined;
  if (typeof dht !== 'boolean' || !isPath(path) || typeof suspect !== 'boolean') return undefined;
  if (!isTime(rtt) || !isTime(inFlight) || !isTime(age) || !isTime(unused)) return undefined;
  const { tls } = value;
  if (!isText(via, NAME_BYTES) || typeof tls !== 'boolean') return undefined;
  return { nodeId, address, direction, kind, dht, path, via, tls, rtt, inFlight, age, unused, suspect };
}

const isPath = (value: Value | undefined): value is PathKind =>
  value === 'direct' || value === 'punched' || value === 'relayed';
