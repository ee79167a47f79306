import { expect } from 'vitest';
import { noReply, reply, ServerRef, stop } from '../../../src/otp.ts';
import {
  Answered,
  receiveResponse,
  RequestCollection,
  sendRequest,
  waitResponse,
  type PendingRequest,
} from '../../../src/otp/requests.ts';
import { recorder } from '../../actor/world.ts';
import { conformanceSuite } from '../suite.ts';
import { begin, puppet, type PuppetRef, type Started } from './puppet.ts';

const { ported, notApplicable } = conformanceSuite('gen_server_SUITE', 60);

/** Asks for `value` after `ms`. */
function ask({ ref }: Started, value: unknown, ms: number, to?: Started['pid']): PendingRequest {
  return sendRequest(
    ref,
    'run',
    (state, self, from) => {
      self.runtime.timers.after(ms, () => from?.reply(value));
      return noReply(state);
    },
    to === undefined ? {} : { to },
  );
}

/** Three requests, answered in another order than they were sent. */
function three(started: Started, to?: Started['pid']): RequestCollection<string> {
  return new RequestCollection<string>()
    .add(ask(started, 'one', 300, to), 'label 1')
    .add(ask(started, 'two', 100, to), 'label 2')
    .add(ask(started, 'three', 200, to), 'label 3');
}

const answer = (value: string, label: string) => ({ response: { tag: 'reply', value }, label });

ported(['send_request_receive_reqid_collection', 'send_request_wait_reqid_collection'], async (name) => {
  const started = await begin();
  const { clock, runtime } = started;
  const abandons = name === 'send_request_receive_reqid_collection';
  const take = abandons ? 'receive' : 'wait';
  expect(await new RequestCollection()[take](0)).toBe('no_request');

  // in the order of the answers, with their labels
  const all = three(started);
  expect([all.size, all.toList().map(([, label]) => label)]).toEqual([3, ['label 1', 'label 2', 'label 3']]);
  const [[first]] = all.toList() as [[PendingRequest, string]];
  expect(() => all.add(first, 'again')).toThrow('in the collection already');
  await clock.advance(300);
  expect(await all[take](0)).toMatchObject(answer('two', 'label 2'));
  expect(await all[take](0)).toMatchObject(answer('three', 'label 3'));
  expect(all.size).toBe(1);
  expect(await all[take](0)).toMatchObject(answer('one', 'label 1'));
  expect([all.size, await all[take](0)]).toEqual([0, 'no_request']);

  // while they come; one that is not deleted stays, and is not given twice
  const kept = three(started);
  const next = kept[take](1_000, { delete: false });
  await clock.advance(100);
  expect(await next).toMatchObject(answer('two', 'label 2'));
  expect(kept.size).toBe(3);
  const third = kept[take]({ until: clock.now() + 1_000 }, { delete: false });
  await clock.advance(100);
  expect(await third).toMatchObject(answer('three', 'label 3'));
  expect(kept.size).toBe(3);

  // the time is up: `receive` abandons what is left, `wait` does not
  const late = kept[take](50);
  await clock.advance(50);
  expect(await late).toBe('timeout');
  await clock.advance(100);
  expect(await kept[take](0)).toEqual(
    abandons ? 'no_request' : expect.objectContaining(answer('one', 'label 1')),
  );

  // the same for one request
  const single = ask(started, 'single', 100);
  const given = abandons ? receiveResponse(single, 50) : waitResponse(single, 50);
  await clock.advance(50);
  expect(await given).toBe('timeout');
  await clock.advance(50);
  expect(await waitResponse(single, 0)).toEqual(
    abandons ? { tag: 'error', reason: 'abandoned' } : { tag: 'reply', value: 'single' },
  );

  // a server that ends, or is not there, is an answer too
  const nobody: PuppetRef = new ServerRef(runtime, { scope: runtime.names, name: 'nobody' });
  const failing = new RequestCollection<string>().add(sendRequest(nobody, 'state'), 'nobody').add(
    sendRequest(started.ref, 'run', (state) => stop('shutdown', state)),
    'ends',
  );
  expect(await failing[take](0)).toMatchObject({
    label: 'nobody',
    response: { tag: 'error', reason: 'noproc' },
  });
  expect(await failing[take](1_000)).toMatchObject({
    label: 'ends',
    response: { tag: 'error', reason: 'shutdown' },
  });
});

ported('send_request_check_reqid_collection', async () => {
  const started = await begin();
  const { clock, runtime } = started;
  const { pid: client, inbox } = recorder(runtime);
  client.bound = 1;
  const all = three(started, client);
  expect(all.check('foreign')).toBe('no_reply');
  client.suspended = true;
  await clock.advance(300);
  // the answers come as messages, past the bound of the mailbox
  expect([client.mailbox?.length, inbox]).toEqual([3, []]);
  client.suspended = false;
  runtime.work(client, () => {});
  await clock.settle();
  const messages = inbox.map(({ message }) => message);
  expect(messages.every((message) => message instanceof Answered)).toBe(true);
  expect(all.check(messages[0], { delete: false })).toMatchObject(answer('two', 'label 2'));
  expect(all.check(messages[0])).toBe('no_reply');
  expect(all.size).toBe(3);
  expect(all.check('foreign')).toBe('no_reply');
  expect(all.check(messages[1])).toMatchObject(answer('three', 'label 3'));
  expect(all.check(messages[2])).toMatchObject(answer('one', 'label 1'));
  expect(all.size).toBe(1);
  expect(new RequestCollection().check(messages[0])).toBe('no_request');

  // the end of the server comes as one
  const last = new RequestCollection<string>().add(
    sendRequest(started.ref, 'run', (state) => stop('shutdown', state), { to: client }),
    'last',
  );
  await clock.settle();
  expect(last.check(inbox.at(-1)?.message)).toMatchObject({ response: { tag: 'error', reason: 'shutdown' } });
  expect(await begin(puppet()).then(({ ref }) => ref.call('run', (state) => reply(1, state)))).toBe(1);
});

notApplicable(
  'reply_by_alias_with_payload',
  'a test of the tags inside Erlang aliases; `from` is an object without tags',
);
