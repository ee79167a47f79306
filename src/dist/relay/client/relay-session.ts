/**
 * The actor of a client at one relay: dials it, says who we are, asks whether it is there, and dials again when it is lost.
 *
 * It dials after its start, so a relay that is not there costs no restart. Its end is that of the connection and of its tunnels.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { isOrderly, type ExitReason } from '../../../actor/exit-reason.ts';
import type { Process } from '../../../actor/process.ts';
import type { TimerEntry } from '../../../actor/timers.ts';
import { delay, nextAttempt } from '../../../mesh/peer/backoff.ts';
import type { GenServer } from '../../../otp/gen-server.ts';
import { noReply } from '../../../otp/result.ts';
import type { Endpoint, LinkEvents, LinkStats } from '../../../transport/transport.ts';
import { createMachineCell, type MachineCell } from '../../../xstate/cell.ts';
import { RELAY_VERSION } from '../protocol/messages.ts';
import { Pulse, type Beat } from '../pulse.ts';
import type { ClientContext, RelayState } from './client-context.ts';
import {
  clientMachine,
  type ClientAction,
  type ClientEvent,
  type ClientStateName,
} from './client-machine.ts';
import { startInbound } from './client-tunnel.ts';
import { RelayLink } from './relay-link.ts';

/** Random bytes of the keys of the path (TRANSPORT §12). */
const SEED = 32;
/** Why a relay was given up that was not lost, by what it was waited for. */
const LATE: Readonly<Record<ClientStateName, string>> = {
  connecting: 'there was no connection in time',
  identifying: 'the relay has not answered to our name in time',
  identified: 'given up',
  resting: 'given up',
};

export interface RelaySessionArgs {
  readonly context: ClientContext;
  readonly relay: RelayState;
}

interface State extends RelaySessionArgs {
  readonly cell: MachineCell;
}

/** What a connection has told. */
class Told {
  readonly link: RelayLink;
  readonly event: ClientEvent;
  constructor(link: RelayLink, event: ClientEvent) {
    this.link = link;
    this.event = event;
  }
}

export const relaySessionServer: GenServer<RelaySessionArgs, State> = {
  label: 'relay',

  init: (args, self) => {
    const process = self as Process;
    const session = new RelaySession(args, process);
    process.label = `relay ${args.relay.url}`;
    process.runtime.onExit(process, (reason) => session.end(reason));
    const cell = createMachineCell(self, clientMachine, {
      input: {
        connectTime: args.context.settings.connectTime,
        identifyTime: args.context.settings.identifyTime,
        rest: () => session.rest(),
      },
      perform: (action, machine) => session.perform(action.type as ClientAction, machine),
    });
    return { ...args, cell };
  },

  handleInfo: (message, state) => {
    if (message instanceof Told && message.link === state.relay.link) state.cell.send(message.event);
    return noReply(state);
  },
};

class RelaySession {
  readonly #context: ClientContext;
  readonly #relay: RelayState;
  readonly #self: Process;
  #attempt = 0;
  #pulse: Pulse | undefined;
  #timer: TimerEntry | undefined;

  constructor({ context, relay }: RelaySessionArgs, self: Process) {
    this.#context = context;
    this.#relay = relay;
    this.#self = self;
  }

  perform(action: ClientAction, cell: MachineCell): void {
    const relay = this.#relay;
    switch (action) {
      case 'dial':
        relay.state = 'connecting';
        this.#dial();
        return;
      case 'identify':
        relay.state = 'identifying';
        if (!this.#identify()) cell.send({ type: 'lost' });
        return;
      case 'ready':
        this.#ready();
        return;
      case 'drop':
        this.#drop();
    }
  }

  rest(): number {
    return delay(this.#attempt++, this.#context.runtime.random);
  }

  end(reason: ExitReason): void {
    const relay = this.#relay;
    // a client that is closed has lost nothing
    const closed = relay.reason === '' && isOrderly(reason);
    if (relay.reason === '' && !closed) relay.reason = 'the actor of the connection has ended';
    this.#timer?.unset();
    this.#drop(closed);
    relay.state = 'resting';
  }

  #dial(): void {
    const { runtime, endpoint } = this.#context;
    const relay = this.#relay;
    const self = this.#self;
    const tell = (event: ClientEvent): void => void self.send(self, new Told(link, event));
    const link: RelayLink = new RelayLink({
      now: () => runtime.clock.now(),
      opened: () => tell({ type: 'opened' }),
      identified: () => tell({ type: 'identified' }),
      lost: (why) => {
        relay.reason = why;
        tell({ type: 'lost' });
      },
      later: (milliseconds, run) => void runtime.workAfter(milliseconds, self, run),
      inbound: (tunnel, id, source) => startInbound(this.#context, { relay, tunnel, id, source }),
    });
    relay.link = link;
    const lost = (why: string): void => {
      relay.reason = why;
      tell({ type: 'lost' });
    };
    const events = withDoubt(link, () => this.#hurry());
    const dial = (host: string | undefined): void => {
      // another attempt has begun, or nobody wants this one any more
      if (relay.link !== link) return;
      const socket = endpoint();
      if (host === undefined) lost(`the host ${relay.host} cannot be resolved`);
      else if (socket === undefined) lost('the endpoint is down');
      else link.attach(socket.dial({ address: { host, port: relay.port }, protocol: 'macula-dist' }, events));
    };
    const socket = endpoint();
    if (isIP(bare(relay.host)) !== 0) dial(bare(relay.host));
    else resolved(relay.host, socket).then(dial, (error: unknown) => runtime.defect(error));
  }

  #identify(): boolean {
    const { name, realm, proof, runtime } = this.#context;
    const shown = proof();
    return (
      this.#relay.link?.identify({
        type: 'identify',
        node_name: name,
        version: RELAY_VERSION,
        seed: runtime.random.bytes(SEED),
        ...(realm === undefined ? {} : { realm }),
        ...(shown === undefined ? {} : { realm_proof: shown }),
      }) ?? false
    );
  }

  #ready(): void {
    const { runtime, events, settings, waiting, name } = this.#context;
    const relay = this.#relay;
    relay.state = 'identified';
    relay.since = runtime.clock.now();
    relay.reason = '';
    events.emit('dist.relay_ready', { node: name, relay: relay.url });
    this.#pulse = new Pulse(settings.probe);
    this.#look();
    for (const tell of Array.from(waiting)) tell();
  }

  #drop(closed = false): void {
    const { runtime, events, name } = this.#context;
    const relay = this.#relay;
    this.#timer?.unset();
    this.#pulse = undefined;
    const { link, since } = relay;
    // the machine's deadlines say nothing
    if (link?.over === false && since === undefined) relay.reason = LATE[relay.state];
    relay.link = undefined;
    relay.state = 'resting';
    link?.close(relay.reason === '' ? 'given up' : relay.reason);
    if (since === undefined) return;
    this.#attempt = nextAttempt(this.#attempt, runtime.clock.now() - since);
    relay.since = undefined;
    relay.returned = true;
    if (!closed) events.emit('dist.relay_lost', { node: name, relay: relay.url, reason: relay.reason });
  }

  /** The relay does not know this connection, somebody says. */
  #hurry(): void {
    const self = this.#self;
    if (this.#pulse === undefined) return;
    self.runtime.workAfter(0, self, () =>
      this.#beat((pulse, { arrivals, rtt }) => pulse.doubt(arrivals, rtt)),
    );
  }

  #look(): void {
    this.#beat((pulse, { arrivals, rtt }) => pulse.look(arrivals, rtt));
  }

  #beat(judge: (pulse: Pulse, stats: LinkStats) => Beat | undefined): void {
    const self = this.#self;
    const { link } = this.#relay;
    const quic = link?.link;
    if (link === undefined || quic === undefined || this.#pulse === undefined) return;
    const beat = judge(this.#pulse, quic.stats());
    if (beat === undefined) return;
    if (beat.tag === 'gone') {
      this.#relay.reason = 'the relay does not answer';
      self.send(self, new Told(link, { type: 'lost' }));
      return;
    }
    if (beat.tag === 'ask') quic.ping();
    this.#timer?.unset();
    this.#timer = self.runtime.workAfter(beat.wait, self, () => this.#look());
  }
}

const withDoubt = (link: RelayLink, doubt: () => void): LinkEvents => ({
  onOpen: (opened) => link.onOpen(opened),
  onStream: (stream) => link.onStream(stream),
  onCredit: () => link.onCredit(),
  onDoubt: doubt,
  onClose: (reason) => link.onClose(reason),
  onFault: (error) => link.onFault(error),
});

const bare = (host: string): string => host.replace(/^\[|\]$/g, '');

/** Of the family that our socket can reach. */
async function resolved(host: string, endpoint: Endpoint | undefined): Promise<string | undefined> {
  const family = endpoint !== undefined && isIP(endpoint.local.host) === 6 ? 6 : 4;
  try {
    return (await lookup(host, { family })).address;
  } catch {
    return undefined;
  }
}
