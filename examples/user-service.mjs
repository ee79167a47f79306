/**
 * A user service with a real database: one supervised actor owns the SQLite file.
 *
 *   npm install node-sqlite3-wasm
 *   node examples/user-service.mjs          serves until Ctrl-C, users in ./users.db
 *   node examples/user-service.mjs --once   tries itself on a database of its own and ends
 *
 *   espalier call https://127.0.0.1:PORT users.manage '{"action":"create","name":"Alice","email":"alice@example.org"}'
 *   espalier call https://127.0.0.1:PORT users.manage '{"action":"get","user_id":1}'
 *
 * All statements go through one mailbox, one after the other: there are no locks to wait for, and no two writers. A bug in
 * a statement ends the actor and the one call it was serving; its supervisor opens the file again, and what was answered
 * before is there.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import sqlite from 'node-sqlite3-wasm';
import { err, server, startNode } from 'espalier';
import { createRuntime, NameScope, reply, ServerRef, silentLogger, worker } from 'espalier/otp';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS users (
    user_id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    email TEXT NOT NULL UNIQUE
  )`;

const isText = (value) => typeof value === 'string' && value !== '' && value.length <= 255;

/** What a caller may ask for. An answer is a value or `err(reason)`; anything thrown is a bug, and ends the actor. */
const ACTIONS = {
  get: (database, { user_id }) => {
    if (!Number.isSafeInteger(user_id)) return err('invalid_user_id');
    return database.get('SELECT * FROM users WHERE user_id = ?', [user_id]) ?? err('user_not_found');
  },
  create: (database, { name, email }) => {
    if (!isText(name) || !isText(email)) return err('invalid_user');
    const sql = 'INSERT INTO users (name, email) VALUES (?, ?) ON CONFLICT (email) DO NOTHING';
    const { changes, lastInsertRowid } = database.run(sql, [name, email]);
    return changes === 0 ? err('email_taken') : { user_id: Number(lastInsertRowid), name, email };
  },
  delete: (database, { user_id }) => {
    if (!Number.isSafeInteger(user_id)) return err('invalid_user_id');
    const { changes } = database.run('DELETE FROM users WHERE user_id = ?', [user_id]);
    return changes === 0 ? err('user_not_found') : { status: 'deleted' };
  },
};

/** Owns the database. However it ends, by a crash, a kill or in good order, the file is closed. */
const usersServer = {
  label: 'users',
  init: (file, self) => {
    const database = new sqlite.Database(file);
    self.signal.addEventListener('abort', () => database.close());
    database.exec(SCHEMA);
    return database;
  },
  handleCall: {
    manage: (args, database) => {
      const action = Object.hasOwn(ACTIONS, args.action) ? ACTIONS[args.action] : undefined;
      return reply(action === undefined ? err('invalid_action') : action(database, args), database);
    },
    /** A bug, for show: there is no such table. */
    broken: (_args, database) => reply(database.get('SELECT * FROM no_such_table'), database),
  },
};

/** Starts the service on a node of its own. `port` 0 takes a free one. */
export async function startService({ file, port = 0, logger }) {
  const runtime = createRuntime(logger === undefined ? {} : { logger });
  const scope = new NameScope();
  const node = await startNode({
    listen: `127.0.0.1:${port}`,
    runtime,
    children: [worker('users', usersServer, file, { scope })],
  });
  // by name: a reference outlives the process behind it
  const users = new ServerRef(runtime, { scope, name: 'users' });
  await node.advertise('users.manage', server(users, { tag: 'manage' }), {
    metadata: { version: '2.0.0', capabilities: ['read', 'write', 'delete'] },
  });
  await node.advertise('users.broken', server(users, { tag: 'broken' }));
  return { node, users };
}

/** Tries the service as a client would, with a crash in the middle. */
async function exercise(node) {
  const show = async (what, procedure, args) => {
    const result = await node.tryCall(procedure, args);
    const { failure } = result.ok ? {} : result.error;
    console.log(`${what}:`, result.ok ? result.value : `${failure.tag} ${failure.reason}`);
  };
  const alice = { action: 'create', name: 'Alice', email: 'alice@example.org' };
  await show('create', 'users.manage', alice);
  await show('once more', 'users.manage', alice);
  await show('a bug', 'users.broken', {});
  await show('after it', 'users.manage', { action: 'get', user_id: 1 });
  await show('delete', 'users.manage', { action: 'delete', user_id: 1 });
  await show('get', 'users.manage', { action: 'get', user_id: 1 });
  await show('rename', 'users.manage', { action: 'rename', user_id: 1 });
}

async function main() {
  const interrupted = new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM']) process.once(name, resolve);
  });
  if (!process.argv.includes('--once')) {
    const { node } = await startService({ file: 'users.db' });
    console.log(`users.manage at ${node.url}`);
    await interrupted;
    await node.close();
    return;
  }
  const directory = await mkdtemp(join(tmpdir(), 'espalier-users-'));
  // the crash below is meant: it need not be in the log
  const { node } = await startService({ file: join(directory, 'users.db'), logger: silentLogger });
  await exercise(node);
  await node.close();
  await rm(directory, { recursive: true });
}

if (import.meta.url === pathToFileURL(realpathSync(process.argv[1] ?? '.')).href) await main();
