/**
 * A web server that lets it crash: each request is a task of its own, the visits live in a supervised server. A bug in one
 * request is a 500 for that request; a bug in the counter is a restart.
 *
 *   node examples/let-it-crash.mjs [port]    without a port it asks itself a few questions and ends
 */
import { createServer } from 'node:http';
import {
  createRuntime,
  NameScope,
  noReply,
  reply,
  ServerRef,
  silentLogger,
  startSupervisor,
  taskSupervisor,
  TaskSupervisorRef,
  worker,
} from 'espalier/otp';

const names = new NameScope();
const runtime = createRuntime({ logger: silentLogger });

const visits = {
  label: 'visits',
  init: () => 0,
  handleCall: { count: (_none, count) => reply(count + 1, count + 1) },
  handleCast: {
    corrupt: (_none, count) => noReply(count.no.such.field),
  },
};

const top = await startSupervisor(runtime, {
  strategy: 'restForOne',
  intensity: 5,
  children: [
    worker('visits', visits, undefined, { scope: names }),
    taskSupervisor('requests', {}, { scope: names }),
  ],
});
const counter = new ServerRef(runtime, { scope: names, name: 'visits' });
const requests = new TaskSupervisorRef(runtime, { scope: names, name: 'requests' });

const PAGES = {
  '/': async () => `visit ${await counter.call('count')}`,
  '/bug': () => undefined.oops,
  '/corrupt': () => (counter.cast('corrupt') ? 'the counter will not like this' : 'busy'),
};

const server = createServer((request, response) => {
  const page = PAGES[request.url];
  if (page === undefined) {
    response.writeHead(404).end('no such page');
    return;
  }
  // nobody is linked to it: its crash is its own
  requests
    .asyncNolink(null, page)
    .await(2_000)
    .then(
      (text) => response.writeHead(200).end(text),
      () => response.writeHead(500).end('this request crashed'),
    );
});

const port = Number(process.argv[2] ?? 0);
await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${server.address().port}`;

if (port !== 0) console.log(`listening on ${url}`);
else {
  for (const path of ['/', '/', '/bug', '/', '/corrupt', '/', '/nowhere']) {
    const response = await fetch(url + path);
    console.log(`${path} ${response.status} ${await response.text()}`);
  }
  server.closeAllConnections();
  server.close();
  await top.stop();
}
