/**
 * The runtime's port to other nodes: finds the connection for each signal, or has one made and keeps the signal until then.
 *
 * What waits keeps its order and is bounded; when there is no connection it ends as OTP says: messages are lost, calls, monitors
 * and links hear `noconnection`. Signals that only take something back never make a connection.
 */
import type { Call } from '../../actor/call.ts';
import type { ExitReason } from '../../actor/exit-reason.ts';
import type { Monitor } from '../../actor/monitor.ts';
import { RemoteName, type Ref, type RemotePid } from '../../actor/pid.ts';
import type { Process } from '../../actor/process.ts';
import type { RemoteSignals, RemoteTarget } from '../../actor/remote.ts';
import type { DistContext } from '../context.ts';
import { NodePid } from '../node-pid.ts';
import type { Channel } from '../peer/channel.ts';
import * as signals from '../peer/signals.ts';
import type { Far } from '../peer/signals.ts';
import type { Spawning } from '../peer/spawn-table.ts';
import { postSpawn } from '../peer/spawns.ts';

/** Signals that wait for one connection, at most. */
const WAITING = 1_000;

interface Waiting {
  send(channel: Channel): void;
  /** There is no connection. */
  lose(): void;
  /** Of a link: whose it is, to whom, and whether that process has died meanwhile. */
  readonly link?: { readonly from: Process; readonly to: RemotePid; dead: boolean };
}

const nothing = (): void => {};

export class Outgoing implements RemoteSignals {
  readonly #context: DistContext;
  readonly #want: (node: string) => void;
  readonly #waiting = new Map<string, Waiting[]>();
  /** Monitors of names that this very node has, and what watches for them. */
  readonly #own = new WeakMap<Monitor, Ref>();

  /** @param want has a connection made: `flush` or `fail` follows. */
  constructor(context: DistContext, want: (node: string) => void) {
    this.#context = context;
    this.#want = want;
  }

  send(from: Process | null, to: RemoteTarget, message: unknown): boolean {
    const here = this.#here(to);
    if (here !== undefined) return this.#context.runtime.send(here, message, from);
    return this.#message(to, (channel, far) => signals.postMessage(channel, from, far, message));
  }

  cast(from: Process | null, to: RemoteTarget, message: unknown): boolean {
    const here = this.#here(to);
    if (here !== undefined) return this.#context.runtime.cast(here, message, from);
    return this.#message(to, (channel, far) => signals.postCast(channel, from, far, message));
  }

  call(to: RemoteTarget, call: Call): void {
    const here = this.#here(to);
    if (here !== undefined) {
      // its deadline is set
      this.#context.runtime.call(here, call, Infinity);
      return;
    }
    const far = this.#far(to);
    const lose = (): void => void call.fail({ tag: 'exit', reason: 'noconnection', holder: null });
    if (far === undefined) void call.fail({ tag: 'exit', reason: 'noproc', holder: null });
    else if (
      !this.#to(to.node, {
        send: (channel) => {
          if (!call.settled) signals.postCall(channel, far, call);
        },
        lose,
      })
    )
      call.fail({ tag: 'overloaded', bound: 'peer' });
  }

  link(from: Process, to: RemotePid): void {
    const { runtime } = this.#context;
    const far = this.#far(to);
    const lose = (reason: string) => () => runtime.linkBroken(from, to, reason);
    const link = { from, to, dead: false };
    if (!(far instanceof NodePid)) lose('noproc')();
    else if (
      !this.#to(to.node, {
        link,
        send: (channel) => {
          if (link.dead) signals.postLastLink(channel, from, far);
          // it may have been taken away while it waited
          else if (from.links?.has(to) === true) signals.postLink(channel, from, far);
        },
        lose: lose('noconnection'),
      })
    )
      lose('system_limit')();
  }

  unlink(from: Process, to: RemotePid): void {
    this.#up(to, (channel, pid) => signals.postUnlink(channel, from, pid));
  }

  monitor(monitor: Monitor, to: RemoteTarget): void {
    const { runtime } = this.#context;
    const far = this.#far(to);
    const here = this.#here(to);
    const lose = (reason: string) => () => runtime.monitorFired(monitor, reason);
    if (here !== undefined)
      this.#own.set(
        monitor,
        runtime.onExit(here, (reason) => runtime.monitorFired(monitor, reason)),
      );
    else if (far === undefined) lose('noproc')();
    else if (
      !this.#to(to.node, {
        send: (channel) => {
          if (monitor.active) signals.postMonitor(channel, monitor, far);
        },
        lose: lose('noconnection'),
      })
    )
      lose('system_limit')();
  }

  demonitor(monitor: Monitor, to: RemoteTarget): void {
    const own = this.#own.get(monitor);
    if (own !== undefined) this.#context.runtime.demonitor(own);
    const channel = this.#context.channels.get(to.node);
    const far = this.#far(to);
    if (channel !== undefined && far !== undefined) signals.postDemonitor(channel, monitor, far);
  }

  linkExit(from: Process, to: RemotePid, reason: ExitReason): void {
    this.#up(to, (channel, pid) => signals.postLinkExit(channel, from, pid, reason));
    const waiting = this.#waiting.get(to.node);
    const link = waiting?.find((one) => one.link?.from === from && one.link.to === to)?.link;
    if (link === undefined || !(to instanceof NodePid)) return;
    // the other end hears of the link, of what was sent behind it, and of the end
    link.dead = true;
    waiting?.push({ send: (channel) => signals.postLastExit(channel, from, to, reason), lose: nothing });
  }

  exit(from: Process | null, to: RemotePid, reason: ExitReason): void {
    const far = this.#far(to);
    if (far instanceof NodePid)
      this.#to(to.node, {
        send: (channel) => signals.postExplicitExit(channel, from, far, reason),
        lose: nothing,
      });
  }

  /** Asks that node to start a process. */
  spawn(node: string, spawning: Spawning): void {
    const { call } = spawning;
    const lose = (): void => void call.fail({ tag: 'exit', reason: 'noconnection', holder: null });
    if (!this.#to(node, { send: (channel) => postSpawn(channel, spawning), lose }))
      call.fail({ tag: 'overloaded', bound: 'peer' });
  }

  /** There is a connection: what waited goes first. */
  flush(channel: Channel): void {
    const { name } = channel.partner;
    const waiting = this.#waiting.get(name);
    this.#waiting.delete(name);
    for (const one of waiting ?? []) one.send(channel);
  }

  /** There is none, and none will come. */
  fail(node: string): void {
    const waiting = this.#waiting.get(node);
    this.#waiting.delete(node);
    for (const one of waiting ?? []) one.lose();
  }

  failAll(): void {
    for (const node of Array.from(this.#waiting.keys())) this.fail(node);
  }

  #message(to: RemoteTarget, post: (channel: Channel, far: Far) => boolean): boolean {
    const far = this.#far(to);
    if (far === undefined) return true;
    const channel = this.#context.channels.get(to.node);
    if (channel !== undefined) return post(channel, far);
    return this.#to(to.node, { send: (found) => void post(found, far), lose: nothing });
  }

  /** Now, or when there is a connection. False when too many wait. */
  #to(node: string, one: Waiting): boolean {
    const channel = this.#context.channels.get(node);
    if (channel !== undefined) {
      one.send(channel);
      return true;
    }
    const waiting = this.#waiting.get(node);
    if (waiting === undefined) {
      this.#waiting.set(node, [one]);
      this.#want(node);
    } else if (waiting.length >= WAITING) return false;
    else waiting.push(one);
    return true;
  }

  #up(to: RemotePid, act: (channel: Channel, pid: NodePid) => void): void {
    const channel = this.#context.channels.get(to.node);
    if (channel !== undefined && to instanceof NodePid) act(channel, to);
  }

  /** Undefined: a process of this very node, or of a former life of it, that is no more. */
  #far(to: RemoteTarget): Far | undefined {
    if (this.#isOurs(to.node)) return undefined;
    return to instanceof RemoteName || to instanceof NodePid ? to : undefined;
  }

  /** Who has a name of this very node; undefined: nobody, or it is none. */
  #here(to: RemoteTarget): Process | undefined {
    return to instanceof RemoteName && this.#isOurs(to.node)
      ? this.#context.exports.whereis(to.name)
      : undefined;
  }

  /** Not before the distribution has started: until then its node may not know at which port it is. */
  #isOurs(node: string): boolean {
    const { roots } = this.#context;
    return roots.spawned !== undefined && node === this.#context.name;
  }
}
