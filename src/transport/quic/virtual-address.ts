/**
 * The addresses quiche believes in: one for us, one per link, constant for its whole life (DESIGN D4, TRANSPORT §7).
 */
import type { VirtualAddress } from './binding.ts';

/** The address under which quiche knows our own side of every link. */
export const LOCAL_VIRTUAL: VirtualAddress = { host: 'fd00::1', port: 1 };

/** The virtual peer address of a link, unique within the endpoint for 2^32 links. */
export const virtualAddress = (linkId: number): VirtualAddress => ({
  host: `fd00::1:${Math.floor((linkId / 65_536) % 65_536).toString(16)}:${(linkId % 65_536).toString(16)}`,
  port: 1,
});
