/**
 * An inspector without a node: serves the page as the real one does, with its headers, and data from a script.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { answerJson, answerText, begin } from '../../src/inspect/http/answer.ts';
import { pageFiles } from '../../src/inspect/http/files.ts';
import type {
  ActorChange,
  ActorRow,
  Crash,
  Delta,
  NodeFacts,
  ProcedureFacts,
} from '../../src/inspect/page/wire.ts';

const PAGE = join(import.meta.dirname, '../../dist/src/inspect/page');
export interface Script {
  readonly rows: readonly ActorRow[];
  readonly crashes?: readonly Crash[];
  readonly views?: Readonly<Record<string, unknown>>;
  readonly actions?: boolean;
  /** By name: what `/api/procedures/NAME` tells. */
  readonly procedures?: Readonly<Record<string, ProcedureFacts>>;
}

export class FakeInspector {
  rows: ActorRow[];
  crashes: Crash[];
  views: Readonly<Record<string, unknown>>;
  readonly procedures: Readonly<Record<string, ProcedureFacts>>;
  actions: boolean;
  startedAt: number = Date.now() - 7_384_000;
  /** What the clock says that views are told by; undefined: that of this process. */
  viewsAt: number | undefined;
  /** Answered to everything under /api; 0: as usual. */
  refuse = 0;
  readonly done: unknown[] = [];
  /** How an action ends. */
  act: (action: { readonly action: string; readonly id?: string }) => unknown = () => ({ ok: true });
  #seq = 1;
  #server: Server | undefined;
  readonly #streams = new Set<ServerResponse>();
  #port = 0;

  constructor({ rows, crashes = [], views = {}, actions = false, procedures = {} }: Script) {
    this.rows = [...rows];
    this.crashes = [...crashes];
    this.views = views;
    this.actions = actions;
    this.procedures = procedures;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  get streams(): number {
    return this.#streams.size;
  }

  /** On the port it had before, if there was one. */
  async start(): Promise<void> {
    const server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    for (const stream of this.#streams) stream.destroy();
    this.#streams.clear();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  /** Changes the tree and tells whoever watches. */
  delta(delta: {
    readonly added?: readonly ActorRow[];
    readonly removed?: readonly string[];
    readonly changed?: readonly ActorChange[];
  }): void {
    const { added = [], removed = [], changed = [] } = delta;
    const changes = new Map(changed.map((change) => [change.id, change]));
    const gone = new Set(removed);
    this.rows = this.rows
      .filter(({ id }) => !gone.has(id))
      .map((row) => ({ ...row, ...changes.get(row.id) }) as ActorRow);
    for (const row of added) {
      const before = this.rows.findIndex(({ id }) => id === (row.after ?? row.parent));
      this.rows.splice(before + 1, 0, row);
    }
    this.#seq += 1;
    const body: Delta = { seq: this.#seq, at: Date.now(), added, removed, changed };
    this.send('delta', body);
  }

  crash(crash: Crash): void {
    this.crashes.unshift(crash);
    this.send('crash', crash);
  }

  send(event: string, data: unknown): void {
    for (const stream of this.#streams) stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  get #facts(): NodeFacts {
    return {
      schema: 1,
      node: 'quic://127.0.0.1:9443',
      role: 'bootstrap',
      id: '3f9a'.repeat(16),
      pid: 4242,
      version: '0.1.0',
      nodeVersion: 'v20.19.0',
      startedAt: this.startedAt,
      actions: this.actions,
      views: Object.keys(this.views),
    };
  }

  get #tree(): object {
    return { schema: 1, seq: this.#seq, node: this.#facts.node, at: Date.now(), rows: this.rows };
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', this.url);
    const json = (status: number, body: unknown): void => answerJson(response, status, body);
    if (!pathname.startsWith('/api/')) return this.#file(pathname, response);
    if (this.refuse !== 0) return json(this.refuse, { error: 'refused' });
    const [, kind = '', name = ''] = /^\/api\/(\w+)\/?(.*)$/.exec(pathname) ?? [];
    switch (kind) {
      case 'node':
        return json(200, this.#facts);
      case 'tree':
        return json(200, this.#tree);
      case 'crashes':
        return json(200, { crashes: this.crashes });
      case 'views':
        return json(200, { name, at: this.viewsAt ?? Date.now(), data: this.views[name] });
      case 'procedures': {
        const facts = this.procedures[decodeURIComponent(name)];
        return facts === undefined ? json(404, { error: 'no such procedure' }) : json(200, facts);
      }
      case 'actor':
        return this.#actor(decodeURIComponent(name), json);
      case 'stream':
        begin(response, 200, 'text/event-stream; charset=utf-8');
        this.#streams.add(response);
        response.on('close', () => this.#streams.delete(response));
        response.write(`event: snapshot\ndata: ${JSON.stringify(this.#tree)}\n\n`);
        return;
      case 'actions': {
        const parts: Buffer[] = [];
        for await (const part of request) parts.push(part as Buffer);
        const action = JSON.parse(Buffer.concat(parts).toString()) as { action: string };
        if (!this.actions || request.headers['x-espalier-action'] !== '1') return json(403, { error: 'off' });
        this.done.push(action);
        return json(200, this.act(action));
      }
      default:
        return json(404, { error: 'no such place' });
    }
  }

  #actor(id: string, json: (status: number, body: unknown) => void): void {
    const row = this.rows.find((each) => each.id === id);
    if (row === undefined) return json(404, { error: 'no such actor' });
    const status = { ancestors: [], names: [], hibernates: false, debug: [], state: row.state };
    return json(200, { row, status, crashes: this.crashes.filter(({ pid }) => pid === id) });
  }

  #file(pathname: string, response: ServerResponse): void {
    const file = pageFiles(PAGE).get(pathname);
    if (file === undefined) return answerText(response, 404, 'text/plain', 'no such place');
    begin(response, 200, file.type, { 'Content-Length': String(file.bytes.length) });
    response.end(file.bytes);
  }
}
