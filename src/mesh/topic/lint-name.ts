/**
 * Hints for names from the two guides: what a name says that belongs elsewhere. Never a refusal; whether a name is
 * accepted is `checkProcedureName`'s business, and `not_accepted` here only repeats its answer.
 *
 * Pure. Sources: seed 001 "Procedure Naming Conventions", seed 000 "Service Naming". Seed 000 calls `user.get` and
 * `invoice.create` good names, so verbs are hinted at in canonical topics only, and `get` nowhere: seed 001 itself
 * names `weather/get_current_v1`.
 */
import { checkProcedureName } from './procedure-name.ts';
import { parseTopic } from './topic.ts';

export type NameRule =
  /** The grammar of `names: 'default'` refuses it; `detail` says why. */
  | 'not_accepted'
  /** No namespace: everybody's `user` is the same name. `names: 'any'` accepts it. */
  | 'single_segment'
  /** Data handling instead of what is meant: `create_user` for `register_member`. */
  | 'crud_verb'
  /** An id of one thing: it belongs into the args, or every thing is a procedure of its own. */
  | 'id_in_name'
  /** A version before the version, as in `add_v1_v2`. */
  | 'second_version';

export interface NameHint {
  readonly rule: NameRule;
  /** The part of the name that is meant. */
  readonly part: string;
  readonly detail: string;
}

/** In the present tense of hopes and the past tense of facts. */
const CRUD: ReadonlySet<string> = new Set(
  ['create', 'read', 'update', 'delete', 'insert', 'upsert', 'crud'].flatMap((verb) => [
    verb,
    verb.endsWith('e') ? `${verb}d` : `${verb}ed`,
  ]),
);

const UUID = /^[0-9a-f]{8}[-_]?[0-9a-f]{4}[-_]?[0-9a-f]{4}[-_]?[0-9a-f]{4}[-_]?[0-9a-f]{12}$/i;
/** A number that counts things, or one that stands alone. Years and ports are rare in names; ids are not. */
const NUMBER = /^[0-9]+$|(?:^|[._-])[0-9]{4,}(?:$|[._-])/;
/** A hash or key: 16 hex digits and more, with both letters and digits. */
const HEX = /(?:^|[._-])(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{16,}(?:$|[._-])/i;

/** What could be better about a name, in its order; none is none. */
export function lintName(name: string): readonly NameHint[] {
  const checked = checkProcedureName(name);
  if (!checked.ok && (typeof name !== 'string' || !checkProcedureName(name, 'any').ok)) {
    return [hint('not_accepted', String(name).slice(0, 255), checked.error.reason)];
  }
  if (name.includes('/')) return topicHints(name);
  const segments = name.split('.');
  return [
    ...(segments.length === 1
      ? [hint('single_segment', name, 'put the application before it: myapp.user.get')]
      : checked.ok
        ? []
        : [hint('not_accepted', name, "dashes and upper case are for names: 'any'")]),
    ...segments.flatMap(idHints),
  ];
}

function topicHints(name: string): readonly NameHint[] {
  const parsed = parseTopic(name);
  if (!parsed.ok) return [];
  const { org, app, domain, name: own } = parsed.topic;
  const verb = own.split(/[._-]/).find((word) => CRUD.has(word));
  return [
    ...[org, app, domain, own].flatMap((part) => (part === undefined ? [] : idHints(part))),
    ...(verb === undefined ? [] : [hint('crud_verb', verb, 'say what is meant: register, rename, close, …')]),
    ...(/_v[0-9]+$/.test(own) ? [hint('second_version', own, 'the version is the last _vN alone')] : []),
  ];
}

const idHints = (part: string): readonly NameHint[] =>
  UUID.test(part) || NUMBER.test(part) || HEX.test(part)
    ? [hint('id_in_name', part, 'ids belong into the args')]
    : [];

const hint = (rule: NameRule, part: string, detail: string): NameHint => ({ rule, part, detail });
