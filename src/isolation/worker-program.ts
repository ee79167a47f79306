/**
 * What runs inside a worker thread: loads the user's module and does one job at a time.
 *
 * The three functions of the program are handed to the thread as text, so that none of them may use anything outside
 * itself: what one needs of another is an argument. A file would have to be found and be JavaScript already, which it
 * is not under a test runner or in a bundle. Its port is its own, so that a module may use `workerData` as it likes;
 * what it posts to `parentPort` is lost. A result that cannot be cloned is told as such; of a failure that cannot be,
 * what can is told, and the rest as text.
 */
import type { Birth, Job, Marks, Told } from './thread-messages.ts';
import { threadServer, type Callable, type Loose, type ThreadServer } from './thread-server.ts';
import { threadValues, type ThreadValues } from './thread-values.ts';

interface Parent {
  once(event: 'message', listener: (birth: Birth) => void): unknown;
  close(): void;
}

interface Parts {
  readonly parent: Parent;
  readonly load: (url: string) => Promise<Loose>;
  readonly values: ThreadValues;
  readonly makeServer: typeof threadServer;
}

/** The text of the thread's script. */
export const programText = (): string =>
  [
    // bundlers that keep names call `__name` inside others
    'const __name = (f) => f;',
    // `require` would say that the text is no module
    'const builtin = (name) => process.getBuiltinModule(`node:${name}`);',
    `(${workerProgram.toString()})({`,
    "parent: builtin('worker_threads').parentPort,",
    'load: (url) => import(url),',
    `values: (${threadValues.toString()})(builtin('util').inspect),`,
    `makeServer: ${threadServer.toString()},`,
    '});',
  ].join('\n');

function workerProgram({ parent, load, values, makeServer }: Parts): void {
  // two copies of a library agree on these
  const DECLARED = Symbol.for('espalier.err');
  const EXIT = Symbol.for('espalier.exit');
  const TRANSFER = Symbol.for('espalier.transfer');
  const { detailOf, portable, marksOf } = values;

  parent.once('message', ({ port, module: url, label, bound }) => {
    // nobody reads what is sent there, and it would pile up in the memory of the program
    parent.close();

    const say = (told: Told, transfer: readonly ArrayBuffer[] = []): void => {
      port.postMessage(told, transfer);
    };
    const sayFailed = (make: (error: unknown, marks: Marks) => Told, error: unknown): void => {
      const marks = marksOf(error);
      try {
        say(make(error, marks));
      } catch {
        say(make(portable(error), marks));
      }
    };
    const bears = (value: unknown, mark: symbol): value is { readonly reason: unknown } => {
      try {
        return (
          typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[mark] === true
        );
      } catch {
        // a proxy that refuses to be looked at
        return false;
      }
    };
    const pick = (record: unknown, name: string): Callable | undefined => {
      if (typeof record !== 'object' || record === null || !Object.hasOwn(record, name)) return undefined;
      const found = (record as Loose)[name];
      return typeof found === 'function' ? (found as Callable) : undefined;
    };
    const work = async (module: Loose, server: ThreadServer, job: Job): Promise<void> => {
      const { id } = job;
      let value: unknown;
      let transfer: readonly ArrayBuffer[] = [];
      try {
        if (job.tag === 'call') {
          const target = pick(module, job.name);
          if (target === undefined) {
            say({ tag: 'no_function', id });
            return;
          }
          value = await target(...job.args);
          const wrapped = value as { value: unknown; [key: symbol]: readonly ArrayBuffer[] } | null;
          if (typeof value === 'object' && wrapped !== null && Array.isArray(wrapped[TRANSFER])) {
            transfer = wrapped[TRANSFER];
            value = wrapped.value;
          }
        } else {
          const result = await server.run(job);
          value = server.conclude(job, result);
          if (value === undefined) {
            sayFailed((reason) => ({ tag: 'exit', id, reason }), { bad_return_value: result });
            return;
          }
        }
      } catch (error) {
        if (bears(error, EXIT)) sayFailed((reason) => ({ tag: 'exit', id, reason }), error.reason);
        else sayFailed((thrown, marks) => ({ tag: 'threw', id, error: thrown, marks }), error);
        return;
      }
      try {
        if (job.tag === 'call' && bears(value, DECLARED)) say({ tag: 'declared', id, reason: value.reason });
        else say({ tag: 'value', id, value }, transfer);
      } catch (error) {
        say({ tag: 'unclonable', id, detail: detailOf(error) });
      }
    };

    load(url).then(
      (loaded) => {
        const main = loaded['default'];
        const callbacks = typeof main === 'object' && main !== null ? (main as Loose) : loaded;
        const server = makeServer({ server: callbacks, label, bound, say, pick });
        port.on('message', (job: Job) => {
          // it answers whatever happens; what could still be thrown ends the thread
          work(loaded, server, job).catch((error: unknown) => {
            throw error;
          });
        });
        say({ tag: 'loaded' });
      },
      (error: unknown) => sayFailed((thrown, marks) => ({ tag: 'broken', error: thrown, marks }), error),
    );
  });
}
