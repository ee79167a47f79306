/**
 * What the inspector answers to one question each.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../actor/clock.ts';
import { actionOf } from '../action.ts';
import { METRICS_TYPE } from '../metrics/exposition.ts';
import type { Action, InspectorSource } from '../source.ts';
import { answerJson, answerPieces, answerText } from './answer.ts';
import { readBody } from './body.ts';
import { Load, type Kind } from './load.ts';
import { treePieces } from './tree-text.ts';

export class Routes {
  readonly #clock: Clock;
  readonly #source: InspectorSource;
  readonly #actions: boolean;
  readonly #load = new Load();

  constructor(source: InspectorSource, actions: boolean, clock: Clock) {
    this.#clock = clock;
    this.#source = source;
    this.#actions = actions;
  }

  /** What it takes counts until it was read. */
  async read(path: string, response: ServerResponse): Promise<void> {
    const end = this.#begin(path === '/api/tree' ? 'tree' : 'other', response);
    if (end === undefined) return;
    try {
      await this.#answer(path, response);
    } finally {
      if (response.closed) end();
      else response.once('close', end);
    }
  }

  async #answer(path: string, response: ServerResponse): Promise<void> {
    const source = this.#source;
    switch (path) {
      case '/api/node': {
        const views = Object.keys(source.views);
        answerJson(response, 200, { ...source.facts, actions: this.#actions, views });
        return;
      }
      case '/api/tree':
        await answerPieces(response, treePieces(source.facts.node, await source.watch.tree()), this.#clock);
        return;
      case '/api/crashes':
        answerJson(response, 200, { crashes: await source.crashes() });
        return;
      case '/metrics':
        answerText(response, 200, METRICS_TYPE, await source.metrics());
        return;
      default:
        await this.#named(path, response);
    }
  }

  async #named(path: string, response: ServerResponse): Promise<void> {
    const { views } = this.#source;
    const [, kind, given = ''] = /^\/api\/(actor|views|procedures)\/([^/]+)$/.exec(path) ?? [];
    const name = decoded(given);
    if (kind === 'actor' && name !== undefined) {
      const details = await this.#source.details(name);
      if (details !== undefined) return answerJson(response, 200, details);
      return answerJson(response, 404, { error: 'no such actor' });
    }
    if (kind === 'procedures' && name !== undefined) return this.#procedure(name, response);
    const view = name !== undefined && Object.hasOwn(views, name) ? views[name] : undefined;
    if (kind === 'views' && view !== undefined)
      return answerJson(response, 200, { name, at: this.#source.watch.now(), data: await view() });
    return answerJson(response, 404, { error: 'no such place' });
  }

  /** For those who may call it. */
  #procedure(name: string, response: ServerResponse): void {
    if (!this.#actions)
      return answerJson(response, 403, {
        error: 'this inspector only reads: it was started without actions',
      });
    const facts = this.#source.procedure(name);
    if (facts !== undefined) return answerJson(response, 200, facts);
    return answerJson(response, 404, { error: 'no such procedure is known here' });
  }

  async act(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    switch (body.tag) {
      case 'cut':
        response.destroy();
        return;
      case 'too_large':
        response.shouldKeepAlive = false;
        answerJson(response, 413, { error: 'the body is too large' });
        return;
      case 'no_json':
        answerJson(response, 400, { error: 'the body is no JSON' });
        return;
      case 'value': {
        const action = actionOf(body.value);
        if (typeof action === 'string') answerJson(response, 400, { error: action });
        else await this.#do(action, response);
      }
    }
  }

  /** It counts until it has ended, whoever has left meanwhile. */
  async #do(action: Action, response: ServerResponse): Promise<void> {
    const end = this.#begin('action', response);
    if (end === undefined) return;
    try {
      answerJson(response, 200, await this.#source.act(action));
    } finally {
      end();
    }
  }

  #begin(kind: Kind, response: ServerResponse): (() => void) | undefined {
    const end = this.#load.begin(kind);
    if (end === undefined) answerJson(response, 429, { error: 'too much is asked for at once' });
    return end;
  }
}

function decoded(name: string): string | undefined {
  try {
    return decodeURIComponent(name);
  } catch {
    return undefined;
  }
}
