/**
 * The HTTP server of an inspector, on one address: checks who asks, then answers (INSPECTOR §5).
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Clock } from '../../actor/clock.ts';
import type { Random } from '../../actor/random.ts';
import type { InspectorSource } from '../source.ts';
import { answerJson, answerText, begin, enter, moveTo, refuseNoHttp } from './answer.ts';
import { Connections } from './connections.ts';
import {
  cookieName,
  hostsOf,
  judge,
  judgeAction,
  otherMethod,
  type Asked,
  type Rules,
  type Verdict,
} from './guard.ts';
import { pageFiles, type PageFile } from './files.ts';
import { Routes } from './routes.ts';
import { uses, type Sessions } from './sessions.ts';
import { Streams } from './streams.ts';

/** Milliseconds for the head of a request, for all of it, and for the next one of a connection. */
const HEAD = 5_000;
const WHOLE = 10_000;
const IDLE = 5_000;
/** Between two looks for connections whose time is up: Node's own 30 s would let few of them hold all places that long. */
const CHECK = 1_000;
/** And for one of whose answer nothing was read: longer than any action takes, and than streams are silent. */
const UNREAD = 90_000;
/** Bytes of the head of a request. */
const HEADERS = 16_384;

const NO_ACCESS =
  '<!doctype html><meta charset="utf-8"><title>Espalier inspector</title><h1>Espalier inspector</h1>' +
  '<p>This page is opened by the link that the node prints when it starts. In a terminal, <code>espalier inspect</code> shows the same.</p>';

export interface HttpOptions {
  readonly host: string;
  readonly port: number;
  /** 32 characters, new for each start. */
  readonly token: string;
  /** Those of the pages that were opened so far. */
  readonly sessions: Sessions;
  readonly random: Random;
  readonly actions: boolean;
  /** Milliseconds after which one who reads nothing of an answer is cut off. Default 90,000. */
  readonly unread?: number;
  /** The folder of the page. */
  readonly page: string;
  readonly clock: Clock;
  /** A handler failed: ours to mend. */
  readonly fault: (error: unknown) => void;
}

export class InspectorHttp {
  readonly #options: HttpOptions;
  readonly #routes: Routes;
  readonly #streams: Streams;
  readonly #connections = new Connections();
  readonly #server: Server;
  readonly #files: ReadonlyMap<string, PageFile>;
  #rules: Rules;
  #address = '';
  #closed = false;

  constructor(source: InspectorSource, options: HttpOptions) {
    this.#options = options;
    this.#streams = new Streams(source, options);
    this.#routes = new Routes(source, options.actions, options.clock);
    this.#files = pageFiles(options.page);
    this.#rules = this.#rulesOf(new Set(), '');
    this.#server = createServer(
      {
        headersTimeout: HEAD,
        requestTimeout: WHOLE,
        keepAliveTimeout: IDLE,
        connectionsCheckingInterval: CHECK,
        maxHeaderSize: HEADERS,
        // who says nothing, or two things, of whom it asks for is judged as any other
        requireHostHeader: false,
        joinDuplicateHeaders: true,
      },
      (request, response) => this.#take(request, response),
    );
    this.#server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) =>
      this.#take(request, response),
    );
    this.#server.on('connection', (socket: Socket) => this.#connections.opened(socket));
    this.#server.on('clientError', refuseNoHttp);
    this.#server.timeout = options.unread ?? UNREAD;
  }

  /** Listens. Rejects with what the system says, and may then be tried again. Gives its port. */
  async open(): Promise<number> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      const listening = (): void => {
        this.#server.off('error', failed);
        resolve();
      };
      const failed = (error: Error): void => {
        this.#server.off('listening', listening);
        reject(error);
      };
      this.#server.once('error', failed).once('listening', listening);
      this.#server.listen({ host, port, exclusive: true });
    });
    this.#server.on('error', this.#options.fault);
    if (this.#closed) {
      this.#server.close();
      throw new Error('closed before it listened');
    }
    const { port: bound } = this.#server.address() as AddressInfo;
    this.#address = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
    this.#rules = this.#rulesOf(hostsOf(host, bound), cookieName(bound));
    return bound;
  }

  /** Ends everything at once: a page comes back by itself. */
  close(): void {
    this.#closed = true;
    this.#streams.close();
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #rulesOf(hosts: ReadonlySet<string>, cookie: string): Rules {
    const { token, sessions, clock } = this.#options;
    const session = (secrets: readonly string[]) => sessions.find(secrets, clock.now());
    return { hosts, scheme: 'http', token, cookie, session };
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    this.#connections.inTurn(request, response, () => this.#serve(request, response));
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    response.on('error', () => undefined);
    this.#answer(request, response).catch((error: unknown) => {
      // what was asked for when it ended is no fault
      if (!this.#closed) this.#options.fault(error);
      if (response.headersSent) response.destroy();
      else answerJson(response, 500, { error: 'the inspector failed' });
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', headers, url: target = '' } = request;
    const url = parsed(target);
    const asked: Asked = {
      method,
      headers,
      ticket: url?.pathname === '/' ? url.searchParams.get('t') : null,
    };
    const verdict = judge(asked, this.#rules);
    if (verdict.tag === 'refused') return refuse(response, verdict, url?.pathname === '/');
    if (verdict.tag === 'enter') {
      const { sessions, random, clock, token } = this.#options;
      if (verdict.byName) return moveTo(response, `${this.#address}/?t=${token}`);
      enter(response, this.#rules.cookie, sessions.open(random, clock.now()));
      return undefined;
    }
    const { session, reach } = verdict;
    if (reach === 'all') {
      this.#connections.admitted(request.socket);
      const { clock } = this.#options;
      if (session !== undefined) {
        uses(session, 1, clock.now());
        response.once('close', () => uses(session, -1, clock.now()));
      }
    }
    if (url === undefined) return refuse(response, { tag: 'refused', status: 404, error: 'no such place' });
    const isFile = !url.pathname.startsWith('/api/') && url.pathname !== '/metrics';
    if (reach === 'files' && !isFile)
      return refuse(response, {
        tag: 'refused',
        status: 401,
        error: 'the key of the page is missing or wrong',
      });
    if (url.pathname === '/api/actions') {
      const allowed = judgeAction(asked, this.#options.actions);
      if (allowed.tag === 'refused') return refuse(response, allowed);
      return this.#routes.act(request, response);
    }
    if (url.pathname === '/api/stream') {
      if (method === 'GET') return this.#streams.open(url.searchParams, response);
      return refuse(response, otherMethod('GET', 'a stream is read by GET'));
    }
    if (method !== 'GET' && method !== 'HEAD')
      return refuse(response, otherMethod('GET, HEAD', 'this place is only read'));
    if (!isFile) return this.#routes.read(url.pathname, response);
    this.#file(url.pathname, response);
    return undefined;
  }

  #file(path: string, response: ServerResponse): void {
    const file = this.#files.get(path);
    if (file === undefined) {
      const detail = path === '/' ? 'the page was not built: npm run build' : 'no such place';
      answerJson(response, 404, { error: detail });
      return;
    }
    begin(response, 200, file.type, {
      'Content-Length': String(file.bytes.length),
      // asked for again each time, from this machine
      'Cache-Control': 'no-cache',
    });
    response.end(file.bytes);
  }
}

/** Only the path counts: what else is in the request line decides nothing. */
function parsed(target: string): URL | undefined {
  if (!target.startsWith('/')) return undefined;
  try {
    return new URL(`http://inspector${target}`);
  } catch {
    return undefined;
  }
}

function refuse(
  response: ServerResponse,
  { status, error, allow }: Extract<Verdict, { tag: 'refused' }>,
  page = false,
): void {
  // what was sent along is not read
  response.shouldKeepAlive = false;
  if (allow !== undefined) response.setHeader('Allow', allow);
  if (page && status === 401) answerText(response, status, 'text/html', NO_ACCESS);
  else answerJson(response, status, { error });
}
