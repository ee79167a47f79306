/**
 * The actor of one tunnel: starts its two forwarders, and closes it when nothing moves in it.
 */
import { Exit } from '../../../actor/monitor.ts';
import type { Process } from '../../../actor/process.ts';
import { startServerLink, type GenServer } from '../../../otp/gen-server.ts';
import { noReply, stop } from '../../../otp/result.ts';
import { Forwarder } from './forwarder.ts';
import { forwardingServer } from './forwarding.ts';
import type { TokenBucket } from './token-bucket.ts';
import type { Side, Tunnel } from './tunnel.ts';

export interface TunnelingArgs {
  readonly tunnel: Tunnel;
  /** What the bytes of each side are counted against. */
  readonly buckets: Readonly<Record<Side, readonly TokenBucket[]>>;
  /** Milliseconds without a byte in its streams: ends that send datagrams say there that they do. */
  readonly idle: number;
}

/** The tunnel is over. */
export class Over {
  readonly reason: string;
  constructor(reason: string) {
    this.reason = reason;
  }
}
class Look {
  readonly look = true;
}

interface State extends TunnelingArgs {
  /** Bytes at the last look. */
  seen: number;
}

export const tunnelingServer: GenServer<TunnelingArgs, State> = {
  label: 'tunnel',
  trapExit: true,

  init: (args, self) => {
    const process = self as Process;
    const { tunnel, buckets, idle } = args;
    process.label = `tunnel ${tunnel.source} to ${tunnel.target}`;
    // also when it is killed
    process.runtime.onExit(process, () => tunnel.cut('actor_down'));
    for (const side of ['source', 'target'] as const) {
      const other = side === 'source' ? 'target' : 'source';
      const label = `${tunnel[side]} to ${tunnel[other]}`;
      const begin = (wait: (milliseconds: number) => void): Forwarder => {
        const [from, to] = [tunnel.stream(side), tunnel.stream(other)];
        const { clock } = process;
        const ended = (): void => tunnel.passedEnd(side);
        const forwarder = new Forwarder({ clock, from, to, buckets: buckets[side], wait, ended });
        tunnel.forwards(side, forwarder);
        return forwarder;
      };
      const result = startServerLink(self, forwardingServer, { label, begin }, {});
      if (result instanceof Promise || result.tag !== 'ok')
        return stop('forwarder_failed', { ...args, seen: 0 });
    }
    process.sendAfter(idle, new Look());
    return { ...args, seen: 0 };
  },

  handleInfo: (message, state, self) => {
    const { tunnel } = state;
    if (message instanceof Over) return stop({ shutdown: message.reason }, state);
    if (message instanceof Exit) {
      tunnel.cut('forwarder_down');
      return stop({ shutdown: 'forwarder_down' }, state);
    }
    if (message instanceof Look) {
      if (tunnel.streamed === state.seen) tunnel.cut('idle');
      state.seen = tunnel.streamed;
      (self as Process).sendAfter(state.idle, new Look());
    }
    return noReply(state);
  },
};
