/** Dist relays at the sizes of SECURITY and RELIABILITY; unit tests have the same rules, smaller. */
import { test } from 'vitest';
import { comesBackSpread, guessedCloses, guessedStreams, slowConnections } from '../dist/relay/sizes.ts';

test('1,000,000 guessed ids of tunnels, and that of another, close nothing', () => guessedCloses(1_000_000));

test('1,000,000 streams that begin with guessed ids, and with that of a tunnel, are refused and heard by nobody', () =>
  guessedStreams(1_000_000));

test('1,000 clients that lose their relay at once come back spread over the time that they may wait', () =>
  comesBackSpread(1_000));

test('500 connections that never say who they are, or a byte a second, are closed within 10 s; others come in', () =>
  slowConnections(500));
