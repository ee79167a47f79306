/**
 * Canonical topics: `realm/org/app/domain/name_vN`, built and parsed under one grammar.
 *
 * A segment is `[a-z0-9][a-z0-9._-]*`, at most 255 bytes. The tier shows in two slots: `_realm/_realm` is
 * realm-wide, `org/_org` is org-wide, anything else names org and app. fact (something happened) and hope
 * (something is asked for) differ in intent only; the string is the same.
 *
 * Order of checks, build: version, tier combination, segments left to right. Parse: structure, version suffix,
 * sentinels, segments left to right. `parseTopic(buildTopic(x))` gives x back.
 * Pure. Throws nothing. Source: SPEC §12.
 */

/** Bytes of one segment, the name without its version suffix. */
const LONGEST_SEGMENT = 255;

const SEGMENT = /^[a-z0-9][a-z0-9._-]*$/;
const VERSION = /^[1-9][0-9]*$/;
const SYSTEM_TOPIC = /^_[A-Za-z0-9][A-Za-z0-9._@-]*$/;

/** Slot values that mark a tier; no segment can be spelled so. */
export const REALM_SENTINEL = '_realm';
export const ORG_SENTINEL = '_org';

export type Tier = 'realm' | 'org' | 'app';
export type SegmentLabel = 'realm' | 'org' | 'app' | 'domain' | 'name';

/** All six slots, sentinels included. */
export interface TopicParts {
  readonly realm: string;
  readonly org: string;
  readonly app: string;
  readonly domain: string;
  readonly name: string;
  /** 1 … 2^53 - 1. */
  readonly version: number;
}

/** A parsed topic. `org` is absent in the realm tier, `app` in the realm and org tiers. */
export interface Topic {
  readonly tier: Tier;
  readonly realm: string;
  readonly org?: string;
  readonly app?: string;
  readonly domain: string;
  readonly name: string;
  readonly version: number;
  /** The whole string. */
  readonly topic: string;
}

export type TopicError =
  | { readonly tag: 'invalid_version' }
  | {
      readonly tag: 'invalid_tier_combination';
      readonly reason:
        | 'app_must_be_realm_when_org_realm'
        | 'org_must_be_realm_when_app_realm'
        | 'org_sentinel_only_in_app_slot';
    }
  /** `value` is left out when it is too long or no string. */
  | {
      readonly tag: 'invalid_segment';
      readonly label: SegmentLabel;
      readonly value?: string;
      readonly reason?: 'too_long';
    }
  | { readonly tag: 'invalid_structure' }
  /** Also for `_v0` and leading zeros. `value` is the last segment. */
  | { readonly tag: 'missing_version_suffix'; readonly value: string }
  | {
      readonly tag: 'mismatched_realm_sentinel';
      readonly reason: 'app_must_be_realm_too' | 'org_must_be_realm_too';
    }
  | { readonly tag: 'misplaced_org_sentinel'; readonly reason: 'only_in_app_slot' }
  | { readonly tag: 'invalid_system_topic' };

export type BuildResult =
  { readonly ok: true; readonly topic: string } | { readonly ok: false; readonly error: TopicError };
export type ParseResult =
  { readonly ok: true; readonly topic: Topic } | { readonly ok: false; readonly error: TopicError };
export type TopicKind =
  | { readonly ok: true; readonly kind: 'topic' | 'system' }
  | { readonly ok: false; readonly error: TopicError };

export function buildTopic(parts: TopicParts): BuildResult {
  const { realm, org, app, domain, name, version } = parts;
  if (!Number.isSafeInteger(version) || version < 1) return { ok: false, error: { tag: 'invalid_version' } };
  const error = tierError(org, app) ?? segmentsError(parts);
  if (error !== undefined) return { ok: false, error };
  return { ok: true, topic: `${realm}/${org}/${app}/${domain}/${name}_v${version}` };
}

/** What a builder takes, and `Result`: what it gives. Of the realm's own authority, whose org and app are `_realm`. */
export type RealmBuilder<Result> = (realm: string, domain: string, name: string, version: number) => Result;
/** As `RealmBuilder`, of a whole organization: its app is `_org`. */
export type OrgBuilder<Result> = (
  realm: string,
  org: string,
  domain: string,
  name: string,
  version: number,
) => Result;
/** As `RealmBuilder`, of one application. */
export type AppBuilder<Result> = (
  realm: string,
  org: string,
  app: string,
  domain: string,
  name: string,
  version: number,
) => Result;

export const realmFact: RealmBuilder<BuildResult> = (realm, domain, name, version) =>
  buildTopic({ realm, org: REALM_SENTINEL, app: REALM_SENTINEL, domain, name, version });
export const orgFact: OrgBuilder<BuildResult> = (realm, org, domain, name, version) =>
  buildTopic({ realm, org, app: ORG_SENTINEL, domain, name, version });
export const appFact: AppBuilder<BuildResult> = (realm, org, app, domain, name, version) =>
  buildTopic({ realm, org, app, domain, name, version });
export const realmHope: RealmBuilder<BuildResult> = realmFact;
export const orgHope: OrgBuilder<BuildResult> = orgFact;
export const appHope: AppBuilder<BuildResult> = appFact;

export function parseTopic(topic: string): ParseResult {
  const segments = typeof topic === 'string' ? topic.split('/', 6) : [];
  if (segments.length !== 5) return { ok: false, error: { tag: 'invalid_structure' } };
  const [realm, org, app, domain, last] = segments as [string, string, string, string, string];
  const suffix = last.lastIndexOf('_v');
  const digits = last.slice(suffix + 2);
  if (suffix < 1 || !VERSION.test(digits)) {
    return { ok: false, error: { tag: 'missing_version_suffix', value: last } };
  }
  const version = Number(digits);
  if (!Number.isSafeInteger(version)) return { ok: false, error: { tag: 'invalid_version' } };
  const name = last.slice(0, suffix);
  const error = sentinelError(org, app) ?? segmentsError({ realm, org, app, domain, name });
  if (error !== undefined) return { ok: false, error };
  const common = { realm, domain, name, version, topic };
  if (org === REALM_SENTINEL) return { ok: true, topic: { tier: 'realm', ...common } };
  if (app === ORG_SENTINEL) return { ok: true, topic: { tier: 'org', org, ...common } };
  return { ok: true, topic: { tier: 'app', org, app, ...common } };
}

/** Whether the string claims to be a system topic; `validateTopic` says whether it is a valid one. */
export const isSystemTopic = (topic: string): boolean => topic.startsWith('_');

/** Judges a string that may be a canonical or a system topic (`_dht.…`, which has no parts to parse). */
export function validateTopic(topic: string): TopicKind {
  if (!isSystemTopic(topic)) {
    const parsed = parseTopic(topic);
    return parsed.ok ? { ok: true, kind: 'topic' } : parsed;
  }
  if (topic.length <= LONGEST_SEGMENT && SYSTEM_TOPIC.test(topic)) return { ok: true, kind: 'system' };
  return { ok: false, error: { tag: 'invalid_system_topic' } };
}

function tierError(org: string, app: string): TopicError | undefined {
  const tag = 'invalid_tier_combination';
  if (org === REALM_SENTINEL && app !== REALM_SENTINEL) {
    return { tag, reason: 'app_must_be_realm_when_org_realm' };
  }
  if (app === REALM_SENTINEL && org !== REALM_SENTINEL) {
    return { tag, reason: 'org_must_be_realm_when_app_realm' };
  }
  return org === ORG_SENTINEL ? { tag, reason: 'org_sentinel_only_in_app_slot' } : undefined;
}

/** The same three mistakes, under the names they have in a parsed string. */
function sentinelError(org: string, app: string): TopicError | undefined {
  const tag = 'mismatched_realm_sentinel';
  if (org === REALM_SENTINEL && app !== REALM_SENTINEL) return { tag, reason: 'app_must_be_realm_too' };
  if (app === REALM_SENTINEL && org !== REALM_SENTINEL) return { tag, reason: 'org_must_be_realm_too' };
  return org === ORG_SENTINEL ? { tag: 'misplaced_org_sentinel', reason: 'only_in_app_slot' } : undefined;
}

function segmentsError(parts: Omit<TopicParts, 'version'>): TopicError | undefined {
  return (
    segmentError('realm', parts.realm) ??
    (parts.org === REALM_SENTINEL ? undefined : segmentError('org', parts.org)) ??
    (parts.app === REALM_SENTINEL || parts.app === ORG_SENTINEL
      ? undefined
      : segmentError('app', parts.app)) ??
    segmentError('domain', parts.domain) ??
    segmentError('name', parts.name)
  );
}

function segmentError(label: SegmentLabel, value: unknown): TopicError | undefined {
  const tag = 'invalid_segment';
  if (typeof value !== 'string') return { tag, label };
  if (value.length > LONGEST_SEGMENT) return { tag, label, reason: 'too_long' };
  return SEGMENT.test(value) ? undefined : { tag, label, value };
}
