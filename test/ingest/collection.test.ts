// What is kept of what speaks on a broker, and what is not.
import test from 'ava';
import {createCollection, type Heard} from '../../agent/ingest/collection.ts';

const heard = (topic: string, bytes: number, mark = 0): Heard => ({
	topic,
	payload: new Uint8Array(bytes).fill(mark),
	isRetained: false,
	arrivedAtMs: mark,
});

test('of each topic the newest messages are kept, in the order of arrival over all topics', t => {
	const collection = createCollection({perTopicMax: 2});
	t.true(collection.add(heard('a', 1, 1)));
	t.true(collection.add(heard('b', 1, 2)));
	t.false(collection.add(heard('a', 1, 3)));
	t.false(collection.add(heard('a', 1, 4)));
	t.deepEqual(
		collection.messages().map(({topic, arrivedAtMs}) => [topic, arrivedAtMs]),
		[
			['b', 2],
			['a', 3],
			['a', 4],
		],
	);
	t.deepEqual([collection.topicCount(), collection.heardCount(), collection.passedOver()], [2, 4, 0]);
});

test('the bytes of a topic are bounded, but its newest message stays', t => {
	const collection = createCollection({topicBytesMax: 10});
	for (const mark of [1, 2, 3]) collection.add(heard('a', 4, mark));
	t.deepEqual(
		collection.messages().map(({arrivedAtMs}) => arrivedAtMs),
		[2, 3],
	);
	collection.add(heard('a', 50, 4));
	t.deepEqual(
		collection.messages().map(({arrivedAtMs}) => arrivedAtMs),
		[4],
	);
});

test('topics, payloads and all bytes are bounded, and what is passed over is counted', t => {
	const collection = createCollection({topicsMax: 2, payloadBytesMax: 100, bytesMax: 150});
	collection.add(heard('a', 101));
	t.is(collection.topicCount(), 0);
	collection.add(heard('a', 100));
	collection.add(heard('b', 60));
	t.is(collection.topicCount(), 1);
	collection.add(heard('b', 50));
	collection.add(heard('c', 0));
	t.deepEqual([collection.topicCount(), collection.passedOver(), collection.heardCount()], [2, 3, 5]);
});
