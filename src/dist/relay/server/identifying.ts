/**
 * Whether a client is let in. Pure but for the membership, whose time is the wall clock's.
 */
import { judgeProof } from '../../../mesh/identity/closed-realm.ts';
import { isNodeName } from '../../node-name.ts';
import type { Identify } from '../protocol/messages.ts';
import type { RelayContext } from './relay-context.ts';
import type { Session } from './session.ts';

/** Why it is not; undefined lets it in. */
export function judgeIdentify(
  { node_name, realm, realm_proof }: Identify,
  { link }: Pick<Session, 'link'>,
  context: RelayContext,
): string | undefined {
  if (!isNodeName(node_name)) return 'invalid_node_name';
  if (context.realm === undefined) return undefined;
  if (realm !== context.realm) return 'other_realm';
  const id = link.peer?.nodeId;
  if (context.closed === undefined) return undefined;
  if (id === undefined) return 'not_a_member';
  const verdict = judgeProof(context.closed, realm_proof, id, context.runtime.clock.wall());
  return verdict.tag === 'refused' ? 'not_a_member' : undefined;
}
