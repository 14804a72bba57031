import { describeLifecycle } from './lifecycle.ts';

describeLifecycle('documents in memory', async () => ({}));
