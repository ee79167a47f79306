/**
 * EPMD, who knows where the Erlang nodes of a machine listen: where it is, and whether it will take our name.
 */
import { EPMD_PORT, portOfNode } from '../../dist/carriers/tcp/epmd.ts';
import { aliveOf } from '../../dist/node-name.ts';
import { DistError } from './dist-error.ts';

const LOOPBACK = '127.0.0.1';
/** Milliseconds for its answer. */
const PATIENCE = 5_000;

/** Where Erlang nodes of the same environment look for it: `ERL_EPMD_PORT`, or 4369. */
export function epmdPort(env: Readonly<NodeJS.ProcessEnv> = process.env): number {
  const port = Number(env['ERL_EPMD_PORT']);
  return Number.isInteger(port) && port >= 1 && port <= 65_535 ? port : EPMD_PORT;
}

/** So that a start that cannot succeed says why in one line. @throws DistError. */
export async function expectEpmd(name: string | undefined): Promise<void> {
  const port = epmdPort();
  const taken = await portOfNode({ host: LOOPBACK, port }, aliveOf(name ?? 'none@host'), PATIENCE).catch(
    (cause: unknown) => {
      const detail = cause instanceof Error ? cause.message : String(cause);
      throw new DistError({ tag: 'no_epmd', address: `${LOOPBACK}:${port}`, detail }, { cause });
    },
  );
  if (name !== undefined && taken !== undefined)
    throw new DistError({ tag: 'name_taken', name: aliveOf(name), port: taken });
}
