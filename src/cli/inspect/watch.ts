/**
 * The live view: what the feed tells, as the keys ask for it, on the terminal; or every event as a line of JSON.
 */
import { systemClock } from '../../actor/clock.ts';
import { usageError } from '../error-document.ts';
import { ExitCode } from '../exit-code.ts';
import type { Interrupts } from '../interrupts.ts';
import { documentText } from '../json-value.ts';
import { Feed } from './feed.ts';
import { findActor, rootOf } from './find-actor.ts';
import type { Reach } from './inspection.ts';
import type { Key } from './keys.ts';
import type { Model } from './model.ts';
import { screenOf, type Screen, type Status } from './screen.ts';
import { Tty } from './tty.ts';
import { press, type Sort, type View } from './view.ts';

export interface WatchFlags {
  readonly depth?: number;
  readonly sort?: Sort;
  readonly interval?: number;
}

/** Between two looks, milliseconds. */
const INTERVAL = 1_000;
/** Events that come together are shown together, milliseconds. */
const TOGETHER = 30;
/** Between two screens when nothing comes: times go on. Milliseconds. */
const TICK = 1_000;

/** Throws `RpcError` `invalid_args`. */
export function expectTerminal(): void {
  if (!Tty.available)
    throw usageError('watch', 'needs a terminal for its keys and its screen; --watch --ndjson needs none');
}

/** Until `q`, a signal, or the end of the terminal. */
export async function watch(
  reach: Reach,
  path: string | undefined,
  flags: WatchFlags,
  interrupts: Interrupts,
): Promise<ExitCode> {
  const over = new AbortController();
  const live = new Live(path, flags, () => over.abort());
  const feed = new Feed({
    reach,
    interval: flags.interval ?? INTERVAL,
    signal: AbortSignal.any([interrupts.signal, over.signal]),
    onChange: () => live.changed(feed),
  });
  try {
    await feed.run();
  } catch (error) {
    if (interrupts.received === undefined) throw error;
  } finally {
    live.close();
  }
  return live.failure === undefined ? ExitCode.ok : Promise.reject(live.failure);
}

/** One line for each event, as the stream tells it; a reader that is slow slows the stream. */
export async function watchLines(reach: Reach, flags: WatchFlags, interrupts: Interrupts): Promise<ExitCode> {
  const over = new AbortController();
  process.stdout.once('close', () => over.abort());
  process.stdout.once('error', () => over.abort());
  const signal = AbortSignal.any([interrupts.signal, over.signal]);
  try {
    const inspection = await reach();
    await inspection.follow({
      signal,
      interval: flags.interval ?? INTERVAL,
      onEvent: ({ name, data }) => {
        const line = documentText({ event: name, data: JSON.parse(data) as unknown });
        if (process.stdout.write(`${line}\n`)) return undefined;
        return new Promise<void>((resolve) => {
          process.stdout.once('drain', resolve);
          over.signal.addEventListener('abort', () => resolve(), { once: true });
        });
      },
    });
  } catch (error) {
    // asked to end while it was still connecting
    if (interrupts.received === undefined) throw error;
  }
  return ExitCode.ok;
}

/** What is on the screen, and what the keys have made of it. */
class Live {
  readonly #path: string | undefined;
  readonly #depth: number | undefined;
  readonly #quit: () => void;
  readonly #tty: Tty;
  #open = false;
  #closed = false;
  #view: View;
  #screen: Screen | undefined;
  /** As it was when it was paused. */
  #frozen: { readonly model: Model; readonly status: Status } | undefined;
  #feed: Feed | undefined;
  #due: object | undefined;
  #tick: object | undefined;
  /** What ended it, unless somebody did. */
  failure: Error | undefined;

  constructor(path: string | undefined, { depth, sort }: WatchFlags, quit: () => void) {
    this.#path = path;
    this.#depth = depth;
    this.#quit = quit;
    this.#view = {
      mode: 'list',
      sort: sort ?? 'mailbox',
      filter: '',
      typing: false,
      paused: false,
      top: 0,
    };
    this.#tty = new Tty({
      onKey: (key) => this.#press(key),
      onRedraw: () => this.#draw(),
      onEnd: quit,
    });
  }

  changed(feed: Feed): void {
    const { model } = feed;
    if (model === undefined || this.#closed) return;
    this.#feed = feed;
    if (!this.#open) this.#begin(model);
    else this.#due ??= systemClock.setTimer(TOGETHER, () => this.#draw());
  }

  close(): void {
    this.#closed = true;
    for (const timer of [this.#due, this.#tick]) if (timer !== undefined) systemClock.clear(timer);
    this.#tty.close();
  }

  #begin(model: Model): void {
    try {
      rootOf(model, this.#path);
    } catch (error) {
      this.failure = error as Error;
      this.#quit();
      return;
    }
    this.#open = true;
    this.#tty.open();
  }

  #press(key: Key): void {
    const next = press(this.#view, key, this.#screen?.page ?? 0, this.#screen?.total ?? 0);
    if (next === 'quit') {
      this.#quit();
      return;
    }
    const { model, status } = this.#feed ?? {};
    if (!next.paused || model === undefined || status === undefined) this.#frozen = undefined;
    else this.#frozen ??= { model, status };
    this.#view = next;
    this.#draw();
  }

  #draw(): void {
    if (this.#closed) return;
    for (const timer of [this.#due, this.#tick]) if (timer !== undefined) systemClock.clear(timer);
    this.#due = undefined;
    this.#tick = systemClock.setTimer(TICK, () => this.#draw());
    const feed = this.#feed;
    const model = this.#frozen?.model ?? feed?.model;
    if (feed === undefined || model === undefined) return;
    const status = this.#frozen?.status ?? feed.status;
    const found = this.#path === undefined ? undefined : findActor(model, this.#path);
    // gone for now: an id that nobody has shows nothing
    const root = found === undefined ? undefined : found.tag === 'found' ? found.id : '';
    this.#screen = screenOf(model, this.#view, status, this.#tty.size, { root, depth: this.#depth });
    this.#view = { ...this.#view, top: this.#screen.top };
    this.#tty.draw(this.#screen.lines);
  }
}
