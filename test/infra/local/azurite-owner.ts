// A process of its own that owns an Azurite, to be killed by a test.
import { startAzurite } from '../../../infra/local/azurite.ts';

const azurite = await startAzurite({
  location: process.argv[2] ?? '',
  onUnexpectedExit: (error) => {
    throw error;
  },
});
process.send?.(azurite.connectionString);
