/**
 * Opens a tunnel between two clients: a stream to each, both of which begin with its id (SPEC §11.2, 2).
 *
 * All in one turn, and nothing waits for the target's actor: two clients that ask for each other at once get a tunnel each.
 */
import { startDynamicChild } from '../../../otp/dynamic-supervisor.ts';
import { worker } from '../../../otp/supervisor.ts';
import type { Process } from '../../../actor/process.ts';
import { ResetCode } from '../../../transport/transport.ts';
import { tunnelId } from '../protocol/tunnel-id.ts';
import { BURST, type Limits } from './limits.ts';
import type { RelayContext } from './relay-context.ts';
import type { Session } from './session.ts';
import { TokenBucket } from './token-bucket.ts';
import { Tunnel } from './tunnel.ts';
import { Over, tunnelingServer } from './tunneling.ts';

export type Opened =
  { readonly ok: true; readonly tunnel: Tunnel } | { readonly ok: false; readonly reason: string };

export function openTunnel(source: Session, target: string): Opened {
  const { context, name } = source;
  const { roster, limits, counts, runtime } = context;
  if (name === undefined) return refused('not_identified');
  const found = roster.find(target);
  if (found.tag === 'ambiguous') return refused('ambiguous_target');
  if (found.tag === 'unknown' || found.holder === source) return refused('target_not_connected');
  const { holder } = found;
  if (source.tunnels.size >= limits.tunnels) return refused('too_many_tunnels');
  if (holder.tunnels.size >= limits.tunnels) return refused('target_busy');
  if (counts.tunnels >= limits.totalTunnels) return refused('overloaded');
  return begin(context, source, holder, new Tunnels(context, source, holder), tunnelId(runtime.random));
}

/** The books of one tunnel: who has it, and what is told when it is over. */
class Tunnels {
  readonly #context: RelayContext;
  readonly #ends: readonly Session[];
  process: Process | undefined;

  /** @param ends who asked for it, then who was asked for. */
  constructor(context: RelayContext, ...ends: readonly [source: Session, target: Session]) {
    this.#context = context;
    this.#ends = ends;
  }

  enter(tunnel: Tunnel): void {
    this.#context.counts.tunnels++;
    for (const end of this.#ends) end.tunnels.set(tunnel.id, tunnel);
  }

  leave(tunnel: Tunnel, reason: string): void {
    const { counts, runtime, events, passing } = this.#context;
    const { id, source, target, bytes } = tunnel;
    passing.close(id);
    counts.tunnels--;
    counts.bytes += bytes;
    for (const [at, end] of this.#ends.entries()) {
      end.passed += tunnel.sent(at === 0 ? 'source' : 'target');
      end.tunnels.delete(id);
    }
    if (this.process === undefined) return;
    events.emit('dist.tunnel_closed', { source, target, reason, bytes });
    runtime.send(this.process, new Over(reason));
  }
}

function begin(
  { scope, limits, events, runtime, passing }: RelayContext,
  source: Session,
  target: Session,
  books: Tunnels,
  id: string,
): Opened {
  const [from, to] = [source.name ?? '', target.name ?? ''];
  const tunnel: Tunnel = new Tunnel(
    id,
    from,
    to,
    (reason) => books.leave(tunnel, reason),
    runtime.clock.now(),
  );
  books.enter(tunnel);
  const prefix = Buffer.from(id, 'latin1');
  for (const [side, session] of [
    ['source', source],
    ['target', target],
  ] as const) {
    const flow = session.isOurs ? session.flow(id, () => tunnel.streamOver(side)) : undefined;
    const events = tunnel.events(side);
    const stream = session.link.openStream(flow?.take(events) ?? events);
    if (stream === undefined) {
      flow?.reset(ResetCode.overloaded);
      tunnel.cut(`${side}_stream_failed`);
      return refused(`${side}_stream_failed`);
    }
    tunnel.opened(side, flow?.attach(stream) ?? stream, flow !== undefined);
    stream.write(Uint8Array.from(prefix));
  }
  const tunnels = scope.whereis('tunnels') as Process | undefined;
  const sides = { source: allowances(source, limits), target: allowances(target, limits) };
  const buckets = { source: sides.source.streams, target: sides.target.streams };
  const spec = worker(id, tunnelingServer, { tunnel, buckets, idle: limits.idle }, { restart: 'temporary' });
  const result = tunnels === undefined ? undefined : startDynamicChild(tunnels, spec);
  if (result === undefined || result instanceof Promise || result.tag !== 'ok') {
    tunnel.cut('overloaded');
    return refused('overloaded');
  }
  books.process = result.pid as Process;
  if (source.takesDatagrams && target.takesDatagrams)
    passing.open(tunnel, {
      source: { link: source.link, buckets: sides.source.datagrams },
      target: { link: target.link, buckets: sides.target.datagrams },
    });
  events.emit('dist.tunnel_opened', { source: from, target: to });
  target.send({ type: 'tunnel_notify', tunnel_id: id, source: from });
  return { ok: true, tunnel };
}

/** What counts the bytes of one end: the streams and the datagrams of a client have parts of its rate, so that neither keep the others out. */
function allowances(
  { rates }: Session,
  { tunnelRate }: Limits,
): { readonly streams: readonly TokenBucket[]; readonly datagrams: readonly TokenBucket[] } {
  const own = new TokenBucket({ rate: tunnelRate, burst: tunnelRate * BURST });
  return { streams: [rates[0], own], datagrams: [rates[1], own] };
}

const refused = (reason: string): Opened => ({ ok: false, reason });
