/** The view `registry` as it is shown: what the cache knows, what is wanted, what the mesh was told. Pure. */
import { badge, columns, figure, left, node, row, since, some, table, text } from './cells.ts';
import type { Reader } from './reader.ts';
import type { Cell, Section, Times, Tone } from './sections.ts';
import { note, unknown } from './unknown.ts';

export function registryView(view: Reader, times: Times): readonly Section[] {
  const [cache, publisher] = [view.part('cache'), view.part('publisher')];
  // its ratio stands above, with the calls
  for (const key of ['cacheHitRatio', 'hits', 'misses']) cache.get(key);
  const facts: (readonly [string, Cell])[] = [
    ['Names in the cache', figure(cache.number('size'))],
    ['Nobody serves it', some(cache.count('negativeHits'), 'looks into the cache that said so')],
    ['Lookups begun', figure(cache.number('lookups'), 'for providers, since the start')],
    ['Given up', some(cache.count('evictions'), 'entries that there was no room for')],
    ['Names served here', figure(view.number('served'))],
  ];
  return [
    { tag: 'heading', title: 'Discovery' },
    { tag: 'facts', title: '', facts },
    entriesOf(view, times),
    advertisedOf(view, times),
    publishedOf(view, times),
    interestsOf(view),
    ...(view.has('publisher') ? (note('Publishing', publisher) ?? [publisherOf(publisher)]) : []),
    ...unknown('publishing', publisher, times.at),
    ...unknown('', view, times.at),
    ...unknown('cache', cache, times.at),
  ];
}

function entriesOf(view: Reader, times: Times): Section {
  const { rows, more } = view.rows('entries');
  const shown = rows.map((entry) => {
    const name = entry.text('procedure');
    const { rows: found, more: others } = entry.rows('providers');
    const life = [entry.number('age'), entry.number('left')] as const;
    return row(
      name,
      [
        text(name),
        entry.flag('negative')
          ? badge('nobody serves it', 'warn')
          : badge(`${found.length + others} found`, 'good'),
        since(life[0]),
        left(life[1], life[0] === null || life[1] === null ? null : life[0] + life[1], times.now),
      ],
      [...(found.length === 0 ? [] : [foundOf(found, others, times)]), ...unknown('', entry, times.at)],
    );
  });
  const names = columns('Procedure', 'Providers', '#Answered', '#Kept for');
  return table(
    { title: 'Cache of providers', columns: names, none: 'It knows of no provider elsewhere.' },
    shown,
    more,
  );
}

function foundOf(all: readonly Reader[], more: number, times: Times): Section {
  const rows = all.map((provider) => {
    const who = provider.node('node');
    const cells = [
      node(who),
      text(provider.texts('endpoints').join(', ')),
      left(provider.number('left'), null, times.now),
    ];
    return row(who?.id ?? '', cells, unknown('', provider, times.at));
  });
  const names = columns('Node', 'Reached at', '#Its record lives for');
  return table({ title: 'Found', columns: names, none: 'Nobody.' }, rows, more);
}

function publisherOf(publisher: Reader): Section {
  const [leaving, pausing] = [publisher.flag('leaving'), publisher.flag('pausing')];
  const state = leaving
    ? badge('everything is taken back', 'busy')
    : pausing
      ? badge('nobody answers', 'bad')
      : badge('at work', 'good');
  const facts: (readonly [string, Cell])[] = [
    ['State', state],
    ['Records waiting', some(publisher.count('queued'))],
    ['On their way', some(publisher.count('running'))],
    ['Nobody answered', some(publisher.count('unanswered'), 'tries in a row')],
  ];
  return { tag: 'facts', title: 'Publishing', facts };
}

/** Of what is published. */
const STATES: ReadonlyMap<string, readonly [said: string, tone: Tone]> = new Map(
  Object.entries({
    local: ['nobody was told', 'plain'],
    published: ['published', 'good'],
    publishing: ['on its way', 'busy'],
    failed: ['failed, tries again', 'bad'],
  }),
);

function stateOf(word: string): Cell {
  const [said, tone] = STATES.get(word) ?? [word, 'plain'];
  return badge(said, tone);
}

function advertisedOf(view: Reader, times: Times): Section {
  const { rows, more } = view.rows('advertised');
  const shown = rows.map((one) => {
    const [name, owner, state] = [one.text('procedure'), one.text('owner'), one.text('state')];
    return row(`${name} ${owner}`, [text(name), text(owner), stateOf(state)], unknown('', one, times.at));
  });
  const names = columns('Procedure', 'Advertised by', 'State');
  return table(
    { title: 'Advertised in this process', columns: names, none: 'Nothing is advertised.' },
    shown,
    more,
  );
}

function publishedOf(view: Reader, times: Times): Section {
  const { rows, more } = view.rows('published');
  const shown = rows.map((one) => {
    const [name, kind] = [one.text('name'), one.text('kind')];
    return row(
      `${kind} ${name}`,
      [
        text(kind === 'presence' ? 'where this node is' : name, name),
        text(kind),
        stateOf(one.text('state')),
        left(one.number('next'), null, times.now),
        left(one.number('keptFor'), null, times.now),
        some(one.count('tries'), 'in a row'),
      ],
      unknown('', one, times.at),
    );
  });
  const names = columns('Name', 'Kind', 'State', '#Said again in', '#Kept for', '#Failed tries');
  return table(
    { title: 'Told to the mesh', columns: names, none: 'The mesh was told nothing.' },
    shown,
    more,
  );
}

function interestsOf(view: Reader): Section {
  const { more } = view.rows('interests');
  const rows = view.texts('interests').map((name) => row(name, [text(name)]));
  const none = 'No name is asked for before it is called.';
  return table({ title: 'Known before they are called', columns: columns('Procedure'), none }, rows, more);
}
