/**
 * What a signal makes of a command that waits: it was cut off, whatever it failed with then.
 */
import { RpcError } from '../mesh/errors/rpc-error.ts';
import { report } from './conclude.ts';
import { ExitCode } from './exit-code.ts';
import { Interrupts } from './interrupts.ts';

/** Runs a command that a signal gives up: then the error says so, and the exit code is 130. */
export async function untilCutOff(
  json: boolean,
  command: (interrupts: Interrupts) => Promise<ExitCode>,
): Promise<ExitCode> {
  const interrupts = new Interrupts();
  try {
    return await command(interrupts);
  } catch (error) {
    if (interrupts.received === undefined) throw error;
    report(interrupted(interrupts), json);
    return ExitCode.interrupted;
  }
}

const interrupted = (interrupts: Interrupts): RpcError =>
  new RpcError({ tag: 'canceled', detail: `interrupted by ${interrupts.received ?? 'a signal'}` });
