/**
 * One who watches: an event stream of the tree, of crashes, of the log and of views (WHATWG HTML §9.2, server-sent events).
 *
 * Nothing is written while the last has not left. What changes of the tree waits in the watch, of a view only the last counts; crashes
 * and lines of the log wait here, a hundred of each, then the oldest go.
 */
import type { ServerResponse } from 'node:http';
import type { Delta } from '../delta.ts';
import type { Watch } from '../watch.ts';
import { begin } from './answer.ts';

/** Crashes, and lines of the log, that wait for a slow reader. */
const WAITING = 100;

export class EventStream {
  readonly #response: ServerResponse;
  readonly #watch: Watch;
  readonly #snapshot: (tree: Delta) => unknown;
  readonly #leave: () => void;
  /** Of the last delta that was sent; -1: none. */
  #seq = -1;
  #full = false;
  readonly #lines: { readonly event: string; readonly data: unknown }[] = [];
  readonly #views = new Map<string, unknown>();
  /** Lines that nobody will see. */
  #lost = 0;

  /** @param snapshot how the whole tree is told. @param interval between two looks, ms. */
  constructor(
    response: ServerResponse,
    watch: Watch,
    snapshot: (tree: Delta) => unknown,
    interval: number | undefined,
  ) {
    this.#response = response;
    this.#watch = watch;
    this.#snapshot = snapshot;
    begin(response, 200, 'text/event-stream', { 'X-Accel-Buffering': 'no' });
    response.flushHeaders();
    response.on('drain', () => {
      this.#full = false;
      this.#flush();
    });
    this.#leave = watch.subscribe(() => this.#flush(), interval);
  }

  /** Sends the whole tree, and from then on what changes. */
  async start(): Promise<void> {
    const tree = await this.#watch.tree();
    this.#seq = tree.seq;
    this.#write('snapshot', this.#snapshot(tree));
    this.#flush();
  }

  /** Something that is told once. */
  line(event: string, data: unknown): void {
    if (this.#lines.length >= WAITING) {
      this.#lines.shift();
      this.#lost++;
    }
    this.#lines.push({ event, data });
    this.#flush();
  }

  /** How a view looks now. */
  view(name: string, data: unknown): void {
    this.#views.set(name, data);
    this.#flush();
  }

  /** Shows those between us that somebody is there. */
  keepAlive(): void {
    if (!this.#full) this.#full = !this.#response.write(': keep-alive\n\n');
  }

  close(): void {
    this.#leave();
    this.#response.end();
  }

  #flush(): void {
    if (this.#seq < 0) return;
    const delta = this.#full ? undefined : this.#watch.since(this.#seq);
    if (delta !== undefined) {
      this.#seq = delta.seq;
      if (delta.reset === true) this.#write('snapshot', this.#snapshot(delta));
      else this.#write('delta', delta);
    }
    if (!this.#full && this.#lost > 0) {
      this.#write('lost', { lines: this.#lost });
      this.#lost = 0;
    }
    while (!this.#full && this.#lines.length > 0) {
      const { event, data } = this.#lines.shift() as { event: string; data: unknown };
      this.#write(event, data);
    }
    for (const [name, data] of this.#views) {
      if (this.#full) break;
      this.#views.delete(name);
      this.#write('view', data);
    }
  }

  #write(event: string, data: unknown): void {
    this.#full = !this.#response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }
}
