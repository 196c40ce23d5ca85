export { deleteInBites } from './bites';
export { applyMigrations } from './migrations';
export type { PostgresConfig } from './postgres/config';
export { openPostgresStore, type PostgresOptions } from './postgres/driver';
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
  StoreWarning,
} from './types';
export { StatementExpectationError } from './types';
