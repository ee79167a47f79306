/** The view `peers` as it is shown: connections by state and path, who is dialed, the NAT in front. Pure. */
import {
  badge,
  columns,
  figure,
  node,
  NOTHING,
  of,
  row,
  size,
  some,
  span,
  table,
  text,
  track,
  when,
} from './cells.ts';
import { percent } from './format.ts';
import type { Reader } from './reader.ts';
import type { Cell, Section, Times, Tone } from './sections.ts';
import { note, unknown } from './unknown.ts';
import { waysOf } from './ways-view.ts';

export function peersView(view: Reader, times: Times): readonly Section[] {
  const [pool, dialing, nat] = [view.part('pool'), view.part('dialing'), view.part('nat')];
  const connections = view.part('connections');
  const { rows, more } = view.rows('connections');
  const facts: (readonly [string, Cell])[] = [
    ['Connections', figure(rows.length + more)],
    ...uplinkOf(view),
    ['Kept in the pool', of(pool.count('size'), pool.number('most'))],
    ['Found connected', hitsOf(pool)],
    ['Dials under way', some(dialing.count('dials'))],
    ['Opened', figure(view.number('opened'), 'connections, since the start')],
    ['Closed', figure(view.number('closed'), 'connections, since the start')],
    ['Given up', some(pool.count('evictions'), 'connections that there was no room or no use for')],
  ];
  return [
    { tag: 'facts', title: '', facts },
    ...(note('Connections', connections) ?? connectionsOf(rows, more, times)),
    ...(note('Wanted, not connected', dialing) ?? wishesOf(dialing)),
    ...(view.has('nat') ? natOf(nat, times) : []),
    ...unknown('', view, times.at),
    ...unknown('dialing', dialing, times.at),
    ...unknown('pool', pool, times.at),
  ];
}

function hitsOf(pool: Reader): Cell {
  const [hits, total] = [pool.count('hits'), pool.count('total')];
  pool.number('hitRate');
  pool.number('misses');
  return total === 0
    ? NOTHING
    : { text: percent(hits / total), kind: 'figure', title: `${hits} of ${total} calls and questions` };
}

function uplinkOf(view: Reader): readonly (readonly [string, Cell])[] {
  if (!view.has('uplink')) return [];
  const uplink = view.part('uplink');
  const [refusal, to] = [uplink.text('refusal'), uplink.node('node')];
  if (uplink.unavailable !== '') return [['Its node', badge(uplink.unavailable, 'warn')]];
  const state = uplink.flag('connected')
    ? badge(`connected to ${to?.short ?? 'it'}`, 'good', to?.id)
    : refusal === ''
      ? badge('not connected', 'busy')
      : badge(`refused: ${refusal}`, 'bad');
  return [['Its node', state]];
}

/** In the order in which a connection goes through them. */
const STATES = ['opening', 'hello', 'ready', 'draining', 'closed'];

function stateOf(connection: Reader): Cell {
  const state = connection.text('state');
  const [suspect, leaving, slow] = [
    connection.flag('suspect'),
    connection.flag('leaving'),
    connection.flag('slow'),
  ];
  const notes = [...(suspect ? ['silent'] : []), ...(leaving ? ['leaving'] : []), ...(slow ? ['slow'] : [])];
  const tone: Tone =
    suspect || slow ? 'warn' : state === 'ready' && !leaving ? 'good' : state === 'closed' ? 'bad' : 'busy';
  const said = notes.length === 0 ? state : `${state}, ${notes.join(', ')}`;
  return track(said, STATES, STATES.indexOf(state), tone);
}

const PATHS: ReadonlyMap<string, readonly [string, Tone]> = new Map(
  Object.entries({
    direct: ['direct', 'good'],
    punched: ['hole punch', 'good'],
    relayed: ['relay', 'warn'],
  }),
);

function pathOf(kind: string, title?: string): Cell {
  const [said, tone] = PATHS.get(kind) ?? [kind, 'plain'];
  return badge(said, tone, title);
}

function connectionsOf(all: readonly Reader[], more: number, times: Times): readonly Section[] {
  const rows = all.map((connection) => {
    const [actor, peer, via] = [connection.text('actor'), connection.node('peer'), connection.node('via')];
    const [kind, direction] = [connection.text('kind'), connection.text('direction')];
    const role = connection.flag('station') ? 'station' : kind === 'unknown' ? 'not known yet' : kind;
    const calls = [connection.count('callsOut'), connection.count('callsIn')] as const;
    const questions = [connection.count('questionsOut'), connection.count('questionsIn')] as const;
    return row(
      actor,
      [
        node(peer, 'not proven yet'),
        text(role),
        stateOf(connection),
        pathOf(connection.text('path'), via === undefined ? undefined : `through station ${via.id}`),
        span(connection.number('rtt')),
        size(connection.number('bytesSent')),
        size(connection.number('bytesReceived')),
        inFlight(calls[0] + questions[0], calls[1] + questions[1], calls, questions),
      ],
      [
        {
          tag: 'facts',
          title: '',
          facts: [
            ['Address', text(connection.text('address'))],
            ['Ready for', span(connection.number('age'))],
            ['Dialed by', text(direction === 'in' ? 'the peer' : 'this node')],
            ['Through', node(via, 'nobody')],
            ['In the DHT', text(connection.flag('dht') ? 'yes' : 'no')],
            ['TLS', text(connection.flag('tls') ? 'yes: UDP is blocked' : 'no')],
            ['Not used for', span(connection.number('unused'))],
            ['Packets lost', figure(connection.number('lost'))],
            ['Waits to be sent', size(connection.number('queued'))],
            ['Process', text(actor)],
          ],
        },
        linksOf(connection),
        ...unknown('', connection, times.at),
      ],
    );
  });
  const names = columns(
    'Peer',
    'Kind',
    'State',
    'Path',
    '#Round trip',
    '#Sent',
    '#Received',
    '#In flight|calls and questions without an answer: ours ↑, theirs ↓',
  );
  const none = 'Nobody is connected: this node has dialed nobody yet, and nobody has come.';
  return [table({ title: 'Connections', columns: names, none }, rows, more)];
}

type Pair = readonly [out: number, in_: number];

function inFlight(out: number, coming: number, calls: Pair, questions: Pair): Cell {
  if (out + coming === 0) return NOTHING;
  const title = `calls ${calls[0]} ours, ${calls[1]} theirs; questions ${questions[0]} ours, ${questions[1]} theirs`;
  return { text: `↑ ${out} ↓ ${coming}`, kind: 'figure', title };
}

/** Ways that packets of one connection may go. */
function linksOf(connection: Reader): Section {
  const { rows, more } = connection.rows('paths');
  const shown = rows.map((path, index) => {
    const address = path.text('address');
    return row(`${address} ${index}`, [
      pathOf(path.text('kind')),
      text(address),
      path.flag('active') ? badge('in use', 'good') : NOTHING,
      path.flag('proven') ? text('the peer answered from there') : text('not answered yet'),
      span(path.number('rtt')),
    ]);
  });
  const names = columns('Path', 'Address', 'Use', 'Proof', '#Round trip');
  return table({ title: 'Its paths', columns: names, none: 'No path is open.' }, shown, more);
}

const PHASES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    calm: 'waits for its next try',
    searching: 'its addresses are looked up',
    racing: 'its addresses are dialed',
    awaiting: 'another dial is on its way',
    greeting: 'hello is exchanged',
    over: 'over',
  }),
);

function wishesOf(dialing: Reader): readonly Section[] {
  const { rows, more } = dialing.rows('wished');
  const shown = rows.map((wish, index) => {
    const peer = wish.node('peer');
    const phase = wish.text('phase');
    return row(peer?.id ?? String(index), [
      node(peer, 'known by address only'),
      badge(PHASES.get(phase) ?? phase, 'busy'),
      figure(wish.number('dials')),
      wish.flag('seeking') ? text('is sought') : NOTHING,
      some(wish.count('calls')),
    ]);
  });
  const names = columns(
    'Peer',
    'Phase',
    '#Dials',
    'Way through a station',
    '#Wait for it|calls and questions',
  );
  const none = 'Every peer that is wanted is connected.';
  return [table({ title: 'Wanted, not connected', columns: names, none }, shown, more)];
}

function natOf(nat: Reader, times: Times): readonly Section[] {
  const [profile, connector] = [nat.part('profile'), nat.part('connector')];
  const { rows, more } = connector.rows('upgrading');
  const upgrading = rows.map((one, index) => {
    const peer = one.node('peer');
    const punching = one.flag('punching');
    const waiting = one.flag('waiting');
    return row(peer?.id ?? String(index), [
      node(peer),
      punching
        ? badge('punching', 'busy')
        : waiting
          ? badge('tries again later', 'plain')
          : badge('given up', 'warn'),
      some(one.count('tries'), 'in a row, without success'),
    ]);
  });
  return [
    ...waysOf(nat.rows('tried'), times),
    ...(note('Relayed, wanted direct', connector) ?? [
      table(
        {
          title: 'Relayed, wanted direct',
          columns: columns('Peer', 'State', '#Failed tries'),
          none: 'No relayed connection waits for a direct path.',
        },
        upgrading,
        more,
      ),
    ]),
    ...profileOf(nat, profile, connector, times),
    ...unknown('NAT', nat, times.at),
    ...unknown('ways through stations', connector, times.at),
  ];
}

function profileOf(nat: Reader, profile: Reader, connector: Reader, times: Times): readonly Section[] {
  const ways: (readonly [string, Cell])[] = [
    ['Ways sought', some(connector.count('attempts'), 'through stations, now')],
    ['Kept through stations', some(connector.count('kept'))],
    ['Stations out of reach', some(connector.count('unreached'))],
  ];
  const title = 'The NAT in front of this node';
  if (!nat.hasPart('profile'))
    return [
      {
        tag: 'note',
        title,
        text: 'Not measured: nobody has asked for it yet (node.nat(), espalier doctor).',
      },
      ...(ways.some(([, { kind }]) => kind !== 'nothing')
        ? [{ tag: 'facts', title: '', facts: ways } as const]
        : []),
    ];
  const behind = profile.get('behindNat');
  const explanation = profile.texts('explanation');
  const facts: (readonly [string, Cell])[] = [
    [
      'There is one',
      behind === true
        ? badge('yes', 'warn')
        : behind === false
          ? badge('no', 'good')
          : badge('not known', 'plain'),
    ],
    ['Maps', spoken(profile.text('mapping'))],
    ['Lets in', spoken(profile.text('filtering'))],
    ['Picks ports', spoken(profile.text('allocation'))],
    ['Seen by others as', text(profile.texts('reflexive').join(', '))],
    ['Observers', figure(profile.number('observers'))],
    ['Measured', when(profile.number('measuredAt'), times.at)],
    ...ways,
  ];
  return [
    { tag: 'facts', title, facts },
    ...(explanation.length === 0 ? [] : [{ tag: 'note', title: '', text: explanation.join(' ') } as const]),
    ...unknown('', profile, times.at),
  ];
}

/** Two letters of RFC 4787's kinds, in words. */
const SPOKEN: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ei: 'the same for all',
    hd: 'by host',
    pd: 'by host and port',
    pp: 'the same',
    pc: 'one near the last',
    rd: 'any',
    unknown: 'not known',
  }),
);

const spoken = (word: string): Cell => text(SPOKEN.get(word) ?? word, word);
