/**
 * Finds a tunnel to a node: asks relays one after the other, and encrypts what it gets.
 */
import type { Duplex } from 'node:stream';
import { ResetCode, type Link } from '../../../transport/transport.ts';
import { sessionOfTunnel } from '../protocol/tunnel-id.ts';
import { secured, type SecureOptions } from '../secure/secure.ts';
import { StreamDuplex } from '../secure/stream-duplex.ts';
import { TunnelError } from '../tunnel-error.ts';
import type { ClientContext, RelayState } from './client-context.ts';
import { endToEnd } from './end-to-end.ts';
import { askingOrder } from './order.ts';
import type { Means } from './passage.ts';
import type { RawTunnel } from './raw-tunnel.ts';

/** Bytes of a node id. */
const ID_SIZE = 32;

/** A tunnel as its users have it. */
export interface Established {
  readonly stream: Duplex;
  readonly tunnelId: string;
  /** The node at the other end. */
  readonly peer: string;
  /** The key it has proven, as its id; undefined: the tunnel is not encrypted. */
  readonly peerId: Uint8Array | undefined;
  /** The connection of the two ends; undefined: what passes does so in the streams of the tunnel. */
  readonly link: Link | undefined;
  /** URL of the relay. */
  readonly relay: string;
}

export interface Wanted {
  readonly target: string;
  /** Clock ms. */
  readonly deadline: number;
  readonly signal: AbortSignal;
  /** A relay that has not taken our name yet is waited for. */
  readonly waits: boolean;
}

/** Rejects with `TunnelError`. */
export async function establish(context: ClientContext, wanted: Wanted): Promise<Established> {
  const { deadline } = wanted;
  const { relays, runtime } = context;
  const left = (): number => deadline - runtime.clock.now();
  let order = askingOrder(relays, runtime.clock.now());
  // one that is lost again before we get to ask it is waited for again
  while (order.length === 0) {
    await ready(context, wanted);
    order = askingOrder(relays, runtime.clock.now());
  }
  let failure: TunnelError | undefined;
  for (const [at, index] of order.entries()) {
    const relay = relays[index] as RelayState;
    if (wanted.signal.aborted) throw aborted();
    // one that does not answer leaves time for the others
    const until = runtime.clock.now() + left() / (order.length - at);
    try {
      const raw = await asked(context, relay, { ...wanted, deadline: until });
      return await ours(context, relay, { ...raw, role: 'initiator' }, { ...wanted, deadline: until });
    } catch (error) {
      failure = worse(failure, typed(error));
    }
  }
  throw failure ?? new TunnelError('not_identified', 'no relay knows us');
}

export interface Raw {
  readonly tunnel: RawTunnel;
  readonly id: string;
  readonly peer: string;
  readonly role: 'initiator' | 'acceptor';
}

/** Makes of a stream what is handed on. */
export async function ours(
  context: ClientContext,
  relay: RelayState,
  { tunnel, id, peer, role }: Raw,
  { deadline, signal }: Pick<Wanted, 'deadline' | 'signal'>,
): Promise<Established> {
  let terms: Terms | undefined;
  try {
    terms = termsFor(context, peer);
  } catch (error) {
    tunnel.reset(ResetCode.notAccepted);
    throw error;
  }
  const raw = new StreamDuplex(tunnel.channel);
  if (!tunnel.take(raw)) throw new TunnelError('reset', 'the tunnel was cut before it was taken');
  const common = { tunnelId: id, peer, relay: relay.url };
  if (terms === undefined) return { ...common, stream: raw, peerId: undefined, link: undefined };
  const { clock } = context.runtime;
  const timeout = Math.max(1, deadline - clock.now());
  const { stream, peerId } = await secured(raw, { role, clock, signal, timeout, ...terms });
  const means = meansOf(context, relay, id, peerId);
  const idle = relay.link?.idle ?? Infinity;
  const left = Math.max(1, deadline - clock.now());
  const clear = await endToEnd(stream, { role, means, idle, clock, timeout: left, signal });
  return { ...common, ...clear, peerId };
}

/** What a connection of the ends' own takes; undefined: there can be none. */
function meansOf(
  { endpoint: own, expected }: ClientContext,
  { link }: RelayState,
  id: string,
  peerId: Uint8Array,
): Means | undefined {
  const endpoint = own();
  const via = link?.link;
  if (endpoint === undefined || via === undefined || link?.passesDatagrams !== true) return undefined;
  return { endpoint, expected, via, session: sessionOfTunnel(id), peerId };
}

type Terms = Pick<SecureOptions, 'identity' | 'expectedId' | 'secret'>;

/** What is asked of that node; undefined: what passes is not encrypted. Throws as the functions of users do. */
function termsFor(
  { encrypts, identity: own, keyOf, secretOf }: ClientContext,
  node: string,
): Terms | undefined {
  if (!encrypts(node)) return undefined;
  const identity = own();
  if (identity === undefined) throw new TunnelError('not_encrypted', 'we have no key at the moment');
  const [expectedId, secret] = [keyOf(node), secretOf(node)];
  if (expectedId !== undefined && expectedId.length !== ID_SIZE)
    throw new TypeError(`keys must give ${2 * ID_SIZE} hex digits, or undefined, for ${node}`);
  // what it is, is nobody's business
  if (secret !== undefined && typeof secret !== 'string')
    throw new TypeError(`secret must give a string, or undefined, for ${node}`);
  return {
    identity,
    ...(expectedId === undefined ? {} : { expectedId }),
    ...(secret === undefined ? {} : { secret }),
  };
}

function asked(
  { runtime }: ClientContext,
  relay: RelayState,
  { target, deadline, signal }: Wanted,
): Promise<Omit<Raw, 'role'>> {
  const { clock, random } = runtime;
  return new Promise((resolve, reject) => {
    const { link } = relay;
    if (link === undefined) {
      reject(new TunnelError('connection_error', `the connection to ${relay.url} is lost`));
      return;
    }
    let giveUp: (() => void) | undefined;
    let over = false;
    const settle = (act: () => void): void => {
      if (over) return;
      over = true;
      clock.clear(timer);
      signal.removeEventListener('abort', abort);
      act();
    };
    const stop = (error: TunnelError): void =>
      settle(() => {
        giveUp?.();
        reject(error);
      });
    const timer = clock.setTimer(Math.max(1, deadline - clock.now()), () =>
      stop(new TunnelError('timeout', `${relay.url} has not answered in time`)),
    );
    const abort = (): void => stop(aborted());
    signal.addEventListener('abort', abort, { once: true });
    giveUp = link.request(random.bytes(16), {
      target,
      done: (result) => {
        if (over && result.ok) result.tunnel.reset(ResetCode.canceled);
        settle(() => (result.ok ? resolve(result) : reject(result.error)));
      },
    });
  });
}

/** A relay knows us. */
function ready(
  { relays, runtime, waiting }: ClientContext,
  { deadline, signal, waits }: Wanted,
): Promise<void> {
  const { clock } = runtime;
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(aborted());
      return;
    }
    const why = relays
      .map(({ url, reason, state }) => `${url}: ${reason === '' ? state : reason}`)
      .join('; ');
    const settle = (error?: TunnelError): void => {
      clock.clear(timer);
      waiting.delete(told);
      signal.removeEventListener('abort', abort);
      if (error === undefined) resolve();
      else reject(error);
    };
    const left = waits ? Math.max(1, deadline - clock.now()) : 0;
    const timer = clock.setTimer(left, () =>
      settle(new TunnelError('not_identified', `no relay knows us (${why})`)),
    );
    const abort = (): void => settle(aborted());
    const told = (): void => settle();
    waiting.add(told);
    signal.addEventListener('abort', abort, { once: true });
  });
}

const aborted = (): TunnelError => new TunnelError('aborted', 'nobody wants the tunnel any more');

const typed = (error: unknown): TunnelError =>
  error instanceof TunnelError
    ? error
    : new TunnelError('connection_error', error instanceof Error ? error.message : String(error), {
        cause: error,
      });

/** Of two failures the one that says more: that nobody knows a node is the least. */
const worse = (first: TunnelError | undefined, second: TunnelError): TunnelError =>
  first === undefined || first.failure === 'target_not_connected' ? second : first;
