/**
 * What runs inside a worker thread: loads the user's module and does one job at a time.
 *
 * `workerProgram` is handed to the thread as text, so it must not use anything outside itself. A file would have to
 * be found and be JavaScript already, which it is not under a test runner or in a bundle. Its port is its own, so
 * that a module may use `workerData` as it likes; what it posts to `parentPort` is lost. A result that cannot be cloned is told as such; of a
 * failure that cannot be, what can is told, and the rest as text.
 */
import type { MessagePort } from 'node:worker_threads';

/** A job for the thread. Its answer carries the same id. */
export type Job =
  /** Calls an exported function. */
  | { readonly tag: 'call'; readonly id: number; readonly name: string; readonly args: readonly unknown[] }
  /** Runs a callback of the GenServer that the module is; `name` is the tag of a request. */
  | {
      readonly tag: 'callback';
      readonly id: number;
      readonly callback: Callback;
      readonly name: string;
      readonly payload: unknown;
    };

/** `state` gives a copy of the state. */
export type Callback = 'init' | 'call' | 'cast' | 'info' | 'continue' | 'terminate' | 'state';

/** What a server's callback came to, as data; its state stays in the thread. */
export type Done =
  | { readonly kind: 'ok' | 'ignore' | 'unhandled' }
  | { readonly kind: 'started' | 'noReply'; readonly next: unknown }
  | { readonly kind: 'state'; readonly value: unknown }
  | { readonly kind: 'reply'; readonly value: unknown; readonly next: unknown }
  | {
      readonly kind: 'stop';
      readonly reason: unknown;
      readonly reply: { readonly value: unknown } | undefined;
    };

/** What the thread says. */
export type Told =
  | { readonly tag: 'loaded' }
  /** The module could not be loaded. */
  | { readonly tag: 'broken'; readonly error: unknown; readonly marks: Marks }
  | { readonly tag: 'value'; readonly id: number; readonly value: unknown }
  | { readonly tag: 'threw'; readonly id: number; readonly error: unknown; readonly marks: Marks }
  /** It threw what `exit(reason)` throws. */
  | { readonly tag: 'exit'; readonly id: number; readonly reason: unknown }
  /** It returned what `err(reason)` makes. */
  | { readonly tag: 'declared'; readonly id: number; readonly reason: unknown }
  | { readonly tag: 'unclonable'; readonly id: number; readonly detail: string }
  | { readonly tag: 'no_function'; readonly id: number }
  /** The answer to a call whose callback gave `noReply`. */
  | { readonly tag: 'late'; readonly id: number; readonly value: unknown }
  /** A server sends itself a message. */
  | { readonly tag: 'self'; readonly message: unknown };

/** What structured clone loses of an error. */
export interface Marks {
  readonly name: string | undefined;
  readonly code: string | number | undefined;
}

/** The first message to a thread. */
export interface Birth {
  readonly port: MessagePort;
  readonly module: string;
  readonly label: string;
  /** Messages a server may have sent itself between two jobs. */
  readonly bound: number;
}

interface Parent {
  once(event: 'message', listener: (birth: Birth) => void): unknown;
  close(): void;
}

/** `inspect` of `node:util`. */
type Inspect = (value: unknown, options: object) => string;
type Load = (url: string) => Promise<Readonly<Record<string, unknown>>>;
type Loose = Readonly<Record<string, unknown>>;

/** The text of the thread's script. */
export const programText = (): string =>
  // bundlers that keep names call `__name` inside others; `require` would say that the text is no module
  `const __name = (f) => f; (${workerProgram.toString()})(process.getBuiltinModule('node:worker_threads').parentPort, (url) => import(url), process.getBuiltinModule('node:util').inspect);`;

function workerProgram(parent: Parent, load: Load, inspect: Inspect): void {
  /** Characters of a value that is told as text; levels and entries of one that is told in part. */
  const TEXT = 512;
  const DEPTH = 4;
  const ENTRIES = 64;
  // two copies of a library agree on these
  const RESULT = Symbol.for('espalier.result');
  const DECLARED = Symbol.for('espalier.err');
  const EXIT = Symbol.for('espalier.exit');
  const TRANSFER = Symbol.for('espalier.transfer');

  parent.once('message', ({ port, module: url, label, bound }) => {
    // nobody reads what is sent there, and it would pile up in the memory of the program
    parent.close();
    let module: Loose = {};
    let server: Loose = {};
    let state: unknown;
    let sent = 0;

    const say = (told: Told, transfer: readonly ArrayBuffer[] = []): void => {
      port.postMessage(told, transfer);
    };
    const textOf = (value: unknown): string => {
      try {
        return typeof value === 'string'
          ? value.slice(0, TEXT)
          : inspect(value, { depth: 2, breakLength: Infinity, customInspect: false }).slice(0, TEXT);
      } catch {
        return 'a value that cannot be read';
      }
    };
    const detailOf = (error: unknown): string => {
      try {
        return textOf(error instanceof Error ? String(error.message) : error);
      } catch {
        return textOf(error);
      }
    };
    const bareError = (error: Error, depth: number): Error => {
      const bare = new Error(String(error.message));
      if (typeof error.stack === 'string') bare.stack = error.stack;
      if ('cause' in error) bare.cause = portable(error.cause, depth + 1);
      return bare;
    };
    /** What of a value can be cloned: errors and data stay what they are, the rest of them becomes text. */
    const portable = (value: unknown, depth: number): unknown => {
      try {
        structuredClone(value);
        return value;
      } catch {
        // as below
      }
      try {
        if (value instanceof Error) return bareError(value, depth);
        if (typeof value === 'object' && value !== null && depth < DEPTH) {
          const within = (item: unknown): unknown => portable(item, depth + 1);
          if (Array.isArray(value)) return value.slice(0, ENTRIES).map(within);
          const entries = Object.entries(value).slice(0, ENTRIES);
          if (entries.length > 0)
            return Object.fromEntries(entries.map(([key, item]) => [key, within(item)]));
        }
      } catch {
        // it refuses to be looked at
      }
      return textOf(value);
    };
    const marksOf = (error: unknown): Marks => {
      try {
        const { name, code } = error as { readonly name?: unknown; readonly code?: unknown };
        return {
          name: typeof name === 'string' ? name.slice(0, 128) : undefined,
          code: typeof code === 'string' || typeof code === 'number' ? code : undefined,
        };
      } catch {
        return { name: undefined, code: undefined };
      }
    };
    const sayFailed = (make: (error: unknown, marks: Marks) => Told, error: unknown): void => {
      const marks = marksOf(error);
      try {
        say(make(error, marks));
      } catch {
        say(make(portable(error, 0), marks));
      }
    };
    const markOf = (value: unknown): unknown =>
      typeof value === 'object' && value !== null ? (value as Record<symbol, unknown>)[RESULT] : undefined;
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

    const self = {
      label,
      send: (message: unknown): boolean => {
        if (sent >= bound) return false;
        say({ tag: 'self', message });
        sent++;
        return true;
      },
    };
    const fromOf = (id: number): object => {
      let settled = false;
      return {
        get settled(): boolean {
          return settled;
        },
        reply: (value: unknown): boolean => {
          if (settled) return false;
          say({ tag: 'late', id, value });
          settled = true;
          return true;
        },
      };
    };
    const undef = (callback: string, name: string): Error =>
      new TypeError(`undef: no ${callback}${name === '' ? '' : ` for ${name}`}`);
    const pick = (record: unknown, name: string): ((...args: unknown[]) => unknown) | undefined => {
      if (typeof record !== 'object' || record === null || !Object.hasOwn(record, name)) return undefined;
      const found = (record as Loose)[name];
      return typeof found === 'function' ? (found as (...args: unknown[]) => unknown) : undefined;
    };
    const callback = (name: string): ((...args: unknown[]) => unknown) | undefined => {
      const found = server[name];
      return typeof found === 'function'
        ? (found.bind(server) as (...args: unknown[]) => unknown)
        : undefined;
    };

    const run = (job: Extract<Job, { tag: 'callback' }>): unknown => {
      const { name, payload } = job;
      switch (job.callback) {
        case 'init': {
          const init = callback('init');
          if (init === undefined) throw undef('init', '');
          return init(payload, self);
        }
        case 'call': {
          const handler = pick(server['handleCall'], name);
          if (handler !== undefined) return handler(payload, state, self, fromOf(job.id));
          const request = callback('handleRequest');
          if (request === undefined) throw undef('handleCall', name);
          return request(name === '' ? payload : { tag: name, payload }, state, self, fromOf(job.id));
        }
        case 'cast': {
          const handler = pick(server['handleCast'], name);
          if (handler === undefined) throw undef('handleCast', name);
          return handler(payload, state, self);
        }
        case 'continue': {
          const next = callback('handleContinue');
          if (next === undefined) throw undef('handleContinue', '');
          return next(payload, state, self);
        }
        case 'info':
          return callback('handleInfo')?.(payload, state, self);
        case 'state':
          return state;
        case 'terminate':
          return callback('terminate')?.(payload, state, self);
      }
    };

    /** Keeps the state here; what is left is data. Undefined for a result that means nothing. */
    const conclude = (job: Extract<Job, { tag: 'callback' }>, result: unknown): Done | undefined => {
      if (job.callback === 'terminate') return { kind: 'ok' };
      if (job.callback === 'state') return { kind: 'state', value: result };
      const mark = markOf(result);
      const given = result as {
        value: unknown;
        state: unknown;
        reason: unknown;
        next: unknown;
        reply: never;
      };
      if (job.callback === 'init') {
        if (mark === 'ignore') return { kind: 'ignore' };
        if (mark === 'stop') return { kind: 'stop', reason: given.reason, reply: undefined };
        if (mark === 'reply' || mark === 'noReply') return undefined;
        state = mark === 'started' ? given.state : result;
        return mark === 'started' ? { kind: 'started', next: given.next } : { kind: 'ok' };
      }
      if (job.callback === 'info' && typeof server['handleInfo'] !== 'function') return { kind: 'unhandled' };
      switch (mark) {
        case 'reply':
          if (job.callback !== 'call') break;
          state = given.state;
          return { kind: 'reply', value: given.value, next: given.next };
        case 'noReply':
          state = given.state;
          return { kind: 'noReply', next: given.next };
        case 'stop':
          state = given.state;
          return { kind: 'stop', reason: given.reason, reply: given.reply };
      }
      return undefined;
    };

    const work = async (job: Job): Promise<void> => {
      const { id } = job;
      // whoever asks for a job has read all that came before
      sent = 0;
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
          const result = await run(job);
          value = conclude(job, result);
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
        module = loaded;
        const main = loaded['default'];
        server = typeof main === 'object' && main !== null ? (main as Loose) : loaded;
        port.on('message', (job: Job) => {
          // it answers whatever happens; what could still be thrown ends the thread
          work(job).catch((error: unknown) => {
            throw error;
          });
        });
        say({ tag: 'loaded' });
      },
      (error: unknown) => sayFailed((thrown, marks) => ({ tag: 'broken', error: thrown, marks }), error),
    );
  });
}
