export { applyMigrations } from './migrations';
export { openSqliteStore, type SqliteStoreHandle } from './sqlite/driver';
export type {
  Migration,
  Row,
  SqlValue,
  Statement,
  StatementResult,
  Store,
  StoreHealth,
  StoreOptions,
} from './types';
export { StatementExpectationError } from './types';
