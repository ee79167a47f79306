/**
 * One of each of what comes and goes, used by nobody.
 *
 * The engine forgets how the instances of a class are laid out when it collects garbage while there is none, and with
 * that the compiled code that knew it: the first calls and restarts after a quiet time would be slow again.
 */
import { Mailbox } from './mailbox.ts';
import { Down, Exit, Monitor } from './monitor.ts';
import { Process } from './process.ts';
import type { Runtime } from './runtime.ts';

export function oneOfEach(runtime: Runtime): readonly unknown[] {
  const nobody = new Process(runtime, 0, { type: 'Nobody', receive: () => undefined }, null, false, null, 0);
  const monitor = new Monitor(runtime.node, runtime.creation, 0, nobody, nobody, null);
  return [nobody, new Mailbox(), monitor, new Exit(nobody, 'normal'), new Down(monitor, nobody, 'normal')];
}
