/**
 * Addresses: where an event goes, the same on every kind of channel. An address is a path of levels below the
 * channel's prefix, `<domain>/<entity>/<event>/<site>/<key>`; filters are in MQTT's grammar. MQTT puts the prefix
 * before it, AMQP makes a routing key of it, the local channel matches it itself.
 */
import { CrossdockError } from '../errors';
import type { CloudEvent } from './cloudevents';

/** `+`, `#`, `/` and `%` have a meaning in addresses; controls, lone surrogates and noncharacters are not allowed. */
const UNSAFE = /[+#/%\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/gu;

/** Texts of these characters alone are safe: most of them, and to see that takes less than to look for what is not. */
const PLAIN = /^[ -"$&-*,-.0-~]+$/;

/**
 * A text as one level of an address: what is not safe there is percent-escaped (decodeURIComponent reads it back),
 * and an empty text becomes `-`, since levels must not vanish.
 */
export function topicSegment(text: string): string {
  if (text === '') return '-';
  if (text === '-') return '%2D';
  if (PLAIN.test(text)) return text;
  return text.replace(UNSAFE, (character) => (/\p{Cs}/u.test(character) ? '%EF%BF%BD' : percent(character)));
}

function percent(character: string): string {
  return [...Buffer.from(character, 'utf8')]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('');
}

/**
 * Address of an event: `<domain>/<entity>/<event>/<site>/<key>`. Domain, entity and event come from the type
 * (`com.crossdock.<domain>.<entity>.<event>.v1`), the site from the extension `site`, the key from the subject.
 */
export function addressOf(event: CloudEvent): string {
  return `${levelsOf(event.type)}/${topicSegment(event.site ?? '')}/${topicSegment(event.subject ?? event.id)}`;
}

/** Domain, entity and event by type; a flow publishes few types. */
const knownTypes = new Map<string, string>();
const MAX_TYPES = 1000;

function levelsOf(type: string): string {
  const known = knownTypes.get(type);
  if (known !== undefined) return known;
  const words = type.split('.');
  if (/^v\d+$/.test(words.at(-1) ?? '')) words.pop();
  const [name = '', entity = '', ...domain] = words.reverse();
  // The domain is what stands before entity and event, without the organisation's reversed domain name.
  const found = [domain.reverse().slice(2).join('.'), entity, name].map(topicSegment).join('/');
  if (knownTypes.size < MAX_TYPES) knownTypes.set(type, found);
  return found;
}

/** Addresses of these characters alone may be. */
const ORDINARY = /^[ -"$-*,-~]+$/;

/** An address that may be published to. Throws CHANNEL_REFUSED (permanent). */
export function checkedAddress(address: string): string {
  if (address === '' || (!ORDINARY.test(address) && /[+#\p{Cc}\p{Cs}]/u.test(address))) {
    throw refused('Its address is empty or contains +, # or a control character.');
  }
  if (Buffer.byteLength(address) > 0xffff) throw refused('Its address is longer than 65,535 bytes.');
  return address;
}

function refused(why: string): CrossdockError {
  return new CrossdockError(`The event cannot be published. ${why}`, {
    code: 'CHANNEL_REFUSED',
    kind: 'permanent',
  });
}

/** A filter in MQTT's grammar, below the prefix (MQTT 5, clause 4.7). Throws CONFIG_INVALID (permanent). */
export function checkedFilter(filter: string): string {
  const trimmed = filter.trim();
  const levels = trimmed.split('/');
  const good =
    trimmed !== '' &&
    !/[\p{Cc}\p{Cs}]/u.test(trimmed) &&
    Buffer.byteLength(trimmed) <= 1000 &&
    levels.every(
      (level, index) =>
        level === '+' ||
        (level === '#' && index === levels.length - 1) ||
        (level !== '' && !/[+#]/.test(level)),
    );
  if (good) return trimmed;
  throw new CrossdockError(
    `The filter "${trimmed.slice(0, 80)}" cannot be used: levels are parted by /, + stands for one whole level, # only at the end for all further ones.`,
    { code: 'CONFIG_INVALID', kind: 'permanent', facts: { setting: 'filter' } },
  );
}

/** Whether the filter takes the address; both as checked above. `a/#` takes `a` too (MQTT 5, 4.7.1.2). */
export function filterMatches(filter: string, address: string): boolean {
  if (filter === '#') return true;
  const wanted = filter.split('/');
  const levels = address.split('/');
  for (const [index, want] of wanted.entries()) {
    if (want === '#') return true;
    if (index >= levels.length) return false;
    if (want !== '+' && want !== levels[index]) return false;
    if (index === wanted.length - 1) return levels.length === wanted.length;
    if (index === levels.length - 1) return wanted.length === levels.length + 1 && wanted[index + 1] === '#';
  }
  return false;
}
