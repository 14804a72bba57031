import { memoryDocumentStore } from '../../shared/adapters/memory-document-store.ts';
import { describeChangeFeed } from '../conformance/change-feed.ts';
import { describeDocumentStore } from '../conformance/document-store.ts';

const open = async () => ({ store: memoryDocumentStore(), gaps: { durability: 'kept in memory alone' } });

describeDocumentStore('memoryDocumentStore', open);
describeChangeFeed('memoryDocumentStore', open);
