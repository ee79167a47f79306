/**
 * The actor of one tunnel of ours, from the question for it until it is over. Whatever ends the actor ends the tunnel.
 */
import type { Pid } from '../../../actor/pid.ts';
import type { Process } from '../../../actor/process.ts';
import { startDynamicChild } from '../../../otp/dynamic-supervisor.ts';
import type { GenServer } from '../../../otp/gen-server.ts';
import { noReply, started, stop } from '../../../otp/result.ts';
import { isPromiseLike } from '../../../otp/sequence.ts';
import { worker } from '../../../otp/supervisor.ts';
import { ResetCode } from '../../../transport/transport.ts';
import { TunnelError } from '../tunnel-error.ts';
import type { ClientContext, RelayState } from './client-context.ts';
import { establish, ours, type Established } from './establish.ts';
import type { RawTunnel } from './raw-tunnel.ts';

/** Who takes tunnels that others open: a function, or a process that is sent each as `IncomingTunnel`. */
export type Kernel = ((tunnel: IncomingTunnel) => void) | Pid;

/** A tunnel that another node has opened. Whoever gets it uses its stream, or destroys it. */
export class IncomingTunnel implements Omit<Established, 'link'> {
  readonly stream: Established['stream'];
  readonly tunnelId: string;
  readonly peer: string;
  readonly peerId: Uint8Array | undefined;
  readonly relay: string;
  constructor({ stream, tunnelId, peer, peerId, relay }: Established) {
    this.stream = stream;
    this.tunnelId = tunnelId;
    this.peer = peer;
    this.peerId = peerId;
    this.relay = relay;
  }
}

/** What others know of a tunnel of ours. */
export interface ClientTunnel {
  readonly id: string;
  readonly peer: string;
  readonly relay: RelayState;
  /** The connection to it. */
  readonly via: RelayState['link'];
  readonly stream: Established['stream'];
  /** The connection of its ends. */
  readonly link: Established['link'];
}

interface Args {
  readonly context: ClientContext;
  /** Ends with `TunnelError`, whatever happens. */
  readonly make: (signal: AbortSignal) => Promise<Established>;
  readonly label: string;
  readonly done: (result: Established | TunnelError) => void;
}

interface State {
  readonly args: Args;
  established: Established | undefined;
}

class Made {
  readonly result: Established | TunnelError;
  constructor(result: Established | TunnelError) {
    this.result = result;
  }
}
class Closed {
  readonly closed = true;
}

const clientTunnelServer: GenServer<Args, State> = {
  label: 'tunnel',

  init: (args, self) => {
    const process = self as Process;
    process.label = `tunnel ${args.label}`;
    const state: State = { args, established: undefined };
    process.runtime.onExit(process, () => {
      const { established } = state;
      const error = new TunnelError('closed', 'the actor of the tunnel has ended');
      args.done(error);
      if (established === undefined) return;
      const { tunnelId: id, stream, link } = established;
      const known = args.context.tunnels.get(id);
      if (known?.stream === stream) {
        args.context.tunnels.delete(id);
        if (link !== undefined) known.via?.carry(link.stats());
      }
      stream.destroy(error);
    });
    return started(state, { continue: 'make' });
  },

  handleContinue: (_make, state, self) => {
    const tell = (result: Established | TunnelError): void => {
      // at once: an actor that ends before it reads the message ends its tunnel
      if (!(result instanceof TunnelError)) state.established = result;
      if (self.send(self.pid, new Made(result)) && (self as Process).alive) return;
      if (!(result instanceof TunnelError)) result.stream.destroy();
    };
    state.args.make(self.signal).then(tell, (error: unknown) => {
      tell(
        error instanceof TunnelError
          ? error
          : new TunnelError('connection_error', String(error), { cause: error }),
      );
    });
    return noReply(state);
  },

  handleInfo: (message, state, self) => {
    if (message instanceof Closed) return stop({ shutdown: 'closed' }, state);
    if (!(message instanceof Made)) return noReply(state);
    const { result } = message;
    const { context, done } = state.args;
    if (result instanceof TunnelError) {
      done(result);
      return stop({ shutdown: result.failure }, state);
    }
    const { tunnelId: id, peer, stream } = result;
    if (context.tunnels.has(id)) {
      done(new TunnelError('refused', `${result.relay} has used the id of a tunnel twice`));
      return stop({ shutdown: 'refused' }, state);
    }
    const relay = context.relays.find(({ url }) => url === result.relay) as RelayState;
    context.tunnels.set(id, { id, peer, relay, via: relay.link, stream, link: result.link });
    // whoever gets it may look away; an error that nobody listens for must not end the program
    stream.on('error', () => {});
    stream.once('close', () => void self.send(self.pid, new Closed()));
    if (stream.destroyed) self.send(self.pid, new Closed());
    done(result);
    return noReply(state);
  },
};

/** Asks for a tunnel. `done` is called once. */
export function startOutbound(
  context: ClientContext,
  wanted: { readonly target: string; readonly deadline: number; readonly waits: boolean },
  done: (result: Established | TunnelError) => void,
): Process | undefined {
  const make = (signal: AbortSignal): Promise<Established> => establish(context, { ...wanted, signal });
  return start({ context, make, label: `to ${wanted.target}`, done: once(done) });
}

export interface Inbound {
  readonly relay: RelayState;
  readonly tunnel: RawTunnel;
  readonly id: string;
  readonly source: string;
}

/** Takes a tunnel that another node has opened, and hands it on. */
export function startInbound(context: ClientContext, { relay, tunnel, id, source }: Inbound): void {
  const { runtime, settings, hand } = context;
  if (hand.kernel === undefined) {
    tunnel.reset(ResetCode.notAccepted);
    return;
  }
  const deadline = runtime.clock.now() + settings.tunnelTime;
  const make = (signal: AbortSignal): Promise<Established> =>
    ours(context, relay, { tunnel, id, peer: source, role: 'acceptor' }, { deadline, signal });
  const done = (result: Established | TunnelError): void => {
    if (result instanceof TunnelError) {
      tunnel.decline(ResetCode.notAccepted);
      context.events.emit('dist.tunnel_refused', { node: source, relay: relay.url, reason: result.failure });
    } else handOn(context, new IncomingTunnel(result));
  };
  const process = start({ context, make, label: `from ${source}`, done: once(done) });
  if (process === undefined) tunnel.reset(ResetCode.overloaded);
}

function handOn({ hand, runtime }: ClientContext, tunnel: IncomingTunnel): void {
  const { kernel } = hand;
  if (kernel === undefined) {
    tunnel.stream.destroy();
  } else if (typeof kernel !== 'function') {
    if (!runtime.send(kernel as Process, tunnel) || !(kernel as Process).alive) tunnel.stream.destroy();
  } else {
    const failed = (error: unknown): void => {
      tunnel.stream.destroy();
      runtime.defect(error);
    };
    try {
      // one that is asynchronous may fail later
      const result: unknown = kernel(tunnel);
      if (isPromiseLike(result)) result.then(undefined, failed);
    } catch (error) {
      failed(error);
    }
  }
}

function start(args: Args): Process | undefined {
  const tunnels = args.context.scope.whereis('tunnels') as Process | undefined;
  if (tunnels === undefined) return undefined;
  const spec = worker('tunnel', clientTunnelServer, args, { restart: 'temporary' });
  const result = startDynamicChild(tunnels, spec);
  return !(result instanceof Promise) && result.tag === 'ok' ? (result.pid as Process) : undefined;
}

function once<Value>(tell: (value: Value) => void): (value: Value) => void {
  let told = false;
  return (value) => {
    if (told) return;
    told = true;
    tell(value);
  };
}
