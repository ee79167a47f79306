/**
 * One measurement: asks observers where they see this socket, and stations to send something back. Driven by the actor
 * `natProfile`, in its turns; ends by itself within `PROBE_TIMEOUT` + `ECHO_WAIT`.
 */
import type { Process } from '../../../actor/process.ts';
import type { NatProbeReplyPayload } from '../../../codec/payloads.ts';
import { addressFamily } from '../../../transport/address.ts';
import type { Endpoint, PhysicalAddress } from '../../../transport/transport.ts';
import { hex, shared, type MeshContext } from '../../context.ts';
import type { Standing } from '../../peer/standings.ts';
import type { Observation } from './classification.ts';
import type { Contacts } from './contacts.ts';
import { isEchoKind, NONCE_BYTES, type Echo, type EchoKind } from './echo.ts';
import { filteringOf, mostOpen, originOf, whyUnknown } from './filtering.ts';
import { NatRequest } from './nat-request.ts';
import type { Filtering } from '../taxonomy.ts';

/** Milliseconds for an observer (SPEC §8.2). */
export const PROBE_TIMEOUT = 2_000;
/** Milliseconds for echoes after the last station said that it has sent them: three copies and a long way. */
export const ECHO_WAIT = 500;
/** Hosts asked at once; two are enough, and some do not answer. */
const OBSERVERS = 4;
/** Stations asked for echoes. */
const STATIONS = 2;
/** Hosts that a probe names as known. */
const AVOIDED = 64;

export interface Measured {
  readonly observations: readonly Observation[];
  readonly filtering: Filtering;
  /** Why it is `unknown`; undefined when no station was asked. */
  readonly whyNot: string | undefined;
  readonly asked: number;
}

interface Asked {
  readonly at: PhysicalAddress;
  /** Hex; undefined: no echoes are wanted of it. */
  readonly nonce: string | undefined;
  readonly sent: Set<EchoKind>;
  readonly arrived: Set<EchoKind>;
}

export class Measurement {
  readonly #context: MeshContext;
  readonly #process: Process;
  readonly #contacts: Contacts;
  readonly #done: (measured: Measured) => void;
  readonly #observations: Observation[] = [];
  readonly #asked: Asked[] = [];
  #open = 0;

  constructor(
    context: MeshContext,
    process: Process,
    contacts: Contacts,
    done: (measured: Measured) => void,
  ) {
    this.#context = context;
    this.#process = process;
    this.#contacts = contacts;
    this.#done = done;
  }

  begin(endpoint: Endpoint): void {
    const observers = observersOf(this.#context, OBSERVERS);
    const identity = shared(this.#context, 'identity');
    if (identity === undefined || observers.length === 0) {
      this.#end();
      return;
    }
    const avoid = this.#contacts.newest(AVOIDED).filter((host) => addressFamily(host) !== undefined);
    let stations = 0;
    for (const { standing, at } of observers) {
      const wanted = standing.isStation && stations++ < STATIONS;
      const nonce = wanted ? this.#context.runtime.random.bytes(NONCE_BYTES) : undefined;
      const asked: Asked = {
        at,
        nonce: nonce === undefined ? undefined : hex(nonce),
        sent: new Set(),
        arrived: new Set(),
      };
      this.#asked.push(asked);
      this.#open++;
      const { port } = endpoint.local;
      const request = new NatRequest(
        {
          type: 'nat_probe',
          node_id: identity.nodeId,
          local_port: port,
          ...(nonce === undefined ? {} : { nonce, avoid }),
        },
        (answer) => {
          this.#context.runtime.work(this.#process, () => {
            this.#answered(standing, asked, answer, port);
          });
        },
      );
      this.#context.runtime.call(standing.process, request, PROBE_TIMEOUT);
    }
  }

  /** An echo has arrived, whoever sent it: the nonce says whether it was asked for. */
  echoed(from: PhysicalAddress, { nonce }: Echo): void {
    const asked = this.#asked.find((one) => one.nonce === nonce);
    if (asked === undefined) return;
    const now = this.#context.runtime.clock.now();
    const origin = originOf(from, asked.at, (host) => this.#contacts.has(host, now));
    if (origin !== undefined) asked.arrived.add(origin);
  }

  #answered(
    standing: Standing,
    asked: Asked,
    answer: NatProbeReplyPayload | undefined,
    localPort: number,
  ): void {
    if (answer !== undefined && addressFamily(answer.reflexive_ip) !== undefined) {
      this.#observations.push({
        observer: standing.peerId,
        reflexiveIp: answer.reflexive_ip,
        reflexivePort: answer.reflexive_port,
        localPort,
      });
      for (const kind of answer.sent ?? []) if (isEchoKind(kind)) asked.sent.add(kind);
    }
    if (--this.#open > 0) return;
    const silent = this.#asked.some(({ sent, arrived }) => [...sent].some((kind) => !arrived.has(kind)));
    if (silent) this.#context.runtime.workAfter(ECHO_WAIT, this.#process, () => this.#end());
    else this.#end();
  }

  #end(): void {
    const dialBacks = this.#asked.filter(({ nonce }) => nonce !== undefined);
    const filtering = mostOpen(dialBacks.map(filteringOf));
    const best = dialBacks.toSorted((one, other) => other.arrived.size - one.arrived.size)[0];
    this.#done({
      observations: this.#observations,
      filtering,
      whyNot: filtering === 'unknown' && best !== undefined ? whyUnknown(best) : undefined,
      asked: this.#asked.length,
    });
  }
}

interface Candidate {
  readonly standing: Standing;
  readonly at: PhysicalAddress;
}

/** Whom to ask: one peer per host, stations first, then those that are connected for longest. */
function observersOf({ standings, relays }: MeshContext, most: number): readonly Candidate[] {
  const byHost = new Map<string, Candidate>();
  for (const standing of standings.all()) {
    const at = standing.link()?.observed;
    const usable =
      standing.readySince !== undefined && !standing.leaving && !standing.doubtful && standing.isNode;
    if (!usable || at === undefined || addressFamily(at.host) === undefined) continue;
    const known = byHost.get(at.host);
    if (known === undefined || (standing.isStation && !known.standing.isStation))
      byHost.set(at.host, { standing, at });
  }
  // anybody may call itself a station: those that we have chosen come first
  const rank = ({ standing }: Candidate): number =>
    relays.stations.has(standing.peerId) ? 0 : standing.isStation ? 1 : 2;
  return [...byHost.values()].toSorted((one, other) => rank(one) - rank(other)).slice(0, most);
}
