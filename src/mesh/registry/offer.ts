/**
 * What a client says of a procedure it serves, on the wire: judged like the options of `advertise`. Pure.
 */
import type { ProcedurePayload } from '../../codec/payloads.ts';
import type { ValueMap } from '../../codec/value.ts';
import { checkDescription, checkMetadata, checkTtl, type Checked } from '../client/check.ts';
import type { Offer } from './service-table.ts';

/** A peer's, with defaults for what it left unsaid. A copy: nothing of the frame stays in memory. */
export function offerOf({ exclusive, ttl, metadata, description }: ProcedurePayload): Checked<Offer> {
  const life = checkTtl(ttl ?? undefined);
  if (!life.ok) return life;
  const said = checkMetadata(metadata ?? undefined);
  if (!said.ok) return said;
  const text = checkDescription(description ?? undefined);
  if (!text.ok) return text;
  const value = { ttl: life.value, metadata: said.value, description: text.value };
  const shown = checkMetadata(shownMetadata(value));
  if (!shown.ok) return shown;
  return { ok: true, value: { exclusive: exclusive === true, ...value } };
}

type Said = Pick<ProcedurePayload, 'exclusive' | 'ttl' | 'metadata' | 'description'>;

/** Ours; what is usual is left unsaid. */
export const offerPayload = ({ exclusive, ttl, metadata, description }: Offer): Said => ({
  ttl,
  ...(exclusive ? { exclusive } : {}),
  ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
  ...(description === undefined ? {} : { description }),
});

/** What others are shown of it: its description is metadata like the rest. */
export const shownMetadata = ({
  metadata,
  description,
}: Pick<Offer, 'metadata' | 'description'>): ValueMap =>
  description === undefined || Object.hasOwn(metadata, 'description')
    ? metadata
    : { ...metadata, description };
