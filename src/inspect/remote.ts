/**
 * Inspection through the mesh: other nodes look, and do nothing (SECURITY §11.9).
 *
 * Answers are JSON in a text, so that whatever is shown here is shown there; a tree comes in pages that fit into a call.
 */
import type { ValueMap } from '../codec/value.ts';
import type { RemoteInspection } from '../mesh/context.ts';
import type { ActorRow } from './row.ts';
import type { InspectorSource } from './source.ts';

/** Bytes of an answer, about. A call carries 1 MiB unless its node says otherwise; this fits into the least it may say. */
const ANSWER = 262_144;

export type RemoteQuestion =
  | { readonly what: 'node' | 'crashes' }
  /** `from`: how many rows the asker has. */
  | { readonly what: 'tree'; readonly from?: number }
  | { readonly what: 'actor' | 'view'; readonly name: string };

/** A part of the tree, as it was when its first part was asked for or later. */
export interface TreePage {
  readonly at: number;
  readonly rows: readonly ActorRow[];
  /** There are more: ask from here. Absent: that was all. */
  readonly next?: number;
}

export function remoteInspection(source: InspectorSource, allow: readonly string[]): RemoteInspection {
  const named = new Set(allow);
  return {
    allows: (nodeId) => named.has(nodeId),
    answer: (question, reply) => {
      answerOf(source, question).then(
        (answer) => reply(answer === undefined ? undefined : { json: JSON.stringify(answer) }),
        () => reply(undefined),
      );
    },
  };
}

async function answerOf(
  { facts, watch, views, crashes, details }: InspectorSource,
  { what, from = 0, name = '' }: ValueMap,
): Promise<unknown> {
  switch (what) {
    case 'node':
      return { ...facts, actions: false, views: Object.keys(views) };
    case 'tree': {
      if (typeof from !== 'number' || !Number.isInteger(from) || from < 0) return undefined;
      const { at, added } = await watch.tree();
      return page(at, added, from);
    }
    case 'crashes':
      return { crashes: fitting(await crashes()) };
    case 'actor':
      return typeof name === 'string' ? ((await details(name)) ?? { gone: true }) : undefined;
    case 'view': {
      const view = typeof name === 'string' && Object.hasOwn(views, name) ? views[name] : undefined;
      return view === undefined ? undefined : { name, at: watch.now(), data: await view() };
    }
    default:
      return undefined;
  }
}

function page(at: number, all: readonly ActorRow[], from: number): TreePage {
  const rows = fitting(all.slice(from));
  const next = from + rows.length;
  return { at, rows, ...(next < all.length ? { next } : {}) };
}

/** The first ones that fit into an answer, one at least. */
function fitting<Item>(items: readonly Item[]): readonly Item[] {
  let bytes = 0;
  const end = items.findIndex((item, at) => {
    bytes += Buffer.byteLength(JSON.stringify(item));
    return bytes > ANSWER && at > 0;
  });
  return end < 0 ? items : items.slice(0, end);
}
