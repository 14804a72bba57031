// The database file of the SQLite store: its settings, its tables, and what makes a file unusable. Every column
// that queries ask is taken out of the document when it is written, and indexed with the order it is asked in.
import type { DatabaseSync } from 'node:sqlite';

/** Marks the file as ours ("Ktrn"), for SQLite and for `file`. */
const APPLICATION_ID = 0x4b_74_72_6e;

/** How long another process may hold the file before a write fails. */
const BUSY_MILLISECONDS = 5000;

/**
 * FULL syncs the log at every commit, which is what "acknowledged" means (fullfsync: on macOS as well). A checkpoint
 * stops all writers for as long as it copies: small ones, often, keep the slowest writes short.
 */
const SETTINGS = `
  PRAGMA synchronous = FULL;
  PRAGMA fullfsync = ON;
  PRAGMA wal_autocheckpoint = 400;
  PRAGMA journal_size_limit = 67108864;
  PRAGMA cache_size = -65536;
`;

const SCHEMA = `
  CREATE TABLE documents (
    groupId TEXT NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    status ANY,
    membership ANY,
    keyDeliveryStatus ANY,
    agentVersion ANY,
    lastHeartbeatDate ANY,
    nextActionOn ANY,
    machineId ANY,
    occurredOn ANY,
    json TEXT NOT NULL
  ) STRICT;

  CREATE UNIQUE INDEX documents_by_id ON documents (groupId, id);
  CREATE UNIQUE INDEX documents_by_sequence ON documents (sequence);
  CREATE INDEX documents_by_type ON documents (type, groupId, id);
  CREATE INDEX documents_by_status ON documents (type, status, groupId, id) WHERE status IS NOT NULL;
  CREATE INDEX documents_due ON documents (type, nextActionOn, groupId, id) WHERE nextActionOn IS NOT NULL;
  CREATE INDEX documents_newest ON documents (type, occurredOn, id, groupId) WHERE occurredOn IS NOT NULL;
  CREATE INDEX documents_newest_of_group ON documents (type, groupId, occurredOn, id)
    WHERE occurredOn IS NOT NULL;
  -- Without the type: a wider index would lose to documents_newest, and only events are of a machine and a time.
  CREATE INDEX documents_newest_of_machine ON documents (machineId, occurredOn, id, groupId)
    WHERE machineId IS NOT NULL AND occurredOn IS NOT NULL;
  CREATE INDEX documents_newest_of_machine_in_group ON documents (type, groupId, machineId, occurredOn, id)
    WHERE machineId IS NOT NULL AND occurredOn IS NOT NULL;
  CREATE INDEX documents_by_agent ON documents (type, agentVersion, groupId, id) WHERE agentVersion IS NOT NULL;
  CREATE INDEX documents_by_delivery ON documents (type, keyDeliveryStatus, groupId, id)
    WHERE keyDeliveryStatus IS NOT NULL;
  CREATE INDEX documents_by_delivery_of_group ON documents (type, groupId, keyDeliveryStatus, id)
    WHERE keyDeliveryStatus IS NOT NULL;

  CREATE TABLE feed (sequence INTEGER NOT NULL) STRICT;
  INSERT INTO feed VALUES (0);

  CREATE TABLE checkpoints (consumer TEXT PRIMARY KEY, position TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;

/** The first brings a file of version 1 to 2, and so on. */
const MIGRATIONS: readonly string[] = [
  // Positions were numbers: the feed's of its last write, timers' in seconds since 1970.
  `
    ALTER TABLE checkpoints RENAME TO checkpoints_1;
    CREATE TABLE checkpoints (consumer TEXT PRIMARY KEY, position TEXT NOT NULL) STRICT, WITHOUT ROWID;
    INSERT INTO checkpoints SELECT consumer, iif(
      consumer LIKE 'timer:%',
      strftime('%Y-%m-%dT%H:%M:%SZ', position, 'unixepoch'),
      CAST(CAST(position AS INTEGER) AS TEXT)
    ) FROM checkpoints_1;
    DROP TABLE checkpoints_1;
  `,
];

/** Goes up with every change of the schema; a file of a newer one is refused. */
const SCHEMA_VERSION = MIGRATIONS.length + 1;

/** The file cannot serve as the store; the message names it and says what to do. */
export class StoreUnusable extends Error {
  override readonly name = 'StoreUnusable';
}

/**
 * Opens the file, making the database when there is none.
 * @throws StoreUnusable
 */
export function openDatabase(file: string): DatabaseSync {
  // Loaded here: in Azure nobody opens a file, and Node before 24 warns of the module as soon as it is loaded.
  const sqlite = process.getBuiltinModule('node:sqlite');
  let database: DatabaseSync | undefined;
  try {
    database = new sqlite.DatabaseSync(file, { timeout: BUSY_MILLISECONDS });
    prepareDatabase(database, file);
    return database;
  } catch (error) {
    if (database?.isOpen === true) database.close();
    if (error instanceof StoreUnusable || !isSqliteError(error)) throw error;
    throw new StoreUnusable(`${file} cannot be used: ${error.message}. ${nextStep(error)}`, { cause: error });
  }
}

function prepareDatabase(database: DatabaseSync, file: string): void {
  const version = readNumber(database, 'PRAGMA user_version');
  const isEmpty = readNumber(database, 'SELECT count(*) FROM sqlite_schema') === 0;
  if (!isEmpty && readNumber(database, 'PRAGMA application_id') !== APPLICATION_ID) {
    throw new StoreUnusable(`${file} is the database of another program; name another file`);
  }
  if (version > SCHEMA_VERSION) {
    throw new StoreUnusable(
      `${file} was written by a newer Keyturn (schema ${version}, this one knows ${SCHEMA_VERSION}); start that one`,
    );
  }

  const mode = database.prepare('PRAGMA journal_mode = WAL').get()?.['journal_mode'];
  if (mode !== 'wal') {
    throw new StoreUnusable(
      `${file} is on a file system without write-ahead logging; put it on a local disk`,
    );
  }
  database.exec(SETTINGS);
  if (isEmpty) change(database, `${SCHEMA} PRAGMA application_id = ${APPLICATION_ID};`, SCHEMA_VERSION);
  else migrate(database, version);
}

function migrate(database: DatabaseSync, from: number): void {
  for (const [index, statements] of MIGRATIONS.slice(from - 1).entries()) {
    change(database, statements, from + index + 1);
  }
}

/** Changes the schema and its version together, or not at all. */
function change(database: DatabaseSync, statements: string, version: number): void {
  database.exec(`
    BEGIN IMMEDIATE;
    ${statements}
    PRAGMA user_version = ${version};
    COMMIT;
  `);
}

function readNumber(database: DatabaseSync, sql: string): number {
  const [value] = Object.values(database.prepare(sql).get() ?? {});
  return Number(value);
}

interface SqliteError extends Error {
  readonly code: 'ERR_SQLITE_ERROR';
  /** SQLite's result code; the primary one is in its low byte. */
  readonly errcode: number;
}

export function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR';
}

function nextStep(error: SqliteError): string {
  switch (error.errcode & 0xff) {
    case 5: // SQLITE_BUSY
      return 'Another process holds it: stop that one.';
    case 8: // SQLITE_READONLY
      return 'Let this user write the file and its folder.';
    case 11: // SQLITE_CORRUPT
      return 'Restore it from a backup.';
    case 14: // SQLITE_CANTOPEN
      return 'Make its folder, and let this user write there.';
    case 26: // SQLITE_NOTADB
      return 'Name another file, or restore this one from a backup.';
    default:
      return 'Look at the disk, then start again.';
  }
}
