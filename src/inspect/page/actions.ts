/** What may be done to an actor, when the node allows it: each is asked for again before it happens. */
import type { Desk } from './desk.ts';
import { confirm } from './dialog.ts';
import { button, nameEl } from './element.ts';
import { act } from './requests.ts';
import type { Action, ActorRow } from './wire.ts';

type Deed = Exclude<Action['action'], 'call' | 'trace'>;

const DEEDS: Readonly<Record<Deed, { readonly label: string; readonly text: string }>> = {
  suspend: { label: 'Suspend', text: ' will take no more messages until it is resumed. Its mailbox fills.' },
  resume: { label: 'Resume', text: ' will take messages again.' },
  restartChild: { label: 'Restart', text: ' will be stopped, and its supervisor starts it again.' },
  terminate: { label: 'Stop', text: ' will be asked to stop. Its supervisor decides what follows.' },
  kill: {
    label: 'Kill',
    text: ' will be ended at once, without cleaning up. Its supervisor decides what follows.',
  },
};

/** None, unless the node says that actions are on. */
export function actionButtons(desk: Desk, row: ActorRow): readonly HTMLElement[] {
  if (!desk.actions) return [];
  const deeds: Deed[] = [row.status === 'suspended' ? 'resume' : 'suspend'];
  if (row.parent !== null && row.restart?.policy !== undefined) deeds.push('restartChild');
  if (row.parent !== null) deeds.push('terminate', 'kill');
  const buttons = deeds.map((deed) =>
    button(DEEDS[deed].label, deed === 'kill' ? 'button small danger' : 'button small', () => {
      perform(desk, row, deed).catch(() => desk.say('The action could not be sent', true));
    }),
  );
  buttons.push(button('Trace', 'button small', () => desk.open('trace')));
  return buttons;
}

async function perform(desk: Desk, row: ActorRow, deed: Deed): Promise<void> {
  const { label, text } = DEEDS[deed];
  const sure = await confirm(
    `${label} this actor?`,
    [nameEl(row.name, 'strong'), ` (${row.id})${text}`],
    label,
  );
  if (!sure) return;
  const answer = await act({ action: deed, id: row.id });
  if (!answer.ok) desk.say(`${label}: ${answer.error}`, true);
  else if (!answer.body.ok) desk.say(`${label}: ${answer.body.error.message}`, true);
  else desk.say(`${label}: done`);
}
