/** How an error's kind and the states of letters, baskets and their items look. Never by colour alone. */
import { el, icon } from './dom.mjs';
import { counted, t } from './text.mjs';

const kinds = {
  transient: ['clock-o', 'calm'],
  ambiguous: ['question-circle', 'warning'],
  business: ['hand-paper-o', 'warning'],
  permanent: ['times-circle', 'error'],
};

const states = {
  parked: ['inbox', 'calm'],
  replayed: ['check-circle', 'success'],
  discarded: ['ban', 'calm'],
  draft: ['pencil-square-o', 'calm'],
  'dry-run': ['flask', 'calm'],
  running: ['play-circle', 'success'],
  paused: ['pause-circle', 'warning'],
  cancelled: ['ban', 'calm'],
  finished: ['check-circle', 'success'],
  pending: ['circle-o', 'calm'],
  sent: ['paper-plane-o', 'calm'],
  done: ['check-circle', 'success'],
  failedAgain: ['times-circle', 'error'],
  skipped: ['step-forward', 'calm'],
};

const dryRuns = {
  ok: ['check', 'success'],
  error: ['times', 'error'],
  unknown: ['question', 'calm'],
};

function marked(table, key) {
  const [glyph, tone] = table[key] ?? ['circle-o', 'calm'];
  return icon(glyph, 'mark', tone);
}

export const kindMark = (kind) => marked(kinds, kind);
export const stateMark = (state) => marked(states, state);
export const dryRunMark = (result) => marked(dryRuns, result);

/** A state as a small label with its glyph. */
export function stateBadge(state) {
  return el('span.state', {}, stateMark(state), t(`state.${state}`));
}

/** The node's name, or its type as the palette shows it. */
export function nodeName(node) {
  return node.name || node.type.replace(/^crossdock-/, '').replaceAll('-', ' ');
}

/** What a dry run says of one letter, in a few words. */
export function trialWords(trial) {
  if (trial.message) return trial.message;
  const changes = trial.changes.length + trial.moreChanges;
  if (trial.result === 'ok' && changes > 0) return counted('count.changes', changes);
  return t(`dryRunText.${trial.result}`);
}
