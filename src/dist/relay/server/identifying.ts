/**
 * Whether a client is let in. Pure but for the membership, whose time is the wall clock's.
 */
import { judgeProof } from '../../../mesh/identity/closed-realm.ts';
import { isNodeName } from '../../node-name.ts';
import type { Identify } from '../protocol/messages.ts';
import type { RelayContext } from './relay-context.ts';
import type { Session } from './session.ts';

export type Judged =
  /** `until`: Unix milliseconds after which it has to prove itself again. */
  { readonly tag: 'admitted'; readonly until: number } | { readonly tag: 'refused'; readonly reason: string };

const ADMITTED: Judged = { tag: 'admitted', until: Infinity };

export function judgeIdentify(
  { node_name, realm, realm_proof }: Identify,
  { link }: Pick<Session, 'link'>,
  context: RelayContext,
): Judged {
  if (!isNodeName(node_name)) return refused('invalid_node_name');
  if (context.realm === undefined) return ADMITTED;
  if (realm !== context.realm) return refused('other_realm');
  const id = link.peer?.nodeId;
  if (context.closed === undefined) return ADMITTED;
  if (id === undefined) return refused('not_a_member');
  const verdict = judgeProof(context.closed, realm_proof, id, context.runtime.clock.wall());
  return verdict.tag === 'refused' ? refused('not_a_member') : { tag: 'admitted', until: verdict.until };
}

const refused = (reason: string): Judged => ({ tag: 'refused', reason });
