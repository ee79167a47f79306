/**
 * Exit reasons on their way in and out. Pure.
 *
 * Erlang's are terms, ours any value: words such as `normal` and `noproc` are atoms there and strings here, `{shutdown, Why}` is
 * `{ shutdown: why }`. Of a crash others learn its kind and no more (SECURITY §12): `{crash, <<"TypeError">>}`.
 */
import { isShutdown, type ExitReason } from '../actor/exit-reason.ts';
import { atom, isAtom } from '../codec/etf/atom.ts';
import { Tuple } from '../codec/etf/terms.ts';

const WORD = /^[a-z][a-zA-Z0-9_@]{0,62}$/;

export function reasonToTerm(reason: ExitReason): unknown {
  if (typeof reason === 'string') return WORD.test(reason) ? atom(reason) : reason;
  if (isShutdown(reason)) return new Tuple([atom('shutdown'), reasonToTerm(reason.shutdown)]);
  if (reason instanceof Error) return crashOf(reason);
  return reason;
}

export function reasonFromTerm(term: unknown): ExitReason {
  if (isAtom(term)) return term.name;
  if (term instanceof Tuple && term.length === 2 && isAtom(term.elements[0], 'shutdown'))
    return { shutdown: reasonFromTerm(term.elements[1]) };
  return term;
}

/** In place of a reason that cannot be written. */
export const crashOf = (reason: unknown): Tuple => {
  const kind = reason instanceof Error ? kindOf(reason) : 'exit';
  return new Tuple([atom('crash'), kind]);
};

function kindOf(error: Error): string {
  try {
    const { name } = error;
    return typeof name === 'string' && /^\w{1,63}$/.test(name) ? name : 'Error';
  } catch {
    return 'Error';
  }
}
