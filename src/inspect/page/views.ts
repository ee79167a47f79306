/** A view of the node as sections: by its own picture where it has one, else by its shape. Pure. */
import { dhtView } from './dht-view.ts';
import { distView } from './dist-view.ts';
import { peersView } from './peers-view.ts';
import { Reader } from './reader.ts';
import { registryView } from './registry-view.ts';
import { relayView } from './relay-view.ts';
import { rpcView } from './rpc-view.ts';
import type { Section, Times } from './sections.ts';
import { sectionsOf } from './shape.ts';
import { note } from './unknown.ts';

type Picture = (view: Reader, times: Times) => readonly Section[];

const PICTURES: ReadonlyMap<string, Picture> = new Map([
  ['rpc', rpcView],
  ['registry', registryView],
  ['dht', dhtView],
  ['peers', peersView],
  ['relay', relayView],
  ['dist', distView],
]);

export function viewSections(name: string, data: unknown, times: Times): readonly Section[] {
  const view = new Reader(data);
  const picture = PICTURES.get(name);
  if (picture === undefined) return sectionsOf(data, times.at);
  return note('', view) ?? picture(view, times);
}
