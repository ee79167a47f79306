/**
 * What a lookup found and what it took, as the answer of `_mesh.lookup`. Pure.
 */
import { isTime } from '../../codec/field.ts';
import { isValueMap, type Value } from '../../codec/value.ts';
import type { Provider } from '../registry/provider.ts';
import { rounded } from '../router/explanation.ts';
import { decodeProviders, encodeProviders } from './provider-list.ts';

export interface LookupAnswer {
  readonly providers: readonly Provider[];
  /** Nodes asked; how many answered, and how many did not. */
  readonly asked: number;
  readonly answered: number;
  readonly failed: number;
  /** Longest chain of referrals. */
  readonly hops: number;
  /** Milliseconds. */
  readonly ms: number;
}

/** @param maxBody bytes that the whole reply may have. */
export const encodeLookup = (
  { providers, asked, answered, failed, hops, ms }: LookupAnswer,
  maxBody: number,
): Value => ({
  providers: encodeProviders(providers, maxBody),
  asked,
  answered,
  failed,
  hops,
  ms: rounded(ms),
});

/** Undefined when it is no such answer. */
export function decodeLookup(value: Value | undefined): LookupAnswer | undefined {
  if (!isValueMap(value)) return undefined;
  const { providers: listed, asked, answered, failed, hops, ms } = value;
  const providers = listed === undefined ? undefined : decodeProviders(listed);
  if (providers === undefined) return undefined;
  if (!isTime(asked) || !isTime(answered) || !isTime(failed) || !isTime(hops) || !isTime(ms))
    return undefined;
  return { providers, asked, answered, failed, hops, ms };
}
