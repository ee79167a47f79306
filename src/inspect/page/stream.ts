/**
 * The line to the node: one event stream, made again with backoff when the node goes and comes back.
 *
 * `EventSource` would try again by itself, but says nothing of why; here the reason is asked for, so that the page can
 * tell a node that restarts from a token that is no longer good.
 */
import { retryDelay } from './backoff.ts';
import type { Browser } from './browser.ts';
import { get } from './requests.ts';
import type { Crash, Delta, LogLine, NodeFacts, Tree } from './wire.ts';

export type LineState =
  | { readonly tag: 'connecting' }
  | { readonly tag: 'live' }
  | { readonly tag: 'paused' }
  /** Next try at `until`, ms since 1970. */
  | { readonly tag: 'lost'; readonly since: number; readonly until: number; readonly attempt: number }
  /** It answers, but not to us. */
  | { readonly tag: 'refused'; readonly status: number; readonly error: string };

export interface Listener {
  node(facts: NodeFacts): void;
  snapshot(tree: Tree): void;
  /** False: a delta is missing, so that a new snapshot is needed. */
  delta(delta: Delta): boolean;
  crash(crash: Crash): void;
  log(line: LogLine): void;
  /** Crashes and log lines that were left out because this page was slow. */
  lost(lines: number): void;
  state(state: LineState): void;
}

/** Status codes that another try does not change. */
const FINAL = new Set([401, 403, 421]);

export class Stream {
  readonly #browser: Browser;
  readonly #listener: Listener;
  #source: EventSource | undefined;
  #cancel: (() => void) | undefined;
  #attempt = 0;
  #lostSince = 0;
  /** Grows with every opening: what belongs to an older one is not heard. */
  #round = 0;
  /** Milliseconds between two deltas. */
  interval = 500;
  state: LineState = { tag: 'connecting' };

  constructor(browser: Browser, listener: Listener) {
    this.#browser = browser;
    this.#listener = listener;
  }

  async open(): Promise<void> {
    this.#close();
    const round = this.#round;
    if (this.#attempt === 0) this.#become({ tag: 'connecting' });
    const node = await get<NodeFacts>('/api/node');
    if (round !== this.#round) return;
    if (!node.ok) return this.#failed(node.status, node.error);
    this.#listener.node(node.body);
    const source = new EventSource(`/api/stream?interval=${this.interval}`);
    this.#source = source;
    const on = <Body>(name: string, take: (body: Body) => void): void =>
      source.addEventListener(name, (event: MessageEvent<string>) => {
        if (round === this.#round) take(JSON.parse(event.data) as Body);
      });
    on<Tree>('snapshot', (tree) => {
      this.#attempt = 0;
      this.#lostSince = 0;
      this.#listener.snapshot(tree);
      this.#become({ tag: 'live' });
    });
    on<Delta>('delta', (delta) => {
      if (!this.#listener.delta(delta)) this.#resync();
    });
    on<{ readonly lines?: number }>('lost', ({ lines = 0 }) => this.#listener.lost(lines));
    on<Crash>('crash', (crash) => this.#listener.crash(crash));
    on<LogLine>('log', (line) => this.#listener.log(line));
    source.addEventListener('error', () => {
      if (round === this.#round) this.#failed(0, 'the node has closed the line');
    });
  }

  /** At once. */
  again(): void {
    this.open().catch(() => this.#failed(0, 'the line could not be opened'));
  }

  pause(): void {
    this.#close();
    this.#attempt = 0;
    this.#become({ tag: 'paused' });
  }

  /** A new line has a new snapshot. Not at once: what is wrong may stay wrong. */
  #resync(): void {
    this.#close();
    this.#cancel = this.#browser.after(retryDelay(0), () => this.again());
  }

  #failed(status: number, error: string): void {
    this.#close();
    if (FINAL.has(status)) {
      this.#become({ tag: 'refused', status, error });
      return;
    }
    const now = this.#browser.now();
    if (this.#lostSince === 0) this.#lostSince = now;
    const delay = retryDelay(this.#attempt);
    this.#attempt += 1;
    this.#become({ tag: 'lost', since: this.#lostSince, until: now + delay, attempt: this.#attempt });
    this.#cancel = this.#browser.after(delay, () => this.again());
  }

  #close(): void {
    this.#round += 1;
    this.#source?.close();
    this.#source = undefined;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #become(state: LineState): void {
    this.state = state;
    this.#listener.state(state);
  }
}
