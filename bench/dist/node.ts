/**
 * A node of ours in the bench: what it serves, and the calls it makes.
 */
import {
  startDistribution,
  tuple,
  Tuple,
  atom,
  type Carrier,
  type Distribution,
} from '../../src/distribution.ts';
import { NodePid } from '../../src/dist/node-pid.ts';
import { startNode, type NodeOptions } from '../../src/index.ts';
import {
  createRuntime,
  startServer,
  worker,
  noReply,
  reply,
  type GenServer,
  type Runtime,
} from '../../src/otp.ts';
import type { Call } from '../harness/load.ts';
import { COOKIE } from './names.ts';

/** What they are called here and in dist_bench.erl. */
const SERVER = 'server';
const ECHO = 'echo';
/** 64 MiB and their envelope. */
const LARGEST = 68_157_440;
/** Nothing is refused because messages of that size wait. */
const LIMITS = { cookie: COOKIE, maxPacket: LARGEST, busyLimit: 4 * LARGEST } as const;

interface Calls {
  echo(bytes: Uint8Array): Uint8Array;
}

const server: GenServer<undefined, null, Calls> = {
  init: () => null,
  handleCall: { echo: (bytes, state) => reply(bytes, state) },
};

/** `{Pid, Message}` is answered with the message. */
const echo: GenServer<undefined, null> = {
  init: () => null,
  handleInfo: (message, state, self) => {
    if (message instanceof Tuple && message.elements[0] instanceof NodePid)
      self.send(message.elements[0], message.elements[1]);
    return noReply(state);
  },
};

/** A node without a mesh that serves, and can call. */
export async function startPlainNode(
  name: string,
  carrier: Carrier | ((runtime: Runtime) => Carrier),
): Promise<Distribution> {
  const runtime = createRuntime();
  const made = typeof carrier === 'function' ? carrier(runtime) : carrier;
  const dist = await startDistribution(runtime, { ...LIMITS, name, carriers: [made] });
  await startServer(runtime, server, undefined, { name: SERVER, scope: dist.names });
  await startServer(runtime, echo, undefined, { name: ECHO, scope: dist.names });
  return dist;
}

/** A node of the mesh that serves, and can call: over its own endpoint. */
export async function startMeshNode(): Promise<Distribution> {
  const options: NodeOptions = {
    listen: '127.0.0.1:0',
    children: [worker(SERVER, server, undefined, { name: SERVER })],
    dist: { ...LIMITS, exports: [SERVER] },
  };
  return (await startNode(options)).dist;
}

/** Calls of the server of another node, once there is a connection. */
export async function callsTo(dist: Distribution, node: string): Promise<Call> {
  if (!(await dist.connect(node))) throw new Error(`${dist.name} could not connect to ${node}`);
  const tag = atom('echo');
  return (bytes) => dist.call(SERVER, node, tuple(tag, bytes));
}
