/** Dialogs: a question before something is done, and the help. */
import { button, el, type Content } from './element.ts';
import { KEY_HELP } from './keys.ts';

/** Resolves when the person has decided; Escape means no. */
export function confirm(title: string, text: readonly Content[], yes: string): Promise<boolean> {
  return new Promise((resolve) => {
    const dialog = el('dialog', 'dialog');
    let decided = false;
    const no = button('Cancel', 'button', () => dialog.close());
    const sure = button(yes, 'button danger', () => {
      decided = true;
      dialog.close();
    });
    const heading = el('h2', '', title);
    heading.id = 'dialog-title';
    dialog.setAttribute('aria-labelledby', heading.id);
    dialog.append(heading, el('p', '', ...text), el('div', 'buttons', no, sure));
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(decided);
    });
    document.body.append(dialog);
    dialog.showModal();
    no.focus();
  });
}

/** Opens the help, or closes it. */
export function toggleHelp(): void {
  const open = document.querySelector<HTMLDialogElement>('dialog.help');
  if (open !== null) {
    open.close();
    return;
  }
  const keys = KEY_HELP.map(([press, meaning]) =>
    el(
      'div',
      'fact',
      el('dt', '', ...press.split(' ').map((key) => (key === '…' ? ' … ' : el('kbd', '', key)))),
      el('dd', '', meaning),
    ),
  );
  const filters = el(
    'p',
    'muted',
    'The filter takes words, and conditions such as is:crashed, is:busy, is:supervisor, type:Procedure, ' +
      'mailbox>10, crashes>0, restarts>0, rate>5.',
  );
  const dialog = el('dialog', 'dialog help', el('h2', '', 'Keys'), el('dl', 'facts', ...keys), filters);
  dialog.append(
    el(
      'div',
      'buttons',
      button('Close', 'button', () => dialog.close()),
    ),
  );
  dialog.ariaLabel = 'Keys';
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
