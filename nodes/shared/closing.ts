/**
 * How long what a deploy stops may take. Node-RED gives the close of a node 15 s, or `nodeCloseTimeout` of settings.js;
 * then it starts the next instance, whatever the old one still holds.
 */
import type { Red } from './red';

const USUAL_MS = 15_000;

function limitMs({ settings }: Pick<Red, 'settings'>): number {
  const given = settings['nodeCloseTimeout'];
  return typeof given === 'number' && given > 0 ? given : USUAL_MS;
}

/** Ms that a source waits for what is in its flow: 8 s, or less so that handing back and disconnecting still fit. */
export function drainMs(red: Pick<Red, 'settings'>): number {
  return Math.min(8000, limitMs(red) / 2);
}

/** Ms that a config node waits for the nodes that use it: 12 s, or less so that closing what they share still fits. */
export function usersMs(red: Pick<Red, 'settings'>): number {
  return Math.min(12_000, limitMs(red) * 0.8);
}
