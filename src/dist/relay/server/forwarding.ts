/**
 * The actor of one direction of a tunnel. Whatever ends it ends the tunnel.
 */
import type { Process } from '../../../actor/process.ts';
import type { GenServer } from '../../../otp/gen-server.ts';
import { noReply } from '../../../otp/result.ts';
import type { Forwarder } from './forwarder.ts';

export interface ForwardingArgs {
  /** `a@host to b@host`. */
  readonly label: string;
  /** Makes the direction, given what waits. */
  readonly begin: (wait: (milliseconds: number) => void) => Forwarder;
}

export const forwardingServer: GenServer<ForwardingArgs, undefined> = {
  label: 'forwarder',
  init: ({ label, begin }, self) => {
    const process = self as Process;
    process.label = `forwarder ${label}`;
    const forwarder = begin((milliseconds) => {
      process.runtime.workAfter(milliseconds, process, () => forwarder.resume());
    });
    return undefined;
  },
  handleInfo: (_message, state) => noReply(state),
};
