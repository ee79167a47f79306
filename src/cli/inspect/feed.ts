/**
 * What an inspector tells, kept up to date: connects, follows the stream, and again when it is lost.
 *
 * Shell around `model`. A gap in the stream, or what does not fit, is set right by connecting anew.
 */
import { systemClock, type Clock } from '../../actor/clock.ts';
import { errorLine } from '../error-document.ts';
import type { ServerEvent } from './event-stream.ts';
import type { Inspection, Reach } from './inspection.ts';
import { InspectError } from './inspect-error.ts';
import { applyDelta, readTree, type Model } from './model.ts';
import { fieldsOf, numberOf, textOf } from './row.ts';
import type { LastCrash, Status } from './screen.ts';

/** Until a lost inspector is asked again, milliseconds. */
const RETRY = 1_000;
/** Crashes that a node keeps: there may have been more. */
const RING = 200;

export interface FeedOptions {
  readonly reach: Reach;
  readonly interval: number;
  readonly signal: AbortSignal;
  readonly onChange: () => void;
  readonly clock?: Clock;
}

export class Feed {
  readonly #options: FeedOptions;
  readonly #clock: Clock;
  #model: Model | undefined;
  #node = { startedAt: 0, pid: 0 };
  /** Their ids: of one that its supervisor has decided about meanwhile it may be told again. */
  #crashes = new Set<string>();
  #lastCrash: LastCrash | undefined;
  #lost: string | undefined;
  /** When the last tree or delta came, on the monotonic clock. */
  #heard = 0;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Undefined until the first snapshot. */
  get model(): Model | undefined {
    return this.#model;
  }

  get status(): Status {
    return {
      ...this.#node,
      age: this.#clock.now() - this.#heard,
      crashes: this.#crashes.size,
      more: this.#crashes.size >= RING,
      ...(this.#lastCrash === undefined ? {} : { lastCrash: this.#lastCrash }),
      ...(this.#lost === undefined ? {} : { lost: this.#lost }),
    };
  }

  /** Ends with the signal. Throws when not even the first connection succeeds. */
  async run(): Promise<void> {
    const { signal, onChange } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#connection();
      } catch (error) {
        if (this.#model === undefined) throw error;
        this.#lost = `${whyOf(error)}; it is asked again`;
        onChange();
      }
      await this.#pause();
    }
  }

  async #connection(): Promise<void> {
    const { interval, signal } = this.#options;
    const inspection = await this.#options.reach();
    const node = fieldsOf(await inspection.get('/api/node', signal));
    const { crashes } = fieldsOf(await inspection.get('/api/crashes', signal));
    this.#node = { startedAt: numberOf(node['startedAt']), pid: numberOf(node['pid']) };
    const list: readonly unknown[] = Array.isArray(crashes) ? crashes : [];
    this.#crashes = new Set(list.map(idOf));
    this.#lastCrash = list.length === 0 ? undefined : crashOf(list[0]);
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    const onEvent = (event: ServerEvent): void => {
      if (!this.#take(event, inspection)) over.abort();
    };
    await inspection.follow({ signal: either, interval, onEvent });
  }

  /** False: only a new connection helps. */
  #take({ name, data }: ServerEvent, { url }: Inspection): boolean {
    if (!['snapshot', 'delta', 'crash'].includes(name)) return true;
    let body: unknown;
    try {
      body = JSON.parse(data);
    } catch {
      return false;
    }
    if (name === 'crash') {
      if (this.#crashes.size < RING) this.#crashes.add(idOf(body));
      this.#lastCrash = crashOf(body);
    } else if (name === 'snapshot') {
      const model = readTree(body);
      if (model === undefined)
        throw new InspectError({ tag: 'strange', url, detail: 'it tells of no tree of schema 1' });
      this.#heardOf(model);
    } else if (this.#model !== undefined) {
      const next = applyDelta(this.#model, body);
      if (next === 'gap') return false;
      this.#heardOf(next);
    }
    this.#options.onChange();
    return true;
  }

  #heardOf(model: Model): void {
    this.#model = model;
    this.#heard = this.#clock.now();
    this.#lost = undefined;
  }

  #pause(): Promise<void> {
    const { signal } = this.#options;
    return new Promise((resolve) => {
      const end = (): void => {
        this.#clock.clear(timer);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = this.#clock.setTimer(RETRY, end);
      signal.addEventListener('abort', end);
      if (signal.aborted) end();
    });
  }
}

/** For one line under the address, which need not be said again. */
function whyOf(error: unknown): string {
  if (!(error instanceof InspectError)) return errorLine(error);
  const { failure } = error;
  switch (failure.tag) {
    case 'no_runtime':
      return 'no runtime is there';
    case 'several_runtimes':
      return 'several runtimes are there: choose one by --pid';
    case 'refused':
      return `it refuses (${failure.status}): ${failure.detail}`;
    case 'unauthorized':
      return 'it does not let us look';
    case 'unreachable':
    case 'strange':
    case 'no_such_actor':
      return failure.detail;
  }
}

function crashOf(value: unknown): LastCrash {
  const { at, label, path, reason, decision, restarts } = fieldsOf(value);
  const above: readonly unknown[] = Array.isArray(path) ? path : [];
  // without the root, as paths are told everywhere
  const names = [...above.slice(1), label].map(textOf);
  return {
    at: numberOf(at),
    path: names.join('/'),
    reason: textOf(reason),
    decision: textOf(decision),
    restarts: numberOf(restarts),
  };
}

const idOf = (crash: unknown): string => textOf(fieldsOf(crash)['id']);
