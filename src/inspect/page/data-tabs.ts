/** Which views of the node stand in which tab, and what the tab says about them. */
import type { DataTabText } from './data-tab.ts';

export const DATA_TABS: Readonly<Record<'rpc' | 'dht' | 'peers' | 'relay' | 'dist', DataTabText>> = {
  rpc: {
    views: ['rpc', 'registry'],
    title: 'RPC',
    about: 'Procedures served here or called from here: providers, outcomes, routes, durations, the cache.',
    absent: 'This node has no mesh: it neither serves nor calls procedures.',
  },
  dht: {
    views: ['dht'],
    title: 'DHT',
    about: 'The routing table by bucket, records kept for others with the time they have left, and lookups.',
    absent: 'This node takes no part in a DHT.',
  },
  peers: {
    views: ['peers', 'nat'],
    title: 'Peers',
    about:
      'Connections with their state and round trip, and how each peer was reached: direct, punched or relayed.',
    absent: 'This node has no connections to show.',
  },
  relay: {
    views: ['relay'],
    title: 'Relay',
    about: 'What is relayed for others and by others: sessions, tunnels, bytes, requests that wait.',
    absent: 'This node neither relays nor is relayed.',
  },
  dist: {
    views: ['dist'],
    title: 'Dist',
    about: 'Nodes of the Erlang distribution that are connected, and through what.',
    absent: 'This node takes no part in a distribution: start it with dist to see its nodes here.',
  },
};
