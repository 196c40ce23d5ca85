/** Colours, where somebody sees them, and texts of others' files, without what a terminal would obey. */
import type { Terminal } from './run';

const CODES = { red: 31, green: 32, yellow: 33, dim: 2 } as const;

export type Paint = (colour: keyof typeof CODES, text: string) => string;

/** Only on a terminal, and not where NO_COLOR is set (no-color.org) or it can do none. */
export function painter({ env, isTerminal }: Terminal): Paint {
  const off = isTerminal !== true || (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  return (colour, text) => (off ? text : `\u001b[${CODES[colour]}m${text}\u001b[0m`);
}

/** In one line and without control characters: names in a partner's schema come out as they are. */
export function plain(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[\p{Cc}\p{Bidi_Control}]/gu, '\uFFFD');
}
