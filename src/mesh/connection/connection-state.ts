/**
 * What a connection's actor knows, and what it does when its life cycle or its core says so.
 */
import type { Process } from '../../actor/process.ts';
import { CloseCode, type CloseReason, type PhysicalAddress } from '../../transport/transport.ts';
import { createMachineCell, type MachineCell } from '../../xstate/cell.ts';
import { actor, type MeshContext } from '../context.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import { connectionEnded, connectionOpened, peerDoubted } from '../events/connection-events.ts';
import { pathChanged, pathDoubted, traversable } from '../nat/traversal/ready.ts';
import { addressText } from '../peer/endpoint-text.ts';
import { natMoved } from '../nat/detection/nat-profile.ts';
import type { Standing } from '../peer/standings.ts';
import type { RpcCall } from '../router/rpc-call.ts';
import { ControlHandler } from './control.ts';
import type { ConnectionCore, CoreOwner } from './core.ts';
import type { Rejected } from './frame-routing.ts';
import { believed, lastChance, longChance, shortChance } from './liveness.ts';
import { lifecycleInput, lifecycleMachine, type LifecycleAction } from './machine.ts';
import { Answered, Doubted, Ended, Ready, Verified } from './messages.ts';

/** Milliseconds of silence after which nobody waits any more for the answer to a goodbye. */
const FAREWELL = 1_000;

/** Reasons to close one connection, and not to serve no more. */
const MAKES_ROOM: ReadonlySet<CloseCode> = new Set([CloseCode.idle, CloseCode.duplicate]);

/** Milliseconds that a peer has to answer, by its round trip. */
type Chance = (rtt: number) => number;

export interface Dial {
  readonly address: PhysicalAddress;
  readonly expectedId: Uint8Array | undefined;
  /** Over TLS, when UDP is blocked: a station is dialed. */
  readonly tls?: boolean;
}

export interface ConnectionArgs {
  readonly context: MeshContext;
  readonly core: ConnectionCore;
  /** Dial this; undefined for an accepted link. */
  readonly dial: Dial | undefined;
  readonly watcher: Process | undefined;
  /** Wait with the hello until told: `Verified`, then `Greet`. */
  readonly hold?: boolean;
}

export class ConnectionState implements CoreOwner {
  readonly context: MeshContext;
  readonly core: ConnectionCore;
  readonly process: Process;
  watcher: Process | undefined;
  readonly lifecycle: MachineCell;
  readonly control: ControlHandler;
  refusal: RpcFailure | undefined;
  /** The hello waits to be let go. */
  hold: boolean;
  drainCode: CloseCode = CloseCode.normal;
  readonly #dialed: PhysicalAddress | undefined;
  /** Takes our place once its hello is accepted. */
  #heir: Process | undefined;
  /** The peer has answered our goodbye. */
  #farewell = false;
  /** Somebody at the peer's address says that it forgot us, and nothing has come from it since. */
  #forgotten = false;
  /** Asks the last question anew, while it is open. */
  #askAgain: (() => void) | undefined;

  constructor(args: ConnectionArgs, process: Process) {
    this.context = args.context;
    this.core = args.core;
    this.process = process;
    this.watcher = args.watcher;
    this.#dialed = args.dial?.address;
    this.hold = args.hold === true;
    this.control = new ControlHandler(this);
    this.lifecycle = createMachineCell(process, lifecycleMachine, {
      input: lifecycleInput(args.context.settings.helloTimeout),
      shared: true,
      perform: (action) => this.#perform(action.type as LifecycleAction),
    });
  }

  onControl(frame: Parameters<CoreOwner['onControl']>[0]): void {
    this.control.onFrame(frame);
  }

  onRejectedControl(event: Rejected): void {
    this.control.onRejected(event);
  }

  onDoubted(why: Doubted['why']): void {
    // a hint proves nothing; but it need not be waited for so long
    if (why === 'gone') {
      const first = !this.#forgotten;
      this.#forgotten = true;
      if (first) this.#askAgain?.();
      if (this.core.standing?.kept === true) this.check();
    } else {
      if (why === 'trusted') this.#forgotten = false;
      const standing = this.context.standings.find(this.process);
      if (standing !== undefined) standing.doubtful = why === 'suspect';
      this.control.trust(why === 'trusted');
      if (why === 'suspect') this.core.outgoing.doubt();
      else this.context.routing.stats.forget(this.core.peerId);
      peerDoubted(this.core, why === 'suspect');
      if (why === 'suspect') pathDoubted(this.context, this.process);
    }
    this.#tellDoubt(why);
  }

  onVerified(): void {
    const { context, core, process } = this;
    const standing: Standing = {
      process,
      peerId: core.peerId,
      dialed: core.link?.role === 'dialer',
      // what it was dialed by is where it is found, whatever carries the packets
      address: this.#dialed === undefined ? core.address : addressText(this.#dialed),
      epoch: undefined,
      greeted: false,
      readySince: undefined,
      doubtful: false,
      leaving: false,
      isNode: false,
      dht: false,
      isStation: false,
      nat: undefined,
      offeredAt: -Infinity,
      kept: false,
      usedAt: core.now(),
      idle: () => core.idle,
      inFlight: () => core.inFlight,
      rtt: () => believed(core.link?.stats().rtt ?? 0),
      link: () => (core.ended === undefined ? core.link : undefined),
      say: (type, payload) => core.ready && core.control.send(type, payload),
      replace: (by) => core.close(CloseCode.duplicate, by),
    };
    core.standing = standing;
    context.standings.add(standing);
  }

  /** At once: the link may go on to flush what was written, but nobody waits for that here. */
  close(code: CloseCode, reason: string): void {
    this.core.close(code, reason);
    this.core.end({ tag: 'local', code, reason: '' });
  }

  /** One of both sides has said goodbye. */
  leave(): void {
    if (this.core.standing !== undefined) this.core.standing.leaving = true;
  }

  /** The hello may go now. */
  greet(): void {
    if (!this.hold) return;
    this.hold = false;
    if (this.lifecycle.matches('greeting.hello')) this.control.hello();
  }

  /** A call for the peer. */
  send(call: RpcCall): void {
    if (this.#heir?.alive === true) this.context.runtime.call(this.#heir, call, Infinity);
    else this.core.send(call);
  }

  /** One last question to the peer; until the watcher yields, calls wait: they may have to go another way. */
  ask(brief: boolean = false): void {
    if (this.lifecycle.matches('draining')) return;
    this.core.outgoing.held = true;
    const chance = (rtt: number): number => (brief ? shortChance(rtt) : longChance(rtt));
    // whoever dials beside it has somebody proven there before this counts
    this.#inquire(chance, lastChance, (alive) => {
      const standing = this.context.standings.find(this.process);
      if (standing !== undefined) standing.doubtful = !alive;
      this.#tell(new Answered(this.process, alive));
    });
  }

  /** One last question to a peer for which there is nobody to take the place: without an answer the connection ends. */
  check(): void {
    if (this.#askAgain !== undefined || !this.core.ready) return;
    this.#inquire(longChance, shortChance, (alive) => {
      if (!alive) this.close(CloseCode.idle, 'the peer does not answer');
    });
  }

  /** @param forgotten how long the peer has when somebody at its address says that it does not know us. */
  #inquire(chance: Chance, forgotten: Chance, answered: (alive: boolean) => void): void {
    if (this.lifecycle.matches('draining')) return;
    this.#askAgain = () => this.#inquire(chance, forgotten, answered);
    const time = (this.#forgotten ? forgotten : chance)(this.core.link?.stats().rtt ?? 0);
    this.core.prober.ask(this.process, time, (alive) => {
      this.#askAgain = undefined;
      if (alive) this.#forgotten = false;
      answered(alive);
    });
  }

  /** Gives what is not sent yet to another connection, or sends it. */
  yieldTo(heir: Process | undefined): void {
    const { outgoing } = this.core;
    outgoing.held = false;
    this.#heir = heir;
    if (heir === undefined) this.core.pump();
    else for (const call of outgoing.takeWaiting()) this.send(call);
  }

  #tellDoubt(why: Doubted['why']): void {
    const told = new Doubted(this.process, why, believed(this.core.link?.stats().rtt ?? 0));
    this.#tell(told);
    // calls for the peer may wait there, whoever dialed it
    const pool = why === 'trusted' ? actor(this.context, 'peerPool') : undefined;
    if (pool !== undefined && pool !== this.watcher) this.process.send(pool, told);
  }

  #tell(message: unknown): void {
    if (this.watcher !== undefined) this.process.send(this.watcher, message);
  }

  onEnded(reason: CloseReason): void {
    this.context.standings.remove(this.process);
    this.context.counters.connectionsClosed++;
    connectionEnded(this.core, reason, this.refusal);
    this.control.end();
    this.lifecycle.send({ type: 'closed' });
    this.context.runtime.stop(this.process, { shutdown: new Ended(reason, this.refusal) });
  }

  onPath(): void {
    pathChanged(this.context, this.process);
    if (this.core.standing?.isStation === true) natMoved(this.context);
  }

  onFarewell(): void {
    this.#farewell = true;
    this.checkIdle();
  }

  /**
   * Calls that were sent before the peer heard our goodbye arrive before its answer: on a long way that takes as
   * long as it takes, within the drain's deadline. Only a peer that is silent altogether has nothing to say.
   */
  #awaitFarewell(): void {
    this.core.prober.ask(this.process, FAREWELL, (alive) => {
      if (this.#farewell) return;
      if (alive) this.context.runtime.workAfter(FAREWELL, this.process, () => this.#awaitFarewell());
      else this.onFarewell();
    });
  }

  /** A draining connection with nothing in flight, here or on its way to us, is done. */
  checkIdle(): void {
    const { incoming, outgoing, outbox } = this.core;
    const idle = this.#farewell && incoming.inFlight + outgoing.inFlight + outbox.size === 0;
    if (idle && this.lifecycle.matches('draining')) this.lifecycle.send({ type: 'idle' });
  }

  refuse(failure: RpcFailure, code: CloseCode, message: string): void {
    this.refusal = failure;
    this.core.close(code, message);
  }

  /** Says who is connected; a newcomer may have missed it. */
  introduce(): void {
    if (!this.core.ready) return;
    this.control.introduce();
    this.tellWatcher();
  }

  /** While nobody watched, this connection could not be found: what was advertised then was not said. */
  rewatched(): void {
    if (!this.core.ready) return;
    this.yieldTo(undefined);
    this.control.enroll();
    this.tellWatcher();
    // doubts are told when they begin: the watcher was another one then
    if (this.core.prober.suspect) this.#tellDoubt('suspect');
  }

  tellWatcher(): void {
    this.#tell(new Ready(this.process, this.core.peerId));
  }

  #perform(action: LifecycleAction): void {
    const { core } = this;
    switch (action) {
      case 'sendHello':
        if (this.hold) this.#tell(new Verified(this.process));
        else this.control.hello();
        return;
      case 'announce': {
        this.context.counters.connectionsOpened++;
        connectionOpened(core);
        const standing = this.context.standings.find(this.process);
        if (standing !== undefined) become(standing, core);
        core.begin();
        this.control.enroll();
        this.introduce();
        if (standing !== undefined) traversable(this.context, standing);
        return;
      }
      case 'helloTimedOut':
        core.close(CloseCode.helloTimeout, '');
        return;
      case 'finish':
        // one that only makes room serves what comes; a peer that asks once more did not know
        core.incoming.draining = !MAKES_ROOM.has(this.drainCode);
        this.leave();
        this.control.goodbye();
        this.yieldTo(undefined);
        this.#awaitFarewell();
        return;
      case 'drained':
        core.close(this.drainCode);
        return;
    }
  }
}

/** The hello was accepted: what the peer said that it is. Whoever accepts a dial is a node. */
function become(standing: Standing, { hello, link, context }: ConnectionCore): void {
  standing.readySince = standing.usedAt = context.runtime.clock.now();
  standing.isNode = link?.role === 'dialer' || hello?.capabilities.includes('node') === true;
  standing.dht = hello?.capabilities.includes('dht') === true;
  standing.isStation = hello?.capabilities.includes('station') === true;
}
