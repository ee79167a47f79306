/**
 * What a NAT does, in three words: how it maps, what it lets in, how it picks ports. Pure.
 *
 * Mapping and filtering in the sense of RFC 4787: `ei` endpoint-independent, `hd` host-dependent (one mapping per remote
 * address), `pd` port-dependent (one per remote address and port). Allocation: `pp` keeps the port, `pc` takes one near
 * the last, `rd` any. Source: SPEC §8.1.
 */

export type Mapping = 'ei' | 'hd' | 'pd';
/** `unknown`: nobody measured it; it counts as the strictest. */
export type Filtering = 'ei' | 'hd' | 'pd' | 'unknown';
export type Allocation = 'pp' | 'pc' | 'rd';

export interface NatClass {
  readonly mapping: Mapping;
  readonly filtering: Filtering;
  readonly allocation: Allocation;
}

/** The words of a hole punch for the same thing; `unknown` without a class. */
export type NatKind = 'symmetric' | 'port_restricted' | 'restricted' | 'full_cone' | 'unknown';

/** Anybody may send to its outside address, without having been sent to. */
export const canReceiveUnsolicited = ({
  mapping,
  filtering,
}: Pick<NatClass, 'mapping' | 'filtering'>): boolean => mapping === 'ei' && filtering === 'ei';

/** Nobody can tell which outside port it will take next. */
export const requiresRelay = ({ mapping, allocation }: Pick<NatClass, 'mapping' | 'allocation'>): boolean =>
  mapping === 'pd' && allocation === 'rd';

/** A mapping per remote is symmetric whatever it lets in; unmeasured filtering counts as the strictest. */
export function kindOf(nat: NatClass | undefined): NatKind {
  if (nat === undefined) return 'unknown';
  if (nat.mapping !== 'ei') return 'symmetric';
  switch (nat.filtering) {
    case 'ei':
      return 'full_cone';
    case 'hd':
      return 'restricted';
    default:
      return 'port_restricted';
  }
}

/** `mapping/filtering/allocation`, as peers tell each other; undefined: nothing to tell. */
export const natText = (nat: NatClass | undefined): string | undefined =>
  nat === undefined ? undefined : `${nat.mapping}/${nat.filtering}/${nat.allocation}`;

const TEXT = /^(ei|hd|pd)\/(ei|hd|pd|unknown)\/(pp|pc|rd)$/;

/** What a peer says of its NAT; undefined when it says nothing that is understood. */
export function natOf(text: string | undefined): NatClass | undefined {
  const [, mapping, filtering, allocation] = TEXT.exec(text ?? '') ?? [];
  return mapping === undefined ? undefined : ({ mapping, filtering, allocation } as NatClass);
}
