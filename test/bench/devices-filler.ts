// Enrols devices in an agent's store, as `kedge device add` would one by one, in a process of its own.
import {openAgent} from '../../agent/main.ts';
import {openSite} from '../../agent/site.ts';

export type FillerOptions = {readonly configPath: string; readonly devices: readonly object[]};
export type FillerDone = {readonly enrolled: number};

/** Changes that wait for the same commits. */
const atOnce = 500;

process.once('message', async ({configPath, devices}: FillerOptions) => {
	let change: ((asked: unknown) => Promise<unknown>) | undefined;
	const agent = await openAgent({
		site: await openSite(configPath),
		logger: {log: () => {}},
		world: {
			openStatusServer: async (_path, desk) => {
				({change} = desk.devices);
				return {[Symbol.asyncDispose]: async () => {}};
			},
		},
	});
	for (let at = 0; at < devices.length; at += atOnce)
		await Promise.all(devices.slice(at, at + atOnce).map(device => change!({event: 'add', device})));
	await agent[Symbol.asyncDispose]();
	process.send?.({enrolled: devices.length} satisfies FillerDone);
	process.disconnect();
});
