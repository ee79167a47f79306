/**
 * The line to the node: one event stream, made again with backoff when the node goes and comes back.
 *
 * `EventSource` would try again by itself, but sends no key and says nothing of why it fails; here the reason is known, so that the
 * page can tell a node that restarts from a session that is no longer good.
 */
import { retryDelay } from './backoff.ts';
import type { Browser } from './browser.ts';
import { get, listen } from './requests.ts';
import type { ServerEvent } from './server-events.ts';
import type { Crash, Delta, LogLine, NodeFacts, Tree } from './wire.ts';

export type LineState =
  | { readonly tag: 'connecting' }
  | { readonly tag: 'live' }
  | { readonly tag: 'paused' }
  /** Next try at `until`, ms since 1970. `full`: it is there, and says what there is too much of. */
  | {
      readonly tag: 'lost';
      readonly since: number;
      readonly until: number;
      readonly attempt: number;
      readonly full?: string;
    }
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
/** As many watch as may. */
const FULL = 429;

export class Stream {
  readonly #browser: Browser;
  readonly #listener: Listener;
  #line: AbortController | undefined;
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
    if (round !== this.#round) return undefined;
    if (!node.ok) return this.#failed(node.status, node.error);
    this.#listener.node(node.body);
    const line = new AbortController();
    this.#line = line;
    const take = (event: ServerEvent): void => {
      if (round === this.#round) this.#take(event);
    };
    const ended = await listen(`/api/stream?interval=${this.interval}`, take, line.signal);
    if (round !== this.#round) return undefined;
    // the other side ends it only when it ends itself
    if (ended.ok) return this.#failed(0, 'the node has closed the line');
    return this.#failed(ended.status, ended.error);
  }

  #take({ name, data }: ServerEvent): void {
    const body: unknown = JSON.parse(data);
    switch (name) {
      case 'snapshot':
        this.#attempt = 0;
        this.#lostSince = 0;
        this.#listener.snapshot(body as Tree);
        this.#become({ tag: 'live' });
        return;
      case 'delta':
        if (!this.#listener.delta(body as Delta)) this.#resync();
        return;
      case 'lost':
        this.#listener.lost((body as { readonly lines?: number }).lines ?? 0);
        return;
      case 'crash':
        this.#listener.crash(body as Crash);
        return;
      case 'log':
        this.#listener.log(body as LogLine);
    }
  }

  /** At once. */
  again(): void {
    this.open().catch((error: unknown) => {
      // ours to mend: in the console, and tried again
      window.reportError(error);
      this.#failed(0, 'the line could not be opened');
    });
  }

  /** The page may be let in now: where it was refused it asks again. */
  admitted(): void {
    if (this.state.tag === 'refused') this.again();
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
    const full = status === FULL ? { full: error } : {};
    this.#become({
      tag: 'lost',
      since: this.#lostSince,
      until: now + delay,
      attempt: this.#attempt,
      ...full,
    });
    this.#cancel = this.#browser.after(delay, () => this.again());
  }

  #close(): void {
    this.#round += 1;
    this.#line?.abort();
    this.#line = undefined;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #become(state: LineState): void {
    this.state = state;
    this.#listener.state(state);
  }
}
