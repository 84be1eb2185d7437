// A broker with a fake agent behind it: two meters, a reader, and outcomes that the test decides.

import type {ExecutionContext} from 'ava';
import {silentLogger} from '../../agent/base/logger.ts';
import {type Broker, type BrokerOptions, type Delivery, type Identity, type Outcome, openBroker} from '../../broker/broker.ts';
import {type ConnectOptions, connectPacket, RawClient} from './wire.ts';

export type Held = {readonly delivery: Delivery; readonly done: (outcome: Outcome) => void};

export type World = {
	readonly broker: Broker;
	/** Deliveries in order of arrival. */
	readonly held: Held[];
	/** What is answered at once; undefined leaves the answer to the test. */
	answer: ((delivery: Delivery) => Outcome) | undefined;
	mayConnect: boolean;
	pressure: Promise<void> | undefined;
	pressureAsked: number;
	/** Resolves once `count` deliveries have arrived in all. */
	readonly arrived: (count: number) => Promise<void>;
	/** A connected socket that has not sent anything. */
	readonly raw: () => Promise<RawClient>;
	/** A socket whose CONNECT was answered with code 0. */
	readonly join: (clientId: string, options?: Partial<ConnectOptions>) => Promise<RawClient>;
};

export const connackOk = '20020000';
export const pingresp = 'd000';
export const puback = (id: number): string => `4002${id.toString(16).padStart(4, '0')}`;

const identities: Readonly<Record<string, Identity>> = {
	'm-1': {deviceId: 'm-1', role: 'device', topicFilters: ['meters/m-1/#']},
	'm-2': {deviceId: 'm-2', role: 'device', topicFilters: ['meters/m-2/#']},
	wall: {deviceId: 'wall', role: 'reader', topicFilters: ['meters/#']},
	program: {
		deviceId: 'program',
		role: 'reader',
		topicFilters: ['#'],
		ignoredFilters: ['programs/status'],
		isClientIdFree: true,
	},
};

export async function openWorld(t: ExecutionContext, options: BrokerOptions = {}): Promise<World> {
	const held: Held[] = [];
	let wake = (): void => {};
	const broker = await openBroker(
		{
			accept: (delivery, done) => {
				held.push({delivery, done});
				if (world.answer !== undefined) done(world.answer(delivery));
				wake();
			},
			pressure: () => {
				world.pressureAsked += 1;
				wake();
				return world.pressure;
			},
			authenticate: async (_clientId, username, password) =>
				password !== undefined && Buffer.from(password).toString() === 'secret' ? identities[username ?? ''] : undefined,
			mayConnect: () => world.mayConnect,
			logger: silentLogger,
		},
		{port: 0, ...options},
	);
	t.teardown(() => broker[Symbol.asyncDispose]());
	const raw = async (): Promise<RawClient> => {
		const client = await RawClient.open(broker.port);
		t.teardown(() => client.socket.destroy());
		return client;
	};
	const world: World = {
		broker,
		held,
		answer: undefined,
		mayConnect: true,
		pressure: undefined,
		pressureAsked: 0,
		arrived: async count => {
			while (held.length < count)
				await new Promise<void>(resolve => {
					wake = resolve;
				});
		},
		raw,
		join: async (clientId, more = {}) => {
			const client = await raw();
			client.send(connectPacket({clientId, username: clientId.split(/[:/]/)[0]!, password: 'secret', ...more}));
			t.is(await client.next(), connackOk);
			return client;
		},
	};
	return world;
}
