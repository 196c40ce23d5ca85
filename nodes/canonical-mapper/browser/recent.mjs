/** The last real messages of the node, to take one as the sample. */
import { button, el, icon } from '../../console/browser/dom.mjs';
import { shortTime, t } from './words.mjs';

/** @param context `{ desk, sheets }`; `take` gets the message as a text */
export function showRecent({ desk, sheets }, take) {
  const sheet = sheets.show(t('recent.heading'), sheets.loading(t('recent.loading')));
  const nothing = (text) =>
    sheet.fill(el('div.empty', {}, icon('inbox'), el('h4', {}, t('recent.noneTitle')), el('p', {}, text)));
  desk.messages().then(
    (messages) => {
      if (messages.length === 0) {
        nothing(t('recent.noneText'));
        return;
      }
      const rows = messages.map(({ number, receivedAt }) => {
        const id = number.slice(number.indexOf(':') + 1);
        return button(`${shortTime(receivedAt)}${id === '' ? '' : ` · ${id}`}`, () => choose(number), {
          glyph: 'envelope-o',
        });
      });
      sheet.fill(el('div.recent', {}, el('p.hint', {}, t('recent.hint')), ...rows));
      rows[0].focus();
    },
    (error) =>
      error.code === 'NODE_UNKNOWN'
        ? nothing(t('recent.notDeployed'))
        : sheet.fill(sheets.failed(error.message)),
  );

  function choose(number) {
    desk.message(number).then(
      (text) => {
        sheets.close();
        take(text);
      },
      (error) => sheet.fill(sheets.failed(error.message)),
    );
  }
}
