/**
 * A short visit to a node of the distribution: connects under a name of its own, asks, leaves.
 *
 * Over QUIC to `port@host`, over TCP to all other names, at the port that EPMD knows or the one that is given. Nobody else may
 * connect meanwhile. Throws `DistError`, and `RpcError` `invalid_args` for what makes no sense.
 */
import { systemClock } from '../../actor/clock.ts';
import type { Logger } from '../../actor/logger.ts';
import { systemRandom } from '../../actor/random.ts';
import type { Runtime } from '../../actor/runtime.ts';
import type { Carrier } from '../../dist/carrier.ts';
import type { Distribution } from '../../dist/distribution.ts';
import { hostOf, isNodeName, isPortName } from '../../dist/node-name.ts';
import { isLoopbackHost } from '../../mesh/url.ts';
import { usageError } from '../error-document.ts';
import type { Interrupts } from '../interrupts.ts';
import { erlangCookieFile, readCookie } from './cookie-file.ts';
import { DistError } from './dist-error.ts';
import { epmdPort } from './epmd.ts';

export interface VisitFlags {
  readonly cookieFile?: string;
  /** At which it listens, where EPMD is not asked. */
  readonly port?: number;
  /** Milliseconds for everything. */
  readonly timeout: number;
  readonly json?: boolean;
}

export interface Visit {
  readonly dist: Distribution;
  /** Milliseconds that are left of the timeout; at least 1. */
  left(): number;
  readonly signal: AbortSignal;
}

/** For the goodbye, milliseconds. */
const GOODBYE = 1_000;
/** Milliseconds of a handshake, as the distribution takes them. */
const SETUP = { least: 100, most: 600_000 } as const;
const NAME_BYTES = 6;

/** `port@host` is for QUIC, `name@host` for TCP; a number that is no port is neither. */
export const isVisited = (name: string): boolean =>
  isPortName(name) || (isNodeName(name) && !/^[+-]?\d+@/.test(name));

export async function visit<T>(
  node: string,
  flags: VisitFlags,
  interrupts: Interrupts,
  ask: (visit: Visit) => Promise<T>,
): Promise<T> {
  if (flags.port !== undefined && isPortName(node))
    throw usageError('port', `is in the name already: ${node}`);
  const cookie = readCookie(flags.cookieFile ?? erlangCookieFile());
  const { signal } = interrupts;
  const deadline = systemClock.now() + flags.timeout;
  const left = (): number => Math.max(1, deadline - systemClock.now());
  const { startDistribution } = await import('../../distribution.ts');
  const { createRuntime } = await import('../../otp.ts');
  const doubts = new Doubts();
  const runtime = createRuntime({ logger: doubts.logger });
  const dist = await startDistribution(runtime, {
    name: `cli-${Buffer.from(systemRandom.bytes(NAME_BYTES)).toString('hex')}@127.0.0.1`,
    cookie,
    carriers: [doubts.watch(await carrierFor(node, flags, runtime))],
    allowed: [node],
    setupTime: Math.min(SETUP.most, Math.max(SETUP.least, Math.ceil(flags.timeout))),
  });
  try {
    if (!(await within(dist.connect(node), left(), signal)))
      throw new DistError({ tag: 'noconnection', node, detail: doubts.detail ?? 'it does not answer' });
    return await ask({ dist, left, signal });
  } finally {
    await within(dist.close(), GOODBYE, undefined);
  }
}

async function carrierFor(node: string, { port }: VisitFlags, runtime: Runtime): Promise<Carrier> {
  const { quicCarrier, TcpCarrier } = await import('../../distribution.ts');
  if (isPortName(node))
    return quicCarrier(runtime, { listen: { host: listenHostFor(hostOf(node)), port: 0 } });
  return new TcpCarrier({
    dialOnly: true,
    ...(port === undefined ? { epmd: { port: epmdPort() } } : { epmd: false, portOf: () => port }),
  });
}

/** From where that host can be dialed. */
function listenHostFor(host: string): string {
  const six = host.startsWith('[');
  if (isLoopbackHost(host)) return six ? '::1' : '127.0.0.1';
  return six ? '::' : '0.0.0.0';
}

/** Undefined when it took too long. Rejects when the signal comes before. */
async function within<T>(
  promise: Promise<T>,
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<T | undefined> {
  let give = (): void => {};
  const over = new Promise<undefined>((resolve, reject) => {
    const timer = systemClock.setTimer(timeout, () => resolve(undefined));
    const abort = (): void => reject(new Error('interrupted'));
    if (signal?.aborted === true) abort();
    signal?.addEventListener('abort', abort, { once: true });
    give = () => {
      systemClock.clear(timer);
      signal?.removeEventListener('abort', abort);
    };
  });
  try {
    return await Promise.race([promise, over]);
  } finally {
    give();
  }
}

const WORDS: Readonly<Record<string, string>> = {
  closed: 'it has hung up during the handshake, as nodes do that have another cookie or do not allow us',
  wrong_cookie: 'it has another cookie',
  wrong_name: 'the node there has another name',
  not_allowed: 'it does not allow us',
  not_capable: 'it is too old',
  timeout: 'it does not answer',
};

/** Why there is no connection: the carrier and the events of the handshake know. */
class Doubts {
  detail: string | undefined;

  get logger(): Logger {
    const heard: Logger['warn'] = ({ event, reason }) => {
      if (event === 'dist.handshake_failed' && typeof reason === 'string')
        this.detail = WORDS[reason] ?? `the handshake failed (${reason})`;
    };
    const nothing = (): void => {};
    return { trace: nothing, debug: nothing, info: nothing, warn: heard, error: nothing, fatal: nothing };
  }

  watch(carrier: Carrier): Carrier {
    return {
      name: carrier.name,
      isNodeName: (name) => carrier.isNodeName(name),
      splitName: (name) => carrier.splitName(name),
      select: (name) => carrier.select(name),
      address: () => carrier.address(),
      childSpecs: (listening) => carrier.childSpecs(listening),
      setup: async (setup) => {
        const result = await carrier.setup(setup);
        if (!result.ok) this.detail = result.detail;
        return result;
      },
    };
  }
}
