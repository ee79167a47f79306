/**
 * The inspector of a node or dist relay: one of its roles, so that its crash takes nothing else along (INSPECTOR §2).
 *
 * It comes back at the same port with the same token, so an open page goes on. Nobody looks at anything while nobody watches.
 */
import { fileURLToPath } from 'node:url';
import { isOrderly } from '../actor/exit-reason.ts';
import type { Process } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import type { GenServer } from '../otp/gen-server.ts';
import { noReply, stop } from '../otp/result.ts';
import { removeDescriptor, writeDescriptor } from './descriptor.ts';
import { InspectorHttp } from './http/server.ts';
import { Sessions } from './http/sessions.ts';
import { factsOf, type Inspected, type Who } from './inspected.ts';
import { InspectorError } from './inspector-error.ts';
import { nodeSource, type NodeSourceParts } from './node-source.ts';
import { remoteInspection } from './remote.ts';
import type { NodeFacts } from './source.ts';
import { Watch } from './watch.ts';

/** The page as it was built, also where this runs from the sources. */
const PAGE = fileURLToPath(new URL('page/', import.meta.url));
/** Bytes of a token (SECURITY §11). */
const TOKEN = 24;
/** Milliseconds between two tries for a port that was its own. */
const AGAIN = 1_000;

export interface InspectorArgs extends Pick<
  NodeSourceParts,
  'context' | 'views' | 'metrics' | 'procedure' | 'call'
> {
  readonly who: () => Who;
  readonly host: string;
  readonly port: number;
  /** Default: a new one for each start of the node. */
  readonly token: string | undefined;
  readonly actions: boolean;
  /** Whether there is a file by which the command finds it. */
  readonly announce: boolean;
  /** Hex ids of those that may look through the mesh. */
  readonly allow: readonly string[];
  /** Outlives the actor. */
  readonly memory: InspectorMemory;
}

export interface InspectorMemory {
  port: number | undefined;
  token: string | undefined;
  /** Pages that are open go on when it comes back. */
  sessions?: Sessions;
}

/** Nothing of it is shown to anybody: the token is in it. */
interface State {
  readonly http: InspectorHttp;
  /** Rejects while its port is somebody else's. */
  readonly listen: () => Promise<void>;
}

/** Its port may be free by now. */
class Again {}

export const inspectorServer: GenServer<InspectorArgs, State> = {
  label: 'inspector',
  trapExit: true,
  formatStatus: () => ({ state: 'inspector' }),

  init: async (args, self) => {
    const { context, host, actions, memory } = args;
    const { runtime, scope } = context;
    const token = (memory.token ??= args.token ?? tokenOf(runtime));
    const sessions = (memory.sessions ??= new Sessions());
    const root = (): Process | undefined => scope.whereis('root') as Process | undefined;
    const own = (): Process => self as Process;
    const fault = (error: unknown): void => runtime.defect(error);
    const watch = new Watch({ clock: runtime.clock, root, own, fault });
    const source = nodeSource({ ...args, root, watch, facts: factsOf(context, args.who()) });
    const port = memory.port ?? args.port;
    const http = new InspectorHttp(source, {
      host,
      port,
      token,
      sessions,
      random: runtime.random,
      actions,
      page: PAGE,
      clock: runtime.clock,
      fault,
    });
    const remote = remoteInspection(source, args.allow, runtime.clock);
    runtime.onExit(self.pid, () => {
      http.close();
      remote.close();
      watch.close();
    });
    const listen = async (): Promise<void> => {
      memory.port = await http.open();
      const address = `http://${host.includes(':') ? `[${host}]` : host}:${memory.port}`;
      if (args.announce) announce(context, source.facts, address, token, self as Process);
      scope.share('inspector', self as Process, {
        place: { address, url: `${address}/?t=${token}`, token },
        remote,
      });
      context.events.emit('inspector.started', { address, actions });
    };
    try {
      await listen();
    } catch (cause) {
      // a port that is taken is the user's to know, not a crash
      const error = new InspectorError({ host, port }, cause);
      if (memory.port === undefined) return stop({ shutdown: error }, undefined as never);
      // it was ours: whoever took it since must not end the tree, which would start this in vain again and again
      fault(error);
      // and may have been sent what our pages hold
      sessions.clear();
      self.sendAfter(AGAIN, new Again());
    }
    return { http, listen };
  },

  handleInfo: async (message, state, self) => {
    if (message instanceof Again) await state.listen().catch(() => self.sendAfter(AGAIN, new Again()));
    return noReply(state);
  },

  terminate: (reason, state) => {
    if (isOrderly(reason)) state.http.close();
  },
};

/** A file by which `espalier inspect` finds it; where none can be written it has to be told the address. */
function announce(
  { runtime, events }: Inspected,
  { pid, node, startedAt }: NodeFacts,
  url: string,
  token: string,
  self: Process,
): void {
  const written = writeDescriptor({ schema: 1, pid, url, token, node, startedAt }, runtime.random);
  if (written.ok) runtime.onExit(self, () => removeDescriptor(written.file));
  else events.emit('inspector.unannounced', { address: url, reason: written.detail });
}

const tokenOf = ({ random }: Runtime): string => Buffer.from(random.bytes(TOKEN)).toString('base64url');
