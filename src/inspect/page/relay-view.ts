/** The view `relay` as it is shown: what is passed on for others, and what others pass on for this node. Pure. */
import {
  badge,
  columns,
  figure,
  node,
  NOTHING,
  of,
  perSecond,
  row,
  since,
  size,
  some,
  span,
  table,
  text,
  track,
} from './cells.ts';
import type { Read, Reader } from './reader.ts';
import { relayServerView } from './relay-server-view.ts';
import type { Cell, Section, TableRow, Times, Tone } from './sections.ts';
import { note, unknown } from './unknown.ts';

export function relayView(view: Reader, times: Times): readonly Section[] {
  const server = view.has('server') ? relayServerView(view.part('server'), times) : [];
  const clients = view.rows('clients').rows;
  const station = view.part('station');
  return [
    ...server,
    ...(view.has('station') ? stationOf(view, station, times) : []),
    ...clients.flatMap((client) => clientOf(client, times)),
    ...(view.has('attached')
      ? [
          stationsOf(
            'Stations it is reached through',
            view.rows('attached'),
            'It has attached to no station.',
          ),
        ]
      : []),
    ...(view.has('sessions') ? [sessionsOf(view.rows('sessions'), times)] : []),
    ...unknown('', view, times.at),
  ];
}

function stationOf(view: Reader, station: Reader, times: Times): readonly Section[] {
  const gone = note('As a station', station);
  if (gone !== undefined) return gone;
  if (!view.hasPart('station')) return [];
  const dropped = [station.count('overRate'), station.count('foreign')] as const;
  const facts: (readonly [string, Cell])[] = [
    ['Sessions', of(station.count('sessions'), station.number('most'))],
    ['Passed on', size(station.number('bytes'))],
    ['Now', perSecond(times.rate('station', station.count('bytes')))],
    ['Datagrams', figure(station.number('datagrams'))],
    ['Dropped', some(dropped[0] + dropped[1], `${dropped[0]} over the rate, ${dropped[1]} from elsewhere`)],
    ['Hole punches now', some(station.count('punches'))],
  ];
  const { rows, more } = station.rows('passed');
  const names = columns(
    'From',
    'To',
    'State',
    '#Passed on',
    '#Datagrams',
    '#Age',
    '#Last datagram',
    'Session',
  );
  const none = 'It passes on nothing now.';
  return [
    { tag: 'facts', title: 'As a station', facts },
    table(
      { title: 'Sessions passed on', columns: names, none },
      rows.map((each) => passedRow(each, times)),
      more,
    ),
    stationsOf('Stations it is peered with', station.rows('peered'), 'It is peered with no station.'),
    ...unknown('station', station, times.at),
  ];
}

const SESSION = ['asked for', 'agreed', 'connected'];

function passedRow(session: Reader, times: Times): TableRow {
  const id = session.text('session');
  const [agreed, connected] = [session.flag('agreed'), session.flag('connected')];
  const at = connected ? 2 : agreed ? 1 : 0;
  return row(
    id,
    [
      node(session.node('source')),
      node(session.node('target')),
      track(SESSION[at] ?? '', SESSION, at, at === 2 ? 'good' : 'busy'),
      size(session.number('bytes')),
      figure(session.number('datagrams')),
      span(session.number('age')),
      since(session.number('idle')),
      text(id.slice(0, 8), id),
    ],
    unknown('', session, times.at),
  );
}

function stationsOf(title: string, { rows, more }: Read, none: string): Section {
  const shown = rows.map((station) => {
    const name = station.text('name');
    return row(name, [
      text(name),
      node(station.node('node'), 'nobody has answered there yet'),
      station.flag('self')
        ? badge('this node', 'plain')
        : station.flag('connected')
          ? badge('connected', 'good')
          : badge('not connected', 'warn'),
    ]);
  });
  // which of the flags it asked first is of no matter
  for (const station of rows) station.flag('connected');
  return table({ title, columns: columns('Station', 'Node', 'Connection'), none }, shown, more);
}

function sessionsOf({ rows, more }: Read, times: Times): Section {
  const shown = rows.map((session) => {
    const id = session.text('session');
    const lost = session.number('lost');
    return row(
      id,
      [
        node(session.node('peer')),
        node(session.node('station')),
        text(session.text('role') === 'source' ? 'this node' : 'the peer'),
        lost === null ? badge('there', 'good') : badge(`lost ${since(lost).text}`, 'bad'),
        span(session.number('age')),
        text(id.slice(0, 8), id),
      ],
      unknown('', session, times.at),
    );
  });
  const names = columns('Peer', 'Through station', 'Asked for by', 'Station', '#Age', 'Session');
  const none = 'No connection of this node goes through a station.';
  return table({ title: 'Its own sessions', columns: names, none }, shown, more);
}

/** In the order in which a relay comes to know a client. */
const RELAY = ['connecting', 'identifying', 'identified'];

function clientOf(client: Reader, times: Times): readonly Section[] {
  const name = client.text('name');
  const identified = client.flag('identified');
  const active = client.text('active');
  const { rows, more } = client.rows('tunnels');
  const tunnels = rows.map((tunnel) => {
    const id = tunnel.text('id');
    return row(id, [text(tunnel.text('peer')), text(tunnel.text('relay')), text(id)]);
  });
  const facts: (readonly [string, Cell])[] = [
    ['Tunnels', figure(rows.length + more)],
    ['Pending requests', figure(client.number('pending'), 'that wait for a relay')],
    ['Announced', some(client.count('announced'), 'tunnels whose streams have not come')],
    ['Streams of nobody', some(client.count('orphans'), 'nobody has said yet what they are')],
  ];
  const state = identified ? badge('identified', 'good') : badge('no relay knows it', 'bad');
  return [
    { tag: 'heading', title: `Dist relays, as ${name}`, state },
    { tag: 'facts', title: '', facts },
    relaysOf(client.rows('relays'), active, times),
    table(
      {
        title: 'Tunnels',
        columns: columns('To', 'Through', 'Id'),
        none: 'No tunnel is open.',
      },
      tunnels,
      more,
    ),
    ...unknown('', client, times.at),
  ];
}

function relaysOf({ rows, more }: Read, active: string, times: Times): Section {
  const shown = rows.map((relay, index) => {
    const [url, state, why] = [relay.text('url'), relay.text('state'), relay.text('why')];
    const at = RELAY.indexOf(state);
    const tone: Tone = state === 'identified' ? 'good' : state === 'resting' ? 'bad' : 'busy';
    const said = state === 'resting' ? 'lost, tries again' : state;
    return row(
      `${url} ${index}`,
      [
        text(url),
        track(said, RELAY, at, tone),
        url === active ? badge('asked first', 'good') : NOTHING,
        figure(relay.number('pending')),
        size(relay.number('bytesSent')),
        size(relay.number('bytesReceived')),
        text(why),
      ],
      unknown('', relay, times.at),
    );
  });
  const names = columns('Relay', 'State', 'Use', '#Pending', '#Sent', '#Received', 'Lost because');
  return table({ title: 'Relays', columns: names, none: 'It was given no relay.' }, shown, more);
}
