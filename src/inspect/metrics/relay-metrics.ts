/**
 * The metrics of a dist relay as text: those of its actors, and what it passes on.
 */
import type { Clock } from '../../actor/clock.ts';
import type { Process } from '../../actor/process.ts';
import type { RelayContext } from '../../dist/relay/server/relay-context.ts';
import { inSlices } from '../slices.ts';
import { relayServerView } from '../views/relay-server.ts';
import { ACTOR_METRICS, type ActorMetric, type ActorSource } from './actor-metrics.ts';
import { METRICS, PREFIX, type MetricName } from './catalogue.ts';
import { family, type Sample } from './exposition.ts';
import { Mailboxes } from './mailboxes.ts';

export class RelayMetrics {
  readonly #context: RelayContext;
  readonly #mailboxes = new Mailboxes();

  constructor(context: RelayContext) {
    this.#context = context;
  }

  /** Prometheus text, of type `METRICS_TYPE`, while everything else goes on. */
  scrape(clock: Pick<Clock, 'now' | 'later'> = this.#context.runtime.clock): Promise<string> {
    return inSlices(this.#write(), clock);
  }

  *#write(): Generator<undefined, string> {
    const { runtime, scope } = this.#context;
    const mailboxes = this.#mailboxes;
    const sampled = yield* mailboxes.look(scope.whereis('root') as Process | undefined);
    const source: ActorSource = { runtime, mailboxes, sampled };
    const { open, bytes } = relayServerView(this.#context, 0).server;
    const pieces: string[] = [];
    for (const name of Object.keys(ACTOR_METRICS) as ActorMetric[]) {
      pieces.push(...textOf(name, ACTOR_METRICS[name](source)));
      yield;
    }
    pieces.push(
      ...textOf('relay_tunnels', [{ value: open }]),
      ...textOf('relay_bytes_total', [{ value: bytes }]),
    );
    return pieces.join('');
  }
}

const textOf = (name: MetricName, samples: Iterable<Sample>): Iterable<string> =>
  family(`${PREFIX}${name}`, METRICS[name], samples);
