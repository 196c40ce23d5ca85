/** One source, from its file to sorted runs in the run's folder. */
import { closeSync, openSync, readSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { CsvReader, type RowReader } from './csv';
import { decodedFile } from './decode';
import { fileError } from './errors';
import type { Job, SideState, SortedRun } from './job';
import { JsonReader } from './json';
import { Chunk, lengthAt, makeCells, type RecordShape } from './record';
import { RunHeap } from './runs';
import { sortedStarts } from './sort';
import { readTime } from './values';

const WRITE_BLOCK = 1 << 18;
/** More runs than so many are not merged at once: each has a file open, and a block of it in memory. */
const MAX_RUNS = 32;

export const NOTHING_READ: SideState = {
  runs: [],
  offset: 0,
  rows: 0,
  done: false,
  faulty: 0,
  newest: null,
  cutShort: false,
};

export function shapeOf(job: Job): RecordShape {
  return {
    keyParts: job.sides[0]?.key.length ?? 1,
    slots: job.fields.reduce((sum, { type }) => sum + slotsOf(type), 0),
    foldCase: job.foldCase,
  };
}

/** Fields with a unit take two slots. */
export function slotsOf(type: Job['fields'][number]['type']): number {
  return type === 'quantity' || type === 'money' ? 2 : 1;
}

/** The wanted places of a side, in the order of the cells. */
function wantedOf(job: Job, index: number): string[] {
  const side = job.sides[index] as Job['sides'][number];
  const fields = job.fields.flatMap(({ type, paths, unitPaths }) =>
    slotsOf(type) === 2 ? [paths[index] ?? '', unitPaths[index] ?? ''] : [paths[index] ?? ''],
  );
  return [...side.key, ...fields, side.time];
}

/** Cells that a source may lack: units, of which the field has its own, and the time. */
function optionalOf(job: Job): Set<number> {
  const found = new Set<number>();
  let cell = job.sides[0]?.key.length ?? 1;
  for (const { type } of job.fields) {
    if (slotsOf(type) === 2) found.add(cell + 1);
    cell += slotsOf(type);
  }
  return found.add(cell);
}

/**
 * Reads what is not read yet, and sorts it chunk by chunk.
 * @param told after each chunk, with how far the source is; what it returns before the next one is read
 * @throws CrossdockError RECONCILE_SOURCE (permanent), RECONCILE_DISK_FULL and others of `fileError`
 */
export function* spill(job: Job, index: number, from: SideState): Generator<SideState, SideState, void> {
  const side = job.sides[index] as Job['sides'][number];
  const shape = shapeOf(job);
  const wanted = wantedOf(job, index);
  const cells = makeCells(wanted.length);
  const file = decodedFile(job, index);
  const reader: RowReader = openReader({ ...side, file }, cells, wanted, optionalOf(job), from);
  try {
    const chunk = new Chunk(job.chunkBytes, shape);
    const timeCell = wanted.length - 1;
    const timed = side.time !== '';
    const faultyBefore = from.faulty ?? 0;
    let newest = from.newest ?? Number.NEGATIVE_INFINITY;
    const seen = () => ({
      faulty: faultyBefore + chunk.faulty,
      newest: newest === Number.NEGATIVE_INFINITY ? null : newest,
      cutShort: reader.cutShort,
    });
    let state = from;
    let full = false;
    for (;;) {
      if (!full && !reader.next()) break;
      const time = timed ? timeOf(cells, timeCell, side.zone) : Number.NaN;
      full = !chunk.add(cells, reader.row, reader.offset, time, reader.fault);
      if (time > newest) newest = time;
      if (!full) continue;
      state = {
        runs: [...state.runs, write(job, index, state.runs.length, chunk)],
        offset: reader.offset,
        rows: reader.row - 1,
        done: false,
        ...seen(),
      };
      chunk.clear();
      yield state;
    }
    const rest = chunk.count === 0 ? [] : [write(job, index, state.runs.length, chunk)];
    return { runs: [...state.runs, ...rest], offset: reader.after, rows: reader.row, done: true, ...seen() };
  } finally {
    reader.close();
  }
}

function openReader(
  side: Job['sides'][number],
  cells: ReturnType<typeof makeCells>,
  wanted: readonly string[],
  optional: ReadonlySet<number>,
  from: SideState,
): RowReader {
  try {
    return side.format === 'csv'
      ? new CsvReader(side, cells, wanted, from, optional)
      : new JsonReader(side, cells, wanted, from);
  } catch (error) {
    throw fileError(error, side.label);
  }
}

function timeOf(cells: ReturnType<typeof makeCells>, cell: number, zone: string): number {
  const from = cells.from[cell] as number;
  const to = cells.to[cell] as number;
  if (to < from) return Number.NaN;
  const text = Buffer.from(
    cells.bytes.buffer,
    cells.bytes.byteOffset + from,
    Math.min(to - from, 60),
  ).toString('latin1');
  return readTime(text, zone) ?? Number.NaN;
}

function write(job: Job, index: number, number: number, chunk: Chunk): SortedRun {
  const name = `side-${index}-${job.attempt}-${String(number).padStart(5, '0')}.run`;
  const order = sortedStarts(chunk);
  const out = new RunWriter(join(job.folder, name));
  try {
    for (let at = 0; at < order.length; at += 1) out.add(chunk.bytes, order[at] as number);
    out.end();
  } catch (error) {
    out.discard();
    throw fileError(error, 'The comparison');
  }
  return { name, bytes: out.bytes, rows: chunk.count, crc: out.crc };
}

/**
 * Merges the oldest runs of a source into one until few enough are left. Their order stays: of equal keys the earlier
 * row comes first.
 */
export function* consolidate(
  job: Job,
  index: number,
  from: SideState,
): Generator<SideState, SideState, void> {
  let state = from;
  for (let number = 0; state.runs.length > MAX_RUNS; number += 1) {
    const taken = state.runs.slice(0, MAX_RUNS);
    const name = `side-${index}-${job.attempt}-m${number}.run`;
    const heap = new RunHeap(
      job.folder,
      taken.map((run) => run.name),
    );
    const out = new RunWriter(join(job.folder, name));
    try {
      for (let first = heap.first; first !== undefined; first = heap.first) {
        out.add(first.bytes, first.start);
        heap.advance();
      }
      out.end();
    } catch (error) {
      out.discard();
      throw fileError(error, 'The comparison');
    } finally {
      heap.close();
    }
    const rows = taken.reduce((sum, run) => sum + run.rows, 0);
    state = {
      ...state,
      runs: [{ name, bytes: out.bytes, rows, crc: out.crc }, ...state.runs.slice(MAX_RUNS)],
    };
    yield state;
    for (const run of taken) rmSync(join(job.folder, run.name), { force: true });
  }
  return state;
}

/** What of a source can be gone on from: all of it when its runs are whole, else nothing. */
export function soundState(job: Job, state: SideState): SideState {
  return state.runs.every((run) => isWhole(join(job.folder, run.name), run)) ? state : NOTHING_READ;
}

function isWhole(file: string, run: SortedRun): boolean {
  try {
    if (statSync(file).size !== run.bytes) return false;
    const block = Buffer.allocUnsafe(1 << 20);
    const fd = openSync(file, 'r');
    let crc = 0;
    for (let at = 0; at < run.bytes; ) {
      const length = readSync(fd, block, 0, block.length, at);
      if (length === 0) break;
      crc = crc32(block.subarray(0, length), crc);
      at += length;
    }
    closeSync(fd);
    return crc === run.crc;
  } catch {
    return false;
  }
}

/** Writes records one behind the other. */
export class RunWriter {
  readonly #fd: number;
  readonly #block = Buffer.allocUnsafeSlow(WRITE_BLOCK);
  #used = 0;
  bytes = 0;
  crc = 0;

  constructor(private readonly file: string) {
    this.#fd = openSync(file, 'w', 0o600);
  }

  add(source: Buffer, start: number): void {
    const length = lengthAt(source, start);
    if (this.#used + length > WRITE_BLOCK) this.#flush();
    const block = this.#block;
    let to = this.#used;
    // A call into the engine's own copy costs more than so few bytes.
    if (length < 96) for (let at = start; at < start + length; at += 1) block[to++] = source[at] as number;
    else source.copy(block, to, start, start + length);
    this.#used += length;
  }

  end(): void {
    this.#flush();
    closeSync(this.#fd);
  }

  discard(): void {
    try {
      closeSync(this.#fd);
      rmSync(this.file, { force: true });
    } catch {
      // It goes with the folder.
    }
  }

  #flush(): void {
    let done = 0;
    const block = this.#block.subarray(0, this.#used);
    this.crc = crc32(block, this.crc);
    while (done < block.length) done += writeSync(this.#fd, block, done);
    this.bytes += block.length;
    this.#used = 0;
  }
}
