/**
 * What every node answers by `rpc` and `erpc` though nobody exported it: who it is, and who is connected to it.
 *
 * `erlang:node/0`, `erlang:nodes/0` and `erlang:nodes/1`, as Erlang's own. A node of this project is hidden, so all its connections
 * are: `nodes()` is empty, `nodes(connected)` are all. Whoever asks has the cookie. A function that the user exports under the same
 * name goes before. Source: Erlang/OTP `erlang:nodes/1`.
 */
import { atom, isAtom, receivedAtom, type Atom } from '../codec/etf/atom.ts';
import type { DistContext } from './context.ts';
import type { ExportedFunction } from './exports.ts';

/** Undefined: there is no such function for such arguments. */
export function builtinOf(
  context: DistContext,
  module: string,
  name: string,
  args: readonly unknown[],
): ExportedFunction | undefined {
  if (module !== 'erlang') return undefined;
  if (name === 'node' && args.length === 0) return () => atom(context.name);
  if (name !== 'nodes' || args.length > 1) return undefined;
  const kinds = args.length === 0 ? ['visible'] : kindsOf(args[0]);
  return kinds === undefined ? undefined : () => nodesOf(context, kinds);
}

const KINDS: ReadonlySet<string> = new Set(['visible', 'hidden', 'connected', 'this', 'known']);

/** One, or a list of them. */
function kindsOf(given: unknown): readonly string[] | undefined {
  const kinds: readonly unknown[] = Array.isArray(given) ? given : [given];
  const names = kinds.map((kind) => (isAtom(kind) ? kind.name : ''));
  return names.every((name) => KINDS.has(name)) ? names : undefined;
}

function nodesOf({ name, channels }: DistContext, kinds: readonly string[]): readonly Atom[] {
  const has = (...wanted: readonly string[]): boolean => wanted.some((kind) => kinds.includes(kind));
  const names = [
    ...(has('this', 'known') ? [name] : []),
    ...(has('hidden', 'connected', 'known') ? channels.keys() : []),
  ];
  // peers chose their names
  return names.flatMap((one) => receivedAtom(one) ?? []);
}
