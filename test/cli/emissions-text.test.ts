// What a person reads of a site's emissions: what is odd about its readings stands beside them.
import test from 'ava';
import {emissionsText} from '../../agent/cli/emissions-text.ts';
import {createEmissionsWorld, hourMs} from '../helpers/emissions-world.ts';

test('a flow that was negative is shown as exactly that', async t => {
	const startMs = Date.UTC(2026, 2, 28);
	const [concentration, flow] = [{urn: 'urn:kedge:device:s1:co2-concentration'}, {urn: 'urn:kedge:device:s1:stack-flow'}];
	const world = createEmissionsWorld();
	const stack = {id: 'stack', scope: 1, method: 'direct', concentration, flow};
	world.state('site', 'urn:kedge:site:plant', {zone: 'UTC', sources: [stack]}, startMs - hourMs);
	for (let quarter = 0; quarter <= 8; quarter += 1) {
		world.read(concentration.urn, {value: 200_000, atMs: startMs + quarter * 900_000});
		world.read(flow.urn, {value: quarter < 4 ? -1 : 10_000, atMs: startMs + quarter * 900_000});
	}
	const text = emissionsText(await (await world.fold()).answer({id: 'plant', fromMs: startMs, toMs: startMs + 2 * hourMs}));
	t.regex(text, /urn:kedge:device:s1:stack-flow: 8 entries, numbers 1 to 8, 4 negative\n/);
	t.regex(text, /urn:kedge:device:s1:co2-concentration: 8 entries, numbers 1 to 8\n/);
	t.regex(text, /NOT COMPLETE: something is missing or uncertain\n {2}source "stack": 1 of 2 hours are not known/);
});
