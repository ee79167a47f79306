/**
 * What `espalier doctor` looks at, in order. Shell: opens sockets on loopback only and leaves nothing behind.
 * No check throws: what goes wrong is what it reports.
 */
import { createSocket, type Socket } from 'node:dgram';
import { createRequire } from 'node:module';
import { systemClock } from '../../actor/clock.ts';
import { silentLogger } from '../../actor/logger.ts';
import { connect, startNode } from '../../node.ts';
import { loadBinding } from '../../transport/quic/binding.ts';
import {
  clockVerdict,
  nodeVersionVerdict,
  platformVerdict,
  udpBufferVerdict,
  type Verdict,
} from './verdicts.ts';

export interface Check extends Verdict {
  readonly name: string;
}

/** Bytes asked for, as a node does. */
const WANTED_BUFFER = 4_194_304;
/** For each step of the loopback check, milliseconds. */
const STEP_TIMEOUT = 5_000;
/** Calls that are timed; the fastest counts. */
const CALLS = 20;

export const CHECKS: readonly (() => Promise<Check>)[] = [
  check('node', () => nodeVersionVerdict(process.versions.node, enginesOf())),
  check('platform', () => platformVerdict(process.platform, process.arch, libc())),
  check('quic', quic),
  check('udp', udp),
  check('udp-buffers', udpBuffers),
  check('clock', () => clockVerdict(systemClock.wall(), tick())),
  check('loopback', loopback),
];

function check(name: string, examine: () => Verdict | Promise<Verdict>): () => Promise<Check> {
  return async () => {
    try {
      return { name, ...(await examine()) };
    } catch (error) {
      return { name, status: 'fail', detail: error instanceof Error ? error.message : String(error) };
    }
  };
}

/** The lowest version of Node the package asks for, as `20.19.0`. */
function enginesOf(): string {
  const found: unknown = createRequire(import.meta.url)('espalier/package.json');
  const { engines } = found as { readonly engines?: { readonly node?: string } };
  return (engines?.node ?? '').replace(/^>=/, '');
}

function libc(): string {
  if (process.platform !== 'linux') return 'none';
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return header?.glibcVersionRuntime === undefined ? 'musl' : `glibc ${header.glibcVersionRuntime}`;
}

async function quic(): Promise<Verdict> {
  const begun = systemClock.now();
  try {
    await loadBinding();
  } catch (error) {
    return {
      status: 'fail',
      detail: error instanceof Error ? error.message : String(error),
      hint: 'reinstall without --omit=optional; elsewhere use the in-memory transport (espalier demo shows it)',
    };
  }
  return { status: 'ok', detail: `@matrixai/quic loaded in ${ms(systemClock.now() - begun)}` };
}

async function udp(): Promise<Verdict> {
  await withSocket('udp4', '127.0.0.1', () => undefined);
  try {
    await withSocket('udp6', '::1', () => undefined);
  } catch {
    return { status: 'ok', detail: 'IPv4 can be bound; no IPv6 on loopback' };
  }
  return { status: 'ok', detail: 'IPv4 and IPv6 can be bound' };
}

async function udpBuffers(): Promise<Verdict> {
  const [receive, send] = await withSocket('udp4', '127.0.0.1', (socket) => {
    try {
      socket.setRecvBufferSize(WANTED_BUFFER);
      socket.setSendBufferSize(WANTED_BUFFER);
    } catch {
      // some systems refuse instead of capping; what is in force is read below
    }
    return [socket.getRecvBufferSize(), socket.getSendBufferSize()] as const;
  });
  return udpBufferVerdict(process.platform, receive, send, WANTED_BUFFER);
}

/** The smallest step of the monotonic clock that is seen, milliseconds; negative when it runs backwards. */
function tick(): number {
  let smallest = Infinity;
  let last = systemClock.now();
  for (let reads = 0; reads < 10_000; reads++) {
    const now = systemClock.now();
    if (now !== last) smallest = Math.min(smallest, now - last);
    last = now;
  }
  return smallest;
}

async function loopback(): Promise<Verdict> {
  const node = await startNode({ listen: '127.0.0.1:0', logger: silentLogger });
  try {
    await node.advertise('doctor.echo', (args) => args);
    const dialed = systemClock.now();
    const client = await connect(node.url, { logger: silentLogger, timeout: STEP_TIMEOUT });
    const handshake = systemClock.now() - dialed;
    try {
      let best = Infinity;
      for (let index = 0; index < CALLS; index++) {
        const begun = systemClock.now();
        await client.call('doctor.echo', { index }, { timeout: STEP_TIMEOUT });
        best = Math.min(best, systemClock.now() - begun);
      }
      return { status: 'ok', detail: `connected in ${ms(handshake)}, a call takes ${ms(best)}` };
    } finally {
      await client.disconnect({ timeout: STEP_TIMEOUT });
    }
  } finally {
    await node.close({ timeout: STEP_TIMEOUT });
  }
}

function withSocket<T>(type: 'udp4' | 'udp6', address: string, use: (socket: Socket) => T): Promise<T> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(type);
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind({ address, port: 0, exclusive: true }, () => {
      try {
        resolve(use(socket));
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      } finally {
        socket.close();
      }
    });
  });
}

const ms = (time: number): string => `${time < 10 ? time.toFixed(2) : Math.round(time)} ms`;
