// Makes the database and its containers in an emulator of Cosmos DB, with the partition keys and the indexes that they have
// in Azure: node infra/local/make-cosmos-containers.ts "AccountEndpoint=…;AccountKey=…;" [database]
import { cosmosClient } from '../../shared/adapters/cosmos-client.ts';
import { makeCosmosContainers } from '../../shared/adapters/cosmos-setup.ts';

const [connectionString = '', database = 'keyturn'] = process.argv.slice(2);
await makeCosmosContainers(cosmosClient({ kind: 'connectionString', connectionString }), database);
console.log(`the database ${database} is there, with its containers`);
