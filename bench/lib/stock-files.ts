/** Two large files of stock that should agree, with differences that are known: for the bench and the faults. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export interface StockFiles {
  readonly left: string;
  readonly right: string;
  /** By key, what is to be found. */
  readonly expected: ReadonlyMap<string, string>;
  /** Keys that are missing on the right since a message about them is on its way. */
  readonly inFlight: readonly string[];
  /** Rows of both files. */
  readonly rows: readonly [left: number, right: number];
}

/** Per thousand keys, one of each kind. */
const EVERY = 1000;

/** Keys count up in neither file: both are shuffled, each in its own way. The same numbers give the same files. */
export function writeStockFiles(folder: string, count: number): StockFiles {
  const expected = new Map<string, string>();
  const inFlight: string[] = [];
  const left: number[] = [];
  const right: number[] = [];
  for (let n = 0; n < count; n += 1) {
    const key = keyOf(n);
    const kind = n % EVERY;
    if (kind !== 3) left.push(n);
    if (kind !== 1 && kind !== 5) right.push(n);
    if (kind === 4) right.push(n);
    if (kind === 1) expected.set(key, 'missing');
    else if (kind === 2) expected.set(key, 'quantity');
    else if (kind === 3) expected.set(key, 'extra');
    else if (kind === 4) expected.set(key, 'duplicate');
    else if (kind === 5) {
      expected.set(key, 'pending');
      inFlight.push(key);
    }
  }
  const files = { left: join(folder, 'left.csv'), right: join(folder, 'right.csv') };
  shuffle(left, 1);
  shuffle(right, 2);
  write(files.left, left, false);
  write(files.right, right, true);
  return { ...files, expected, inFlight, rows: [left.length, right.length] };
}

function keyOf(n: number): string {
  return `SKU-${String((n * 7919) % 99_999_989).padStart(8, '0')}`;
}

function shuffle(numbers: number[], seed: number): void {
  let state = seed;
  for (let index = numbers.length - 1; index > 0; index -= 1) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    const other = Math.floor((state / 2_147_483_648) * (index + 1));
    const kept = numbers[index] as number;
    numbers[index] = numbers[other] as number;
    numbers[other] = kept;
  }
}

function write(file: string, numbers: readonly number[], changed: boolean): void {
  const out = openSync(file, 'w');
  let text = 'sku,onHand,price\n';
  for (const n of numbers) {
    const quantity = (n * 31) % 997;
    text += `${keyOf(n)},${changed && n % EVERY === 2 ? quantity + 1 : quantity},${((n * 17) % 10_007) / 100}\n`;
    if (text.length < 1 << 20) continue;
    writeSync(out, text);
    text = '';
  }
  writeSync(out, text);
  closeSync(out);
}
