// Makes the database and its containers in an emulator of Cosmos DB, with the partition keys and the indexes that they have
// in Azure: node infra/local/make-cosmos-containers.ts "AccountEndpoint=…;AccountKey=…;" [database]
import { prepareCosmos } from './cosmos-account.ts';
import { StartFailure, tellFailure } from './start-failure.ts';

const USAGE = 'node infra/local/make-cosmos-containers.ts "AccountEndpoint=…;AccountKey=…;" [database]';

try {
  const [connectionString, database = 'keyturn'] = process.argv.slice(2);
  if (!connectionString) throw new StartFailure('usage', 'no connection string is given', USAGE);
  await prepareCosmos({ COSMOS: connectionString }, database);
  console.log(`the database ${database} is there, with its containers`);
} catch (error) {
  if (!(error instanceof StartFailure)) throw error;
  tellFailure(error.message, error.hint);
  process.exitCode = error.exitCode;
}
