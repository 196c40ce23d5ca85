/** Runs of a reconciler with its store: history, what is in flight, approval, cancel. Suite for both kinds of stores. */
import { join } from 'node:path';
import { openSqliteStore } from '../../core/store';
import { type TempDir, tempDir } from '../support';
import { reconcileCorrectionSuite } from './reconcile-correction-suite';
import { reconcileFlightSuite } from './reconcile-flight-suite';
import { reconcileSuite } from './reconcile-suite';

describe('reconcile: runs', () => {
  let dir: TempDir;
  before(() => {
    dir = tempDir();
  });
  after(() => dir.remove());
  let count = 0;
  const open = () => openSqliteStore(join(dir.path, `store-${++count}.sqlite`));
  describe('history', () => reconcileSuite(open));
  describe('what is on its way', () => reconcileFlightSuite(open));
  describe('corrections', () => reconcileCorrectionSuite(open));
});
