/** What stands where nothing is: why it is empty, and what to do about it. */
import { button, el, icon } from './dom.mjs';
import { t } from './text.mjs';

const glyphs = {
  noStore: 'database',
  mayNotRead: 'lock',
  noLetters: 'check-circle-o',
  noDeadLetterNode: 'life-ring',
  noMatch: 'search',
  noBaskets: 'shopping-basket',
  noAudit: 'list-ul',
  noConnections: 'plug',
  noReferences: 'exchange',
  noReferenceMatch: 'search',
  noConflicts: 'check-circle-o',
  noStock: 'cubes',
  'noStock-all': 'cubes',
  'noStock-waiting': 'check-circle-o',
  'noStock-refused': 'check-circle-o',
  'noStock-age': 'check-circle-o',
  'noStock-held': 'check-circle-o',
  'noStock-soldOut': 'check-circle-o',
  noStockMatch: 'search',
  noReconcilers: 'balance-scale',
  mayNotSee: 'lock',
  noRuns: 'balance-scale',
  noDifference: 'check-circle-o',
  noDifferenceYet: 'hourglass-half',
  noDifferenceKept: 'ban',
  noDifferenceMatch: 'search',
};

/** `kind` names the texts `empty.<kind>.title` and `.text`; `action` is `{ label, act }`. */
export function emptyState(kind, { text, action } = {}) {
  const offered = action ?? examples(kind);
  return el(
    'div.empty',
    {},
    icon(glyphs[kind]),
    el('h4', {}, t(`empty.${kind}.title`)),
    el('p', {}, text ?? t(`empty.${kind}.text`)),
    offered && button(offered.label, offered.act),
  );
}

const withExamples = ['noStore', 'noDeadLetterNode', 'noStock', 'noReconcilers'];

/** Where nodes are missing, the examples show how they are wired. */
function examples(kind) {
  if (!withExamples.includes(kind)) return undefined;
  return {
    label: t('action.examples'),
    act: () => RED.actions.invoke('core:show-examples-import-dialog'),
  };
}

/** Whether some flow has a dead letter node at all. */
export function hasDeadLetterNode() {
  let found = false;
  RED.nodes.eachNode((node) => {
    if (node.type === 'crossdock-dead-letter') found = true;
  });
  return found;
}
