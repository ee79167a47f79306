/**
 * What to answer to a node that introduces itself. Pure. Source: Erlang/OTP `dist_util.erl`, `net_kernel.erl`; DIST §3.
 */
export type Verdict =
  /** Go on. */
  | 'ok'
  /** Go on; our own attempt to reach it gives way. */
  | 'ok_simultaneous'
  /** Our own attempt goes on in place of this one. */
  | 'nok'
  | 'not_allowed'
  /** There is a connection: is this one to take its place? */
  | 'alive';

export interface Situation {
  readonly us: string;
  readonly them: string;
  readonly allowed: boolean;
  readonly capable: boolean;
  /** We are connected. */
  readonly up: boolean;
  /** We are trying to connect ourselves. */
  readonly dialing: boolean;
}

export function verdictOn({ us, them, allowed, capable, up, dialing }: Situation): Verdict {
  if (!allowed || !capable || us === them) return 'not_allowed';
  if (up) return 'alive';
  if (!dialing) return 'ok';
  return us > them ? 'nok' : 'ok_simultaneous';
}
