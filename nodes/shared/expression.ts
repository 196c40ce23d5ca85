import { jsonata } from './jsonata';
import type { Message, Red } from './red';

/** A value of the message, by property path or JSONata; undefined where there is none. */
export function evaluator(
  red: Red,
  type: 'msg' | 'jsonata',
  source: string,
): (message: Message) => Promise<unknown> {
  if (type === 'jsonata') return jsonata(red, source);
  return async (message) => {
    try {
      return red.util.getMessageProperty(message, source);
    } catch (error) {
      // Node-RED reads on below a property that is missing.
      if (error instanceof TypeError) return undefined;
      throw error;
    }
  };
}
