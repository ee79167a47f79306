/**
 * Where the providers of one call are looked for: here, in the cache, in the DHT, and by asking directly; by a station
 * among its peered stations instead.
 *
 * One step at a time, each only when all who were found before have failed. Those that failed are left out until
 * `restart`. Source: DESIGN §8 "Not found".
 */
import type { Call } from '../../actor/call.ts';
import { actor, shared, type MeshContext } from '../context.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import { cached, discover, refusalOf, type Discovery } from '../registry/discovery.ts';
import {
  directCandidates,
  localCandidates,
  ownId,
  remoteCandidates,
  targetCandidate,
  type Candidate,
} from './candidates.ts';
import { askerOf, type RpcCall } from './rpc-call.ts';
import { StationSearch } from './station-search.ts';

export type Found =
  /** The next step is done: there may be candidates now. */
  | 'more'
  /** All steps are done. */
  | 'over'
  /** An actor that is needed for the step is being restarted. */
  | 'restarting';

export class Search {
  /** What is looked at now. */
  tier: 'local' | 'mesh' | 'stations' | 'direct' | 'none' = 'local';
  /** Most candidates that were known at once. */
  known = 0;
  /** Milliseconds spent on finding them. */
  took = 0;
  /** Longest chain of referrals of the lookup; undefined when there was none. */
  hops: number | undefined = undefined;
  /** Why nobody was looked for; what was not looked for is not said not to be there. */
  refusal: RpcFailure | undefined = undefined;
  readonly #context: MeshContext;
  readonly #call: RpcCall;
  /** Keys of those that have failed; one that was dialed by its address has two. */
  readonly #failed = new Set<string>();
  #gone = 0;
  /** What discovery found; undefined before. */
  #found: readonly Candidate[] | undefined;
  /** The DHT was asked, so asking it again tells nothing new. */
  #fresh = false;
  #asking: Call | undefined;
  /** Of a station; undefined until it is needed. */
  #stations: StationSearch | undefined;

  constructor(context: MeshContext, call: RpcCall) {
    this.#context = context;
    this.#call = call;
  }

  /** Those of this step that have not failed. */
  candidates(): readonly Candidate[] {
    const all = this.#all().filter(({ key }) => !this.#failed.has(key));
    this.known = Math.max(this.known, this.#gone + all.length);
    return all;
  }

  /** @param servedBy who answered at its address, when that was not known before. */
  failed({ key }: Candidate, servedBy: string = key): void {
    this.#gone++;
    this.#failed.add(key).add(servedBy);
  }

  restart(): void {
    this.tier = 'local';
    this.#found = undefined;
    this.#fresh = false;
    this.refusal = undefined;
    this.#failed.clear();
    this.#gone = 0;
    this.#stations?.restart();
  }

  /** The part among peered stations. */
  get stations(): StationSearch {
    return (this.#stations ??= new StationSearch(this.#context, this.#call));
  }

  /** Whether there are stations to be asked: then that is the step now. */
  #toStations(): boolean {
    if (this.#context.settings.station === undefined || !this.stations.possible) return false;
    this.tier = 'stations';
    this.stations.begin();
    return true;
  }

  /** Nobody waits any more. */
  stop(): void {
    this.#asking?.cancel(undefined);
  }

  /**
   * Nobody is left in this step: does the next one. `done` is called once, perhaps at once.
   * @param tired others may not be tried any more, so asking for them is no use.
   */
  next(tired: boolean, done: (found: Found) => void): void {
    switch (this.tier) {
      case 'local':
        this.#beyond(done);
        return;
      case 'mesh':
        // what the cache knew has failed: others may have come since. That it knew nobody is an answer
        if (!this.#fresh && this.#found?.length !== 0 && !tired) this.#discover(true, done);
        else done(!tired && this.#toStations() ? 'more' : 'over');
        return;
      case 'stations':
      case 'direct':
      case 'none':
        done('over');
    }
  }

  /** Further than this node. */
  #beyond(done: (found: Found) => void): void {
    const context = this.#context;
    const { reach, plan, procedure } = this.#call;
    if (shared(context, 'serviceRegistry')?.complete !== true) return done('restarting');
    if (reach === 'here') return done('over');
    if (context.role === 'client') {
      this.tier = 'direct';
      return done('more');
    }
    this.tier = 'mesh';
    const target = plan?.target;
    if (target === undefined) return this.#discover(plan?.forceRefresh === true, done);
    this.#fresh = true;
    const known = cached(context, procedure)?.providers.find(({ nodeId }) => nodeId === target);
    this.#found =
      target === ownId(context) ? [] : [targetCandidate(context, procedure, target, known?.endpoints)];
    return done('more');
  }

  #discover(forceRefresh: boolean, done: (found: Found) => void): void {
    const { clock } = this.#context.runtime;
    const begun = clock.now();
    const timeout = Math.max(1, this.#call.deadline - begun);
    const { procedure } = this.#call;
    const options = { forceRefresh, timeout, asker: askerOf(this.#call) };
    this.#asking = discover(this.#context, procedure, options, (discovery) => {
      this.#asking = undefined;
      this.took += clock.now() - begun;
      done(this.#discovered(discovery));
    });
  }

  #discovered(discovery: Discovery): Found {
    const context = this.#context;
    if (discovery.tag === 'providers') {
      const { providers, from, stats } = discovery;
      this.hops = stats?.hops;
      this.#fresh = from === 'dht';
      this.#found = remoteCandidates(context, this.#call.procedure, providers, from);
      return 'more';
    }
    if (actor(context, 'serviceRegistry')?.alive !== true && !context.phase.closing) {
      // from the beginning: what is served here may have changed
      if (this.#found === undefined) this.tier = 'local';
      return 'restarting';
    }
    // neighbors would not do more for many names than we did
    if (discovery.full === true && this.#found === undefined) {
      this.refusal = refusalOf(discovery);
      return 'over';
    }
    // what was found before and has failed is all there is
    if (!this.#toStations())
      this.tier = this.#found === undefined && this.#call.reach === 'all' ? 'direct' : 'none';
    return 'more';
  }

  #all(): readonly Candidate[] {
    const { procedure, plan, caller, stage, mayRunTwice } = this.#call;
    switch (this.tier) {
      case 'local': {
        const all = localCandidates(this.#context, procedure);
        const target = plan?.target;
        // who is sent to this node may be served by any of its clients
        const any = target === undefined || target === ownId(this.#context);
        return any ? all : all.filter(({ nodeId }) => nodeId === target);
      }
      case 'mesh':
        // what a station was sent with a key, nobody else would know again
        return this.#stations?.isBound === true ? [] : (this.#found ?? []);
      case 'stations':
        return this.stations.candidates();
      case 'direct':
        // each of them passes it on as its own, so that whoever has run it would not know it again
        if (this.#context.role === 'node' && stage === 'sent' && !mayRunTwice) return [];
        return directCandidates(this.#context, procedure, caller.nodeId);
      case 'none':
        return [];
    }
  }
}
