/** The addresses of this machine. Shell: reads the system. */
import { networkInterfaces } from 'node:os';

/** In any order. */
export const systemInterfaces = (): readonly string[] =>
  Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
