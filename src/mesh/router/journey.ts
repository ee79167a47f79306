/**
 * The way of one call that is not simply answered here: local, cache, DHT, then other stations or direct; one provider
 * after the other.
 *
 * It has no actor of its own. The caller's call is detached from the router and driven by what happens to its
 * attempts: an answer or a failure comes in the turn of whoever settles them, a pause ends in a timer. So the
 * router's death fails no call that is under way. When the caller gives up, the attempt is given up, which reaches
 * the provider. Everything ends with the call's own deadline, and the end is always an outcome (SPEC §14 B4).
 *
 * Longer than other files: an answer, a failure, a pause and a search all go on with one state, that of the call. What is decided without it
 * is in files beside it.
 */
import type { CallFailure } from '../../actor/call.ts';
import { TimerEntry } from '../../actor/timers.ts';
import type { Value } from '../../codec/value.ts';
import { shared, type MeshContext } from '../context.ts';
import type { Route } from '../errors/rpc-error.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import { readyPeer, toPeer } from '../peer/to-peer.ts';
import { forget } from '../registry/discovery.ts';
import { AttemptCall, type Trying } from './attempt.ts';
import { canDial, isEvery, ownId, pick, type Candidate } from './candidates.ts';
import { rounded, type Attempt } from './explanation.ts';
import {
  attemptBudget,
  forwardBudget,
  isTired,
  isUnknown,
  MAX_ATTEMPTS,
  mayFailOver,
  neverRan,
} from './failover.ts';
import { give } from './give.ts';
import { retryDelay, mayRetry } from './retry.ts';
import type { Abandonable, RpcCall } from './rpc-call.ts';
import { Search } from './search.ts';

/** Neighbors asked at most that do not know the name. */
const SEARCHED = 20;
/** Milliseconds until an actor that is being restarted is looked for again. */
const RESTART = 10;

export class Journey implements Abandonable, Trying {
  readonly #context: MeshContext;
  readonly #call: RpcCall;
  readonly #begun: number;
  readonly #attempts: Attempt[] = [];
  readonly #search: Search;
  #pause: Pause | undefined;
  /** Attempts of this round. */
  #made = 0;
  /** Neighbors of this round that did not know it. */
  #unknowing = 0;
  /** The next attempt is paid for already. */
  #paid = true;
  #retries = 0;
  #last: RpcFailure | undefined;
  #cause: unknown;
  /** How the last attempt ended that may have run. */
  #ran: RpcFailure | undefined;
  #over = false;

  /** Takes the call over; `go` or `goAround` must follow. */
  constructor(context: MeshContext, call: RpcCall) {
    this.#context = context;
    this.#call = call;
    this.#search = new Search(context, call);
    this.#begun = context.runtime.clock.now();
    context.routing.budget.deposit();
    call.detach();
    call.withdraw();
    call.rescuer = null;
    call.worker = this;
  }

  go(): void {
    this.#step();
  }

  /** All who serve it here refused it before it ran. */
  goAround(failure: RpcFailure): void {
    this.#note(ownId(this.#context), 'local', failure, this.#begun);
    this.#call.stage = neverRan(failure) ? 'routing' : 'sent';
    this.#call.attempt = null;
    this.#made = 1;
    this.#paid = false;
    for (const each of this.#search.candidates()) this.#search.failed(each);
    this.#fail(failure, undefined);
  }

  // --- what happens to it -------------------------------------------------------------------------------------

  /** The caller gave up. */
  onAbandoned(call: RpcCall, failure: CallFailure): void {
    this.#over = true;
    this.#pause?.unset();
    this.#search.stop();
    const { attempt } = call;
    if (attempt !== null && !attempt.settled) {
      // the provider is told which of the two it was
      if (failure.tag === 'timeout') attempt.onTimer();
      else attempt.cancel(failure.tag === 'canceled' ? failure.reason : undefined);
    }
    this.#tell();
  }

  answered(attempt: AttemptCall, value: Value): void {
    this.#ended(attempt, undefined);
    if (this.#over) return;
    this.#over = true;
    const call = this.#call;
    call.route = attempt.route;
    call.servedBy = attempt.servedBy;
    call.load = attempt.load;
    if (this.#search.tier === 'stations') this.#search.stations.answered(attempt.candidate);
    this.#tell();
    call.reply(value);
  }

  failed(attempt: AttemptCall, failure: RpcFailure): void {
    this.#ended(attempt, failure);
    if (this.#over) return;
    const call = this.#call;
    const { candidate } = attempt;
    call.servedBy = attempt.servedBy;
    call.route = attempt.route;
    call.load = attempt.load;
    if (this.#isOurs(attempt) && this.#again()) return;
    if (neverRan(failure)) attempt.unrun = true;
    else if (attempt.mayHaveRun) {
      call.stage = 'sent';
      this.#ran = failure;
    }
    this.#search.failed(candidate, candidate.nodeId === '' ? attempt.servedBy : undefined);
    const elsewhere = candidate.route === 'cache' || candidate.route === 'dht';
    if (
      elsewhere &&
      (failure.tag === 'no_handler' || (failure.tag === 'connection_error' && !failure.sent))
    ) {
      forget(this.#context, call.procedure, candidate.nodeId);
    }
    if (this.#search.tier === 'stations' && this.#search.stations.isSearched(candidate, failure))
      this.#searched();
    else this.#fail(failure, attempt.cause);
  }

  /** Its peer is suspect: goes to another one, if there is one and nothing can run twice that must not. */
  doubted(attempt: AttemptCall): void {
    const call = this.#call;
    if (this.#over || call.attempt !== attempt || (attempt.mayHaveRun && !this.#mayRepeat)) return;
    const key = attempt.candidate.key;
    const others = this.#search
      .candidates()
      .some((other) => other.key !== key && !isEvery(this.#context, other.nodeId, 'doubtful'));
    if (!others || isTired(this.#made, this.#most) || !this.#context.routing.budget.take(this.#now())) return;
    this.#paid = true;
    attempt.giveUp({ tag: 'connection_error', sent: attempt.mayHaveRun, detail: 'the peer does not answer' });
  }

  // --- one step -----------------------------------------------------------------------------------------------

  /** Tries the next one, or looks for it. */
  #step(): void {
    if (this.#over) return;
    const candidates = this.#search.candidates();
    const tired = isTired(this.#made, this.#most);
    if (candidates.length > 0) {
      if (tired) this.#finish();
      else this.#try(candidates);
      return;
    }
    this.#search.next(tired, (found) => {
      if (this.#over) return;
      if (found === 'more') this.#step();
      else if (found === 'over' || this.#context.phase.closing) this.#finish();
      else this.#wait(RESTART);
    });
  }

  /** Whether the next one may be asked for what may have run. A key is known again by one provider, by its way. */
  get #mayRepeat(): boolean {
    return this.#search.tier === 'stations' ? this.#call.mayRunTwice : this.#call.idempotent;
  }

  get #most(): number {
    return this.#call.plan?.maxAttempts ?? MAX_ATTEMPTS;
  }

  #try(candidates: readonly Candidate[]): void {
    const context = this.#context;
    const { routing } = context;
    const call = this.#call;
    const now = this.#now();
    const toStation = this.#search.tier === 'stations';
    const candidate = toStation
      ? this.#search.stations.next(candidates)
      : pick(context, call.procedure, candidates, call.plan?.strategy ?? routing.strategy);
    if (candidate === undefined) {
      this.#end({
        tag: 'invalid_args',
        field: 'strategy',
        detail: 'the strategy chose none of the providers',
      });
      return;
    }
    // paid when it is known that there is something to pay for
    if (!this.#paid && !routing.budget.take(now)) {
      this.#finish();
      return;
    }
    this.#paid = false;
    this.#made++;
    const left = this.#timeLeft();
    const attemptsLeft = Math.min(1 + this.#most - this.#made, candidates.length);
    const time = toStation
      ? forwardBudget(left, call.mayRunTwice)
      : attemptBudget(left, attemptsLeft, call.idempotent);
    const trail = toStation ? this.#search.stations.trail : undefined;
    const attempt = new AttemptCall(call, candidate, now, now + time, this, trail);
    attempt.route = candidate.route;
    attempt.servedBy = candidate.nodeId;
    call.attempt = attempt;
    candidate.stat.began(now);
    // the last one ends with the call itself
    const timeout = time < left ? time : Infinity;
    if (candidate.provider !== undefined && candidate.process !== undefined) {
      if (timeout !== Infinity) context.runtime.timers.set(attempt, timeout);
      give(context, attempt, candidate.provider, candidate.process);
    } else if (candidate.process === undefined) {
      attempt.dialed = readyPeer(context, candidate.nodeId) === undefined;
      toPeer(context, attempt, attempt.target, timeout);
    } else context.runtime.call(candidate.process, attempt, timeout);
  }

  /** An attempt is over, whatever becomes of the call. */
  #ended(attempt: AttemptCall, failure: RpcFailure | undefined): void {
    const now = this.#now();
    const { candidate, begun } = attempt;
    const told: RpcFailure | undefined = this.#isOurs(attempt) ? { tag: 'canceled' } : failure;
    candidate.stat.ended(now, now - begun, told, attempt.load, attempt.dialed);
    this.#note(attempt.servedBy, attempt.route, failure, begun, attempt.mayHaveRun);
  }

  /** Whoever should have sent it is being restarted: that is no provider's fault. */
  #isOurs(attempt: AttemptCall): boolean {
    if (attempt.mayHaveRun) return false;
    return attempt.orphaned || (attempt.candidate.process === undefined && !canDial(this.#context));
  }

  #note(node: string, route: Route, failure: RpcFailure | undefined, begun: number, sent = false): void {
    const outcome = failure?.tag ?? 'ok';
    this.#attempts.push({ node, route, outcome, sent, ms: rounded(this.#now() - begun) });
  }

  // --- ways on ------------------------------------------------------------------------------------------------

  /** An attempt failed. */
  #fail(failure: RpcFailure, cause: unknown): void {
    if (this.#search.tier === 'direct' && this.#context.role === 'node' && isUnknown(failure)) {
      if (++this.#unknowing < SEARCHED) this.#searched();
      else this.#finish();
      return;
    }
    this.#last = failure;
    this.#cause = cause;
    if (mayFailOver(failure, this.#mayRepeat)) this.#step();
    else this.#finish();
  }

  /** It was no provider: to ask it was to search, not to try. */
  #searched(): void {
    this.#made--;
    this.#paid = true;
    this.#step();
  }

  /** Tries the same again a little later: an actor is being restarted. False when there is no later. */
  #again(): boolean {
    if (this.#context.phase.closing) return false;
    this.#made = Math.max(0, this.#made - 1);
    this.#paid = true;
    this.#wait(RESTART);
    return true;
  }

  #wait(delay: number): void {
    this.#call.attempt = null;
    this.#pause = new Pause(() => this.#resume());
    this.#context.runtime.timers.set(this.#pause, delay);
  }

  #resume(): void {
    this.#pause = undefined;
    this.#step();
  }

  /** Nobody is left to be tried: once more from the beginning, if the caller wants that, or the end. */
  #finish(): void {
    const failure = this.#verdict();
    const rule = this.#call.plan?.retry;
    if (rule === undefined || !mayRetry(failure, this.#call.idempotent)) {
      this.#end(failure);
      return;
    }
    const { runtime, routing, phase } = this.#context;
    const delay = retryDelay(rule, this.#retries, runtime.random);
    const more = this.#retries < rule.times && delay < this.#timeLeft() && !phase.closing;
    if (!more || !routing.budget.take(this.#now())) {
      this.#call.exhausted = true;
      this.#end(failure);
      return;
    }
    this.#retries++;
    this.#last = undefined;
    this.#made = 0;
    this.#unknowing = 0;
    this.#paid = true;
    this.#search.restart();
    this.#wait(delay);
  }

  #verdict(): RpcFailure {
    const context = this.#context;
    const last = this.#last;
    if (this.#search.tier === 'stations') return this.#search.stations.verdict(last);
    // a neighbor that does not know it was no provider
    if (last !== undefined && !(this.#search.tier === 'direct' && isUnknown(last))) return last;
    const here = shared(context, 'serviceRegistry');
    if (here === undefined) return restarting('service registry');
    const { procedure } = this.#call;
    if (here.providers(procedure).some(({ target }) => target.kind === 'handler'))
      return restarting('procedure');
    if (this.#call.reach === 'here') return { tag: 'no_handler' };
    if (this.#search.refusal !== undefined) return this.#search.refusal;
    if (context.role === 'client') return offline(context) ?? last ?? { tag: 'service_not_found' };
    if (this.#call.plan?.target !== undefined) return { tag: 'no_handler' };
    return { tag: context.settings.station === undefined ? 'service_not_found' : 'procedure_not_found' };
  }

  #end(failure: RpcFailure): void {
    this.#over = true;
    this.#tell();
    this.#call.refuse(this.#call.stage === 'sent' ? sentOnce(this.#told(failure)) : failure, this.#cause);
  }

  /** Whoever hears that nobody ran it may ask at once elsewhere: for what one may have run, that is not said. */
  #told(failure: RpcFailure): RpcFailure {
    return this.#ran !== undefined && neverRan(failure) && !this.#call.mayRunTwice ? this.#ran : failure;
  }

  /** What the caller may know besides. */
  #tell(): void {
    const call = this.#call;
    call.attempts = this.#attempts;
    if (call.plan?.explain !== true) return;
    const ms = rounded(this.#now() - (call.deadline - call.timeout));
    // a client's node knows more than the client
    const told = this.#context.role === 'client' ? call.attempt?.explanation : undefined;
    call.explanation =
      told === undefined
        ? {
            tier: this.#attempts.at(-1)?.route,
            providers: this.#search.known,
            hops: this.#search.hops,
            discovery: rounded(this.#search.took),
            attempts: this.#attempts,
            ms,
          }
        : { ...told, ms };
  }

  #now(): number {
    return this.#context.runtime.clock.now();
  }

  #timeLeft(): number {
    return this.#call.deadline - this.#now();
  }
}

class Pause extends TimerEntry {
  readonly #then: () => void;
  constructor(then: () => void) {
    super();
    this.#then = then;
  }
  override onTimer(): void {
    this.#then();
  }
}

const restarting = (what: string): RpcFailure => ({
  tag: 'connection_error',
  sent: false,
  detail: `the ${what} is being restarted`,
});

/** What an earlier provider may have run, the last one does not make undone. */
const sentOnce = (failure: RpcFailure): RpcFailure =>
  failure.tag === 'timeout' || failure.tag === 'connection_error' ? { ...failure, sent: true } : failure;

/** Why a client cannot ask its node; undefined when it could. */
export function offline(context: MeshContext): RpcFailure | undefined {
  const uplink = shared(context, 'uplink');
  const { connection = null } = uplink ?? {};
  if (connection?.alive === true) return undefined;
  return uplink?.refusal ?? { tag: 'connection_error', sent: false, detail: 'not connected to the node' };
}
