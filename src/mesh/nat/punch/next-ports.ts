/**
 * Ports that the NAT in front of this node may use for the next peer, besides the one that a station observes.
 */
import { shared, type MeshContext } from '../../context.ts';
import { parseAddress } from '../../peer/endpoint-text.ts';
import { predictPorts } from './port-predictor.ts';

/** As many as a punch tells the other side, the observed one aside. */
const COUNT = 4;

/** Only for a NAT that counts: where ports are kept there is one, and where they are random there is nothing to tell. */
export function nextPorts(context: MeshContext): readonly number[] {
  const { profile, report } = shared(context, 'natProfile') ?? {};
  if (profile?.allocation !== 'pc' || profile.mapping === 'ei') return [];
  // the newest first
  const seen = (report?.reflexive ?? []).flatMap((text) => parseAddress(text)?.port ?? []);
  const [base] = seen;
  if (base === undefined) return [];
  return predictPorts({ allocation: 'pc', base, history: seen.toReversed(), count: COUNT }).ports;
}
