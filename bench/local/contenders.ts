/**
 * Ways to call a function of this process by name. All live in one process and get the same arguments.
 */
import { connectLocal, startNode, type Client } from '../../src/index.ts';
import { loadPackage } from '../harness/packages.ts';

/** Args in, the same args' payload out. */
export type LocalCall = (args: Args) => Promise<unknown>;
export type Args = { readonly text: string } | { readonly bytes: Uint8Array };

export interface Contender {
  readonly name: string;
  readonly note: string;
  readonly packages: readonly string[];
  readonly start: () => Promise<LocalCall>;
}

/** Its name in another package's terms. */
const NAME = 'bench.echo';

const echo = (args: Args): string | Uint8Array => ('text' in args ? args.text : args.bytes);

async function serving(): ReturnType<typeof startNode> {
  const node = await startNode({ listen: '127.0.0.1:0' });
  await node.advertise(NAME, echo);
  return node;
}

const through =
  (client: Client): LocalCall =>
  (args) =>
    client.call(NAME, args);

export const LOCAL = 'connectLocal';
export const NODE = 'node.call';
export const MOLECULER = 'moleculer';
export const PLAIN = 'plain';

export const CONTENDERS: readonly Contender[] = [
  {
    name: LOCAL,
    note: 'connectLocal(node).call: arguments copied and frozen, deadline, mailboxes, one supervised child per call',
    packages: [],
    start: async () => through(connectLocal(await serving())),
  },
  {
    name: NODE,
    note: 'node.call: the same from the node itself',
    packages: [],
    start: async () => through(await serving()),
  },
  {
    name: MOLECULER,
    note: 'moleculer broker.call in the same process: arguments by reference, no deadline (its default), no child',
    packages: ['moleculer'],
    start: moleculer,
  },
  {
    name: PLAIN,
    note: 'awaiting an async function: the floor, no competitor',
    packages: [],
    start: () => Promise.resolve((args) => Promise.resolve(echo(args))),
  },
];

/** What we use of the package. */
interface Broker {
  createService(service: {
    readonly name: string;
    readonly actions: Readonly<Record<string, (context: { readonly params: Args }) => unknown>>;
  }): void;
  start(): Promise<void>;
  call(action: string, params: Args): Promise<unknown>;
}

async function moleculer(): Promise<LocalCall> {
  const { default: library } = (await loadPackage('moleculer')) as {
    readonly default: { readonly ServiceBroker: new (options: object) => Broker };
  };
  const broker = new library.ServiceBroker({ logger: false });
  broker.createService({ name: 'bench', actions: { echo: ({ params }) => echo(params) } });
  await broker.start();
  return (args) => broker.call(NAME, args);
}
