/**
 * What a comparison is asked to do, as plain data: it goes to the process that does it, and lies in the run's row until
 * the run is over. All paths are absolute.
 */

/** The first source is the reference; the others are held against it. */
export const SIDES = ['first', 'second', 'third'] as const;
export type Side = (typeof SIDES)[number];

/**
 * - `text`: characters; `decimal`: numbers without a unit; `quantity`: numbers with a unit of UN/ECE Rec 20 or 21;
 * - `money`: amounts with a currency; `time`: moments, to the second; `status`: words of which some mean the same.
 */
export const FIELD_TYPES = ['text', 'decimal', 'quantity', 'money', 'time', 'status'] as const;
export type FieldType = (typeof FIELD_TYPES)[number];

export interface FieldJob {
  /** The field's name in sentences. */
  readonly label: string;
  readonly type: FieldType;
  /** Where each source has it, in the order of the sides: a column, or names joined by dots, or a JSON pointer. */
  readonly paths: readonly string[];
  /** Where each source has the unit or currency of this field; '' where it has none. */
  readonly unitPaths: readonly string[];
  /** The unit or currency where the row says none; '' when there is none to tell. */
  readonly unit: string;
  /** Largest difference that is none: a decimal, for times seconds. */
  readonly toleranceAbsolute: string;
  /** The same in percent of the first source's value; not for times. */
  readonly tolerancePercent: string;
  /** Status: words that mean the same stand in one list; the lists are in the order of a life. */
  readonly words: readonly (readonly string[])[];
}

export const FORMATS = ['csv', 'jsonl', 'json'] as const;
export type Format = (typeof FORMATS)[number];
export const ENCODINGS = ['utf-8', 'windows-1252', 'iso-8859-15', 'utf-16le'] as const;
export type Encoding = (typeof ENCODINGS)[number];

export interface SideJob {
  /** Names the source in errors. */
  readonly label: string;
  readonly file: string;
  readonly format: Format;
  readonly encoding: Encoding;
  /** CSV: one character, or '' for the one that the first line has most of. */
  readonly delimiter: string;
  /** CSV: 1,5 is one and a half, and 1.500 is fifteen hundred. */
  readonly decimalComma: boolean;
  /** IANA name of the zone of times that say none, for example Europe/Berlin; '' for UTC. */
  readonly zone: string;
  /** Where the parts of the key are. */
  readonly key: readonly string[];
  /** Where the time is at which a row came about or changed; '' for none. */
  readonly time: string;
  /** Bytes. */
  readonly maxBytes: number;
}

export interface Job {
  /** Of this run alone; what is written goes here. */
  readonly folder: string;
  readonly sides: readonly SideJob[];
  readonly fields: readonly FieldJob[];
  /** Letters of the key in upper and lower case are the same. */
  readonly foldCase: boolean;
  /** Bytes of rows that are sorted at a time, per source. */
  readonly chunkBytes: number;
  /** Counts the processes that have worked on this run: none writes into a file of another one. */
  readonly attempt: number;
  /** All that was on its way was looked at. Default true. */
  readonly allSeen?: boolean;
  /** A source that does not have a key has none of it: that agrees with a row whose numbers are all zero. Default false. */
  readonly absentIsZero?: boolean;
  /** Keys whose row is from another time are left out, ms since the epoch; undefined: none is. */
  readonly period?: Period;
}

/** From inclusive, to exclusive. */
export interface Period {
  readonly from: number;
  readonly to: number;
}

/** A sorted part of a source, in the run's folder. */
export interface SortedRun {
  readonly name: string;
  readonly bytes: number;
  readonly rows: number;
  /** crc32 of its bytes: a power cut may leave a file that only looks whole. */
  readonly crc: number;
}

/** How far a source is. Durable: a run goes on from here. */
export interface SideState {
  readonly runs: readonly SortedRun[];
  /** Where the next row begins, in bytes of the (UTF-8) file. */
  readonly offset: number;
  /** Rows read. */
  readonly rows: number;
  readonly done: boolean;
  /** Of these, rows without a usable key. Runs of before this was counted have none of the next three. */
  readonly faulty?: number;
  /** The newest time that a row says, ms; null when none does. */
  readonly newest?: number | null;
  /** The last row ends in the middle: a CSV file without its last cells and line end. */
  readonly cutShort?: boolean;
}

export interface MergeCounts {
  /** Keys that all sources have, with equal fields. */
  readonly matched: number;
  /** Keys whose fields differ by no more than the tolerance. */
  readonly withinTolerance: number;
  /** Keys, or rows without one, with at least one finding. */
  readonly found: number;
  readonly keys: number;
}

/** How far the merge is. Durable, in one unit with what it has found until here. */
export interface MergeState {
  /** Per side and run: the byte from which on it is not merged yet. */
  readonly at: readonly (readonly number[])[];
  readonly counts: MergeCounts;
}

/** What one source says about a key. */
export interface Seen {
  /** How often it has the key. */
  readonly times: number;
  /** Whether all of its rows for the key say the same. */
  readonly same: boolean;
  /** Of the first one, from 1. */
  readonly row: number;
  /** Ms since the epoch; null when the row does not say. */
  readonly at: number | null;
  /** The first row as it is in the source, when it is not too large. */
  readonly record: unknown;
}

export type RawKind =
  | 'missing'
  | 'extra'
  | 'quantity'
  | 'status'
  | 'late'
  | 'value'
  | 'duplicate'
  | 'invalid';

export interface RawDifference {
  readonly kind: RawKind;
  readonly side: Side;
  /** Index of the field; -1 for the whole row. */
  readonly field: number;
  readonly expected: string | null;
  readonly found: string | null;
  /** found - expected in the first source's unit: a decimal, for times seconds; null where there is none. */
  readonly delta: string | null;
  /** What the comparison noticed: a code of `Notice`. */
  readonly notice: Notice | null;
}

export const NOTICES = [
  'NO_KEY',
  'TOO_LONG',
  'NOT_JSON',
  'NO_VALUE',
  'NOT_A_NUMBER',
  'NOT_A_TIME',
  'UNIT_UNKNOWN',
  'UNIT_NOT_CONVERTIBLE',
  'CURRENCY',
  'WORD_UNKNOWN',
  'BEHIND',
  'AHEAD',
  'SPELLING',
  'TIME_ZONE',
  'SIGN',
  'ROUNDED',
  'FACTOR',
] as const;
export type Notice = (typeof NOTICES)[number];

/** All that was found for one key; a row without a key has an empty one. */
export interface Finding {
  readonly key: string;
  /** In the order of the sides; null where the source does not have the key. */
  readonly seen: readonly (Seen | null)[];
  /** Values of the fields as text, per side that has the key. */
  readonly values: readonly (readonly (string | null)[] | null)[];
  readonly differences: readonly RawDifference[];
}
