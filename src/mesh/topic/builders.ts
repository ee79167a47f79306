/**
 * The builders of canonical topics as users call them: they give the name, or throw.
 *
 * ```ts
 * client.advertise(appHope('io.macula', 'beam-campus', 'hecate', 'math', 'add', 1), ({ a, b }) => ({ result: a + b }));
 * ```
 * A fact tells that something happened, in the past tense; a hope asks for something, in the present tense. The
 * string is the same. Throws `RpcError` `invalid_args` whose `field` names the argument. Pure. Source: SPEC §12.
 */
import { RpcError } from '../errors/rpc-error.ts';
import * as topic from './topic.ts';
import type { AppBuilder, BuildResult, OrgBuilder, RealmBuilder, TopicError, TopicParts } from './topic.ts';

/** All slots given one by one, sentinels included. */
export const buildTopic = (parts: TopicParts): string => nameOf(topic.buildTopic(parts));

/** Of the realm's own authority: `realm/_realm/_realm/domain/name_vN`. */
export const realmFact: RealmBuilder<string> = (...parts) => nameOf(topic.realmFact(...parts));
/** Of a whole organization: `realm/org/_org/domain/name_vN`. */
export const orgFact: OrgBuilder<string> = (...parts) => nameOf(topic.orgFact(...parts));
/** Of one application: `realm/org/app/domain/name_vN`. */
export const appFact: AppBuilder<string> = (...parts) => nameOf(topic.appFact(...parts));
/** As `realmFact`, for what is asked for. */
export const realmHope: RealmBuilder<string> = realmFact;
/** As `orgFact`, for what is asked for. */
export const orgHope: OrgBuilder<string> = orgFact;
/** As `appFact`, for what is asked for. */
export const appHope: AppBuilder<string> = appFact;

function nameOf(result: BuildResult): string {
  if (result.ok) return result.topic;
  throw new RpcError({ tag: 'invalid_args', ...blame(result.error) });
}

/** Which argument is wrong, and what it must be. */
function blame(error: TopicError): { readonly field: string; readonly detail: string } {
  switch (error.tag) {
    case 'invalid_version':
      return { field: 'version', detail: 'must be an integer from 1 to 2^53 - 1' };
    case 'invalid_segment':
      return {
        field: error.label,
        detail:
          error.reason === 'too_long'
            ? 'is longer than 255 bytes'
            : 'must begin with a-z or 0-9 and hold only a-z, 0-9, dot, dash and underscore',
      };
    case 'invalid_tier_combination':
      return { field: error.reason.startsWith('app') ? 'app' : 'org', detail: TIERS[error.reason] };
    default:
      return { field: 'topic', detail: error.tag };
  }
}

const TIERS: Readonly<Record<Extract<TopicError, { tag: 'invalid_tier_combination' }>['reason'], string>> = {
  app_must_be_realm_when_org_realm: 'must be _realm where org is',
  org_must_be_realm_when_app_realm: 'must be _realm where app is',
  org_sentinel_only_in_app_slot: '_org stands in the place of app only',
};
