/**
 * Answers the peer's NAT checks: says where it is seen, and as a station has datagrams sent there.
 *
 * Only the address at which the peer is observed is ever sent to: it has proven to be there, and asked for it. A
 * dial-back for another station is sent only on the word of a station that we are peered with, and only to
 * an address of that station's own class. Both are rated. Every node answers where it sees the peer; only a station
 * sends echoes, and it says which it has sent, so that silence is never taken for an answer. Source: SPEC §8.2,
 * SECURITY §13.
 */
import type { DialBackPayload, NatProbePayload } from '../../../codec/payloads.ts';
import { addressClass, addressFamily } from '../../../transport/address.ts';
import type { Endpoint, PhysicalAddress } from '../../../transport/transport.ts';
import { QuestionBudget, type Budget } from '../../connection/question-budget.ts';
import { shared, type MeshContext } from '../../context.ts';
import type { Standing } from '../../peer/standings.ts';
import { COPIES, OTHER_HOST, OTHER_PORT, SAME_SOCKET, writeEcho, type EchoKind } from './echo.ts';
import { NatRequest } from './nat-request.ts';

/** Checks of one peer: one every few minutes is usual, and a few at once when its network changes. */
const PROBES: Budget = { rate: 1, burst: 16 };
/** Of these, with echoes: at most nine datagrams of 18 bytes each. */
const ECHOES: Budget = { rate: 0.2, burst: 4 };
/** Dial-backs for the peers of one station. */
const DIAL_BACKS: Budget = { rate: 8, burst: 64 };
/** Milliseconds for another station to say that it has sent. */
const DIAL_BACK_TIMEOUT = 800;

/** Both are numeric, and of networks from which one reaches the other. */
const isSameClass = (host: string, other: string): boolean =>
  addressFamily(host) !== undefined &&
  addressFamily(other) !== undefined &&
  addressClass(host) === addressClass(other);

type RawSender = Pick<Endpoint, 'sendRaw'>;

export class Observer {
  readonly #context: MeshContext;
  readonly #standing: () => Standing | undefined;
  readonly #probes = new QuestionBudget(PROBES);
  readonly #echoes = new QuestionBudget(ECHOES);
  readonly #dialBacks = new QuestionBudget(DIAL_BACKS);

  constructor(context: MeshContext, standing: () => Standing | undefined) {
    this.#context = context;
    this.#standing = standing;
  }

  onProbe({ request_id: id, nonce, avoid = [] }: NatProbePayload): void {
    const seen = this.#seen();
    const now = this.#context.runtime.clock.now();
    if (seen === undefined || !this.#probes.take(now)) {
      this.#context.counters.droppedQuestions++;
      return;
    }
    const answer = (sent?: readonly EchoKind[]): void => this.#answer(id, seen, sent);
    // null is an optional field left out
    if (!(nonce instanceof Uint8Array)) answer();
    else if (this.#context.settings.station === undefined || !this.#echoes.take(now)) answer([]);
    else this.#echo(seen, nonce, avoid ?? [], answer);
  }

  onDialBack({ request_id: id, nonce, host, port }: DialBackPayload): void {
    const standing = this.#standing();
    const seen = this.#seen();
    const endpoint = shared(this.#context, 'endpoint');
    const { settings, runtime, counters, routing } = this.#context;
    const admitted =
      settings.station !== undefined &&
      standing?.isStation === true &&
      routing.stations.has(standing.peerId) &&
      seen !== undefined &&
      endpoint !== undefined &&
      isSameClass(host, seen.host) &&
      this.#dialBacks.take(runtime.clock.now());
    if (!admitted) {
      counters.droppedQuestions++;
      return;
    }
    this.#send(endpoint, { host, port }, OTHER_HOST, nonce);
    this.#answer(id, seen);
  }

  /** Sends all echoes, then answers which. */
  #echo(
    to: PhysicalAddress,
    nonce: Uint8Array,
    avoid: readonly string[],
    answer: (sent: readonly EchoKind[]) => void,
  ): void {
    const endpoint = shared(this.#context, 'endpoint');
    const process = this.#standing()?.process;
    if (endpoint === undefined || process === undefined) {
      answer([]);
      return;
    }
    const { runtime } = this.#context;
    const sent: EchoKind[] = [SAME_SOCKET];
    this.#send(endpoint, to, SAME_SOCKET, nonce);
    let open = 2;
    const settled = (kind: EchoKind | undefined): void => {
      if (kind !== undefined) sent.push(kind);
      if (--open === 0) answer(sent);
    };
    const fromAside = (socket: RawSender | undefined): void => {
      if (socket !== undefined) this.#send(socket, to, OTHER_PORT, nonce);
      settled(socket === undefined ? undefined : OTHER_PORT);
    };
    if (endpoint.aside === undefined) settled(undefined);
    else
      endpoint.aside.open((socket) => {
        runtime.work(process, () => {
          fromAside(socket);
        });
      });
    this.#dialBack(to, nonce, avoid, (done) => {
      runtime.work(process, () => {
        settled(done ? OTHER_HOST : undefined);
      });
    });
  }

  /** Has another station send to there, one that the asker has not sent to. */
  #dialBack(
    to: PhysicalAddress,
    nonce: Uint8Array,
    avoid: readonly string[],
    done: (sent: boolean) => void,
  ): void {
    const { standings, runtime, routing } = this.#context;
    const hidden = new Set([...avoid, to.host]);
    for (const { process, peerId, isStation, leaving, doubtful, readySince, link } of standings.all()) {
      const host = link()?.observed.host ?? '';
      const usable = isStation && readySince !== undefined && !leaving && !doubtful && !hidden.has(host);
      if (!usable || !routing.stations.has(peerId) || !isSameClass(host, to.host)) continue;
      const request = new NatRequest(
        { type: 'dial_back', nonce, host: to.host, port: to.port },
        (answered) => {
          done(answered !== undefined);
        },
      );
      runtime.call(process, request, DIAL_BACK_TIMEOUT);
      return;
    }
    done(false);
  }

  #send(socket: RawSender, to: PhysicalAddress, kind: EchoKind, nonce: Uint8Array): void {
    const process = this.#standing()?.process;
    const echo = writeEcho(kind, nonce);
    for (const delay of COPIES) {
      if (delay === 0 || process === undefined) socket.sendRaw(to, echo);
      else
        this.#context.runtime.workAfter(delay, process, () => {
          socket.sendRaw(to, echo);
        });
    }
  }

  /** Where the peer is seen; undefined when it comes by a relay, which shows nothing of its NAT. */
  #seen(): PhysicalAddress | undefined {
    const seen = this.#standing()?.link()?.proven;
    return seen !== undefined && addressFamily(seen.host) !== undefined ? seen : undefined;
  }

  #answer(id: Uint8Array, seen: PhysicalAddress, sent?: readonly EchoKind[]): void {
    const { runtime } = this.#context;
    const nodeId = shared(this.#context, 'identity')?.nodeId;
    if (nodeId === undefined) return;
    this.#standing()?.say('nat_probe_reply', {
      request_id: id,
      node_id: nodeId,
      reflexive_ip: seen.host,
      reflexive_port: seen.port,
      server_time: Math.round(runtime.clock.wall()),
      ...(sent === undefined ? {} : { sent }),
    });
  }
}
